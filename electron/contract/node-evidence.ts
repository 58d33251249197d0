import { z } from 'zod';

/**
 * What desk and node say to each other before a key is released (DESIGN §5):
 *
 *   runtime     = JCS(runtimeSchema), made inside the TEE
 *   GPU nonce   = SHA-256("nacre/gpu/v1" ‖ SHA-384(runtime))
 *   report data = SHA-384(JCS{gpuEvidence: hex SHA-384(JCS(gpus)), runtime: runtimeSchema}), zero-padded to 64 bytes
 */
const hex = (bytes: number) =>
  z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`), `${bytes} bytes of lower-case hex`);

const base64 = (maximumBytes: number) =>
  z
    .string()
    .min(1)
    .max(Math.ceil(maximumBytes / 3) * 4)
    .regex(/^[A-Za-z0-9+/]+={0,2}$/, 'base64');

/** Text that is shown and hashed: printable ASCII, so that it has a canonical form and hides nothing on a screen. */
const plain = (maximum: number) =>
  z
    .string()
    .max(maximum)
    .regex(/^[\x20-\x7e]+$/, 'printable ASCII');

export const evidenceLimits = {
  snpReportBytes: 1184,
  quoteBytes: 16_384,
  /** Intel's documents and lists for one platform are some 20 KiB. */
  collateralCharacters: 262_144,
  nitroDocumentBytes: 16_384,
  certificateBytes: 8192,
  certificates: 8,
  gpuReportBytes: 65_536,
  gpus: 16,
} as const;

export const challengeSchema = z.strictObject({
  v: z.literal(1),
  /** 32 random bytes, used once. */
  nonce: hex(32),
  /** The node keeps its keys for one session. */
  sessionId: hex(16),
  jobId: hex(32),
  /** Hex SHA-256 of the JCS of the policy. */
  policyDigest: hex(32),
  /** UTC RFC 3339, e.g. `2026-11-22T17:00:00.000Z`. */
  expires: z.iso.datetime(),
});
export type Challenge = z.infer<typeof challengeSchema>;

export const runtimeSchema = z.strictObject({
  challenge: challengeSchema,
  /** Raw uncompressed P-384 point, 97 bytes. */
  hpkeKey: z
    .string()
    .length(132)
    .regex(/^[A-Za-z0-9+/]+={0,2}$/, 'base64'),
  /** Raw Ed25519 public key, 32 bytes. */
  signingKey: z
    .string()
    .length(44)
    .regex(/^[A-Za-z0-9+/]+={0,2}$/, 'base64'),
  /** SHA-256 of the DER of the SubjectPublicKeyInfo of the node's TLS certificate. */
  tlsSpkiSha256: hex(32),
});
export type Runtime = z.infer<typeof runtimeSchema>;

const certificates = z.array(base64(evidenceLimits.certificateBytes)).min(1).max(evidenceLimits.certificates);

export const snpEvidenceSchema = z.strictObject({
  family: z.literal('snp'),
  /** The 1184-byte attestation report. */
  report: base64(evidenceLimits.snpReportBytes),
  /** DER, leaf first, root last. */
  certificates,
});

export const tdxEvidenceSchema = z.strictObject({
  family: z.literal('tdx'),
  /** Version 4 or 5, with the PCK chain in it. REPORTDATA is the report data above. */
  quote: base64(evidenceLimits.quoteBytes),
  /**
   * Intel's collateral for the platform as its provider fetched it, JSON text: signed by Intel, so it may come from the
   * node. What the desk has itself counts before it.
   */
  collateral: z.string().max(evidenceLimits.collateralCharacters).optional(),
});

export const nitroEvidenceSchema = z.strictObject({
  family: z.literal('nitro'),
  /** COSE_Sign1. `nonce` is the challenge's, `user_data` the report data above, all 64 bytes. */
  document: base64(evidenceLimits.nitroDocumentBytes),
});

export const cpuEvidenceSchema = z.discriminatedUnion('family', [
  snpEvidenceSchema,
  tdxEvidenceSchema,
  nitroEvidenceSchema,
]);
export type CpuEvidence = z.infer<typeof cpuEvidenceSchema>;

export const gpuArchitectureSchema = z.enum(['hopper', 'blackwell']);
export type GpuArchitecture = z.infer<typeof gpuArchitectureSchema>;

export const gpuEvidenceSchema = z.strictObject({
  family: z.literal('nvidia'),
  architecture: gpuArchitectureSchema,
  /** SPDM 1.1 GET_MEASUREMENTS request ‖ MEASUREMENTS response. */
  report: base64(evidenceLimits.gpuReportBytes),
  /** DER, leaf first, root last. */
  certificates,
  /** Named by the driver; not under the GPU's signature. */
  uuid: plain(128),
  model: plain(64),
});
export type GpuEvidence = z.infer<typeof gpuEvidenceSchema>;

/** Answer to `POST /v1/evidence {challenge}`. */
export const nodeEvidenceSchema = z.strictObject({
  runtime: runtimeSchema,
  cpu: cpuEvidenceSchema,
  gpus: z.array(gpuEvidenceSchema).max(evidenceLimits.gpus),
});
export type NodeEvidence = z.infer<typeof nodeEvidenceSchema>;
