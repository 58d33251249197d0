import { z } from 'zod';

/**
 * Collateral: what vendors publish about their hardware and sign themselves (NRAS keys excepted), kept so that evidence can
 * be verified with no network. A bundle carries it between desks in one file, signed by the desk that fetched it.
 */
export const collateralKinds = [
  'intel-tcb-info',
  'intel-qe-identity',
  'intel-root-crl',
  'intel-pck-crl',
  'amd-crl',
  'nvidia-rim',
  'nvidia-ocsp',
  'nras-jwks',
] as const;
export type CollateralKind = (typeof collateralKinds)[number];

export const collateralLimits = {
  /** Bytes of one item's content. */
  itemBytes: 1_048_576,
  items: 1024,
  /** Bytes of a bundle file; the envelope allows a payload of 8 MiB in base64. */
  bundleBytes: 9 * 1_048_576,
} as const;

/** Of the DSSE envelope of a bundle. */
export const collateralPayloadType = 'application/vnd.nacre.collateral-bundle.v1+json';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, '32 bytes of lower-case hex');

export const collateralItemSchema = z.strictObject({
  kind: z.enum(collateralKinds),
  /** What it is of: `tdx/B0C06F000000`, `TD_QE`, `platform`, `Milan`, `GH100/545.00`, issuer key and serial number. Recomputed from the content. */
  id: z.string().min(1).max(200),
  /** Where it was fetched. */
  source: z.string().max(2048),
  fetchedAt: z.iso.datetime(),
  /** Hex SHA-256 of the content. */
  sha256,
  /** Base64: exactly the bytes that the vendor signed, or served. */
  content: z.string().max(Math.ceil(collateralLimits.itemBytes / 3) * 4),
  /** Hex, r and s: over the content of Intel's JSON documents. */
  signature: z
    .string()
    .regex(/^[0-9a-f]{128}$/)
    .optional(),
  /** PEM: who signed it, up to the root. */
  chain: z.string().max(65_536).optional(),
});
export type CollateralItem = z.infer<typeof collateralItemSchema>;

/** Payload of the DSSE envelope. */
export const collateralBundleSchema = z.strictObject({
  version: z.literal(1),
  /** Raw Ed25519 key of the desk that made it, base64: signs the envelope. */
  organisation: z.string().max(64),
  createdAt: z.iso.datetime(),
  note: z.string().max(500),
  items: z.array(collateralItemSchema).min(1).max(collateralLimits.items),
});
export type CollateralBundle = z.infer<typeof collateralBundleSchema>;

/** One item as screens and the CLI show it. */
export const collateralViewSchema = z.object({
  kind: z.enum(collateralKinds),
  id: z.string(),
  source: z.string(),
  fetchedAt: z.string(),
  ageSeconds: z.number(),
  sha256: z.string(),
  bytes: z.number().int(),
  validFrom: z.string(),
  /** Absent: the vendor states no end. */
  validUntil: z.string().optional(),
  state: z.enum(['current', 'expired', 'not-yet-valid']),
  /** Evaluation number or CRL number, where there is one: never goes back. */
  number: z.string().optional(),
});
export type CollateralView = z.infer<typeof collateralViewSchema>;

/** What an import did with one item. */
export const importedItemSchema = z.object({
  item: collateralViewSchema,
  outcome: z.enum(['imported', 'known', 'refused']),
  /** Closed: `collateral-rollback`, `collateral-not-genuine`. */
  reason: z.string().optional(),
  detail: z.string().optional(),
});
export type ImportedItem = z.infer<typeof importedItemSchema>;

export const collateralImportSchema = z.object({
  items: z.array(importedItemSchema),
  /** Hex key id of the bundle's signer; absent for vendors' own files. */
  signer: z.string().optional(),
});
export type CollateralImport = z.infer<typeof collateralImportSchema>;

/** A bundle looked at, not imported. */
export const collateralBundleViewSchema = z.object({
  signer: z.string(),
  /** false: the envelope's signature is not by the key it names; then nothing in it is to be believed. */
  signed: z.boolean(),
  createdAt: z.string(),
  note: z.string(),
  items: z.array(collateralViewSchema.extend({ genuine: z.boolean(), problem: z.string().optional() })),
});
export type CollateralBundleView = z.infer<typeof collateralBundleViewSchema>;
