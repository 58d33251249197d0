import { z } from 'zod';
import { evidenceFamilies, verificationSchema } from './evidence.ts';
import { measurementDifferenceSchema } from './policy-document.ts';

/** Evidence as files: what was found in them, their fields byte by byte, their certificates, and the verdict. */

/** What one file, or one part of a file, turned out to be. Decided by content, never by name. */
export const evidenceKinds = [
  'tdx-quote',
  'sgx-quote',
  'snp-report',
  'nitro-document',
  'gpu-report',
  'gpu-evidence-list',
  'rim',
  'nras-token',
  'jwks',
  'dcap-collateral',
  'collateral-bundle',
  'azure-evidence',
  'hcl-report',
  'tpm-quote',
  'dstack-quote',
  'dstack-event-log',
  'ccel-log',
  'ccel-table',
  'tinfoil-document',
  'near-request',
  'certificates',
  'revocation-list',
  'ocsp-answer',
  'fingerprints',
  'vector-description',
  'json',
  'text',
  'bytes',
] as const;
export type EvidenceKind = (typeof evidenceKinds)[number];

/** One certificate of a chain, as people and screens read it. */
export const certificateViewSchema = z.object({
  subject: z.string(),
  issuer: z.string(),
  /** Lower-case hex of the INTEGER. */
  serial: z.string(),
  /** UTC RFC 3339. */
  notBefore: z.string(),
  notAfter: z.string(),
  /** Hex SHA-256 of the DER. */
  sha256: z.string(),
  /** `P-256`, `P-384`, `RSA 4096`, `Ed25519`. */
  key: z.string(),
  authority: z.boolean(),
  /** true when this fingerprint is one of the pinned roots. */
  pinned: z.boolean(),
});
export type CertificateView = z.infer<typeof certificateViewSchema>;

/** A chain that evidence brought with it, leaf first; nothing about it is judged here. */
export const certificateChainSchema = z.object({ name: z.string(), certificates: z.array(certificateViewSchema) });
export type CertificateChain = z.infer<typeof certificateChainSchema>;

/** One field of a file: where it stands, what it holds, what it means. */
export const evidenceFieldSchema = z.object({
  /** Dotted path: `body.mrtd`, `tcb_info.fmspc`. */
  name: z.string(),
  /** Byte offset in the decoded file, and length; absent where a text format has no fixed place. */
  offset: z.number().int().optional(),
  length: z.number().int().optional(),
  /** Hex for bytes, decimal for numbers, the text itself for text; at most 4096 characters. */
  value: z.string(),
  /** In words: what the value says. */
  meaning: z.string().optional(),
});
export type EvidenceField = z.infer<typeof evidenceFieldSchema>;

export const inspectedPartSchema = z.object({
  /** The file's name, with the place inside it: `attestation.json#cpu.report`. */
  name: z.string(),
  kind: z.enum(evidenceKinds),
  bytes: z.number().int(),
  sha256: z.string(),
  /** How the bytes were wrapped in the file: `hex`, `base64`, `PEM`, `gzip`. */
  wrapping: z.array(z.string()),
  fields: z.array(evidenceFieldSchema),
  certificates: z.array(certificateViewSchema),
  /** Where and why reading stopped making sense; the fields before that place are still given. */
  problem: z.object({ detail: z.string(), offset: z.number().int().optional() }).optional(),
});
export type InspectedPart = z.infer<typeof inspectedPartSchema>;

export const inspectedFileSchema = z.object({
  name: z.string(),
  bytes: z.number().int(),
  sha256: z.string(),
  /** The family that `evidence verify` would take this file for. */
  family: z.enum(evidenceFamilies).optional(),
  parts: z.array(inspectedPartSchema),
});
export type InspectedFile = z.infer<typeof inspectedFileSchema>;

/** A verdict over files. Nothing here releases a key: there was no challenge and no connection. */
export const fileVerificationSchema = z.object({
  family: z.enum(evidenceFamilies),
  verification: verificationSchema,
  files: z.array(
    z.object({
      name: z.string(),
      kind: z.enum(evidenceKinds),
      bytes: z.number().int(),
      sha256: z.string(),
      /** false for what stood beside the evidence and was not needed. */
      used: z.boolean(),
    }),
  ),
  /** Chains that were checked, each leaf first. */
  chains: z.array(certificateChainSchema),
  /** Where collateral came from: `files`, `bundle NAME`, `store`, or `none`. */
  collateral: z.string(),
  /** Why measurements are not those of the policy; absent when all are. */
  differences: z.array(measurementDifferenceSchema).optional(),
});
export type FileVerification = z.infer<typeof fileVerificationSchema>;

/** What may be said beside the files. */
export const fileVerificationOptionsSchema = z.strictObject({
  family: z.enum(evidenceFamilies).optional(),
  /** UTC RFC 3339: the clock to judge by. Now when absent. */
  at: z.string().max(40).optional(),
  /** Lower-case hex: the nonce that the evidence must answer. */
  nonce: z
    .string()
    .regex(/^(?:[0-9a-fA-F]{2}){1,64}$/, '1 to 64 bytes of hex')
    .optional(),
});
export type FileVerificationOptions = z.infer<typeof fileVerificationOptionsSchema>;

/** A verdict that was kept, with the bytes it was made from. */
export const keptEvidenceSchema = z.object({
  id: z.string(),
  /** UTC RFC 3339. */
  keptAt: z.string(),
  result: fileVerificationSchema,
});
export type KeptEvidence = z.infer<typeof keptEvidenceSchema>;

/** Bytes of one evidence file at most, and of all of a set; sizes of single formats are smaller (see the domain). */
export const evidenceFileLimits = { fileBytes: 4 * 1_048_576, setBytes: 16 * 1_048_576, files: 64 } as const;
