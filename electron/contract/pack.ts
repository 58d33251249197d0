import { z } from 'zod';
import { collateralItemSchema } from './collateral.ts';
import { earStatus } from './evidence.ts';
import { overrideDocumentsSchema } from './override.ts';
import { challengeSchema } from './node-evidence.ts';
import { releaseAadSchema } from './wire.ts';

/**
 * The auditor pack, `*.nacre-pack`: one file, no slack. A fixed header, a signed index (DSSE), then the bytes of the
 * entries in the order of the index, back to back:
 *
 *   "nacre-pack/1\n"   13 bytes
 *   index length       10 decimal digits, then "\n"
 *   index              DSSE envelope in JCS, payload `packIndexSchema` in JCS, one signature by the organisation key
 *   entries            raw bytes; the file ends with the last byte of the last entry
 *
 * Every byte is thereby fixed, compared with its canonical form, or under a digest that is under the signature.
 */
export const packMagic = 'nacre-pack/1\n';

export const packPayloadType = 'application/vnd.nacre.pack-index.v1+json';

/** What a reader accepts at most: bytes, and entries. */
export const packLimits = {
  packBytes: 512 * 1_048_576,
  indexBytes: 8 * 1_048_576,
  entries: 16_384,
} as const;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, '32 bytes of lower-case hex');

export const packIndexSchema = z.strictObject({
  version: z.literal(1),
  format: z.literal('nacre-pack'),
  runId: z.string().min(1).max(128),
  runName: z.string().min(1).max(120),
  /** True when any evidence inside was made by simulated hardware. Claimed here, checked against the evidence. */
  simulated: z.boolean(),
  /** UTC RFC 3339. */
  createdAt: z.string().max(32),
  /** Raw Ed25519 public key of the organisation, base64: signs this index, the order, the EARs and the log. */
  organisationKey: z.string().max(64),
  /** Ascending by path, no path twice. */
  entries: z
    .array(
      z.strictObject({
        path: z
          .string()
          .max(128)
          .regex(/^[a-z0-9][a-z0-9._-]*(\/[a-z0-9][a-z0-9._-]*){0,3}$/),
        bytes: z.number().int().min(0).max(packLimits.packBytes),
        sha256,
      }),
    )
    .min(1)
    .max(packLimits.entries),
});
export type PackIndex = z.infer<typeof packIndexSchema>;

const twoDigits = (number: number): string => String(number).padStart(2, '0');
/** Before the names of an attempt that ended without a model; the last attempt stands at the top. */
const attemptFolder = (attempt: number | undefined): string =>
  attempt === undefined ? '' : `attempts/${twoDigits(attempt)}/`;
/** Before the names of a node of rank 1 or up, where several trained together. */
const rankPrefix = (rank: number): string => (rank === 0 ? '' : `worker-${twoDigits(rank)}.`);

/**
 * Names of the entries. What a pack never holds: data, the model, any secret key, job logs outside the signed frames.
 * `evidence/NNNN.json` are numbered from 0000 in the order of verification, over all attempts: the order that an answer
 * was asked for is named by its challenge.
 */
export const packPaths = {
  /** DSSE of the job order, JCS. */
  order: (attempt?: number): string => `${attemptFolder(attempt)}order.dsse.json`,
  /** DSSE of the dataset manifest, JCS. */
  manifest: 'manifest.dsse.json',
  /** The policy as it stood, JCS. */
  policy: 'policy.json',
  /** `packAnchorsSchema`, JCS. */
  anchors: 'anchors.json',
  /** `packEvidenceSchema` each, JCS. */
  evidence: (index: number): string => `evidence/${String(index).padStart(4, '0')}.json`,
  /** `packReleaseSchema`, JCS: one for each node that got the key. */
  release: (attempt?: number, rank = 0): string => `${attemptFolder(attempt)}${rankPrefix(rank)}release.json`,
  /** One canonical frame a line, of the node that got this key. */
  telemetry: (attempt?: number, rank = 0): string => `${attemptFolder(attempt)}${rankPrefix(rank)}telemetry.jsonl`,
  /** DSSE of the receipt, JCS: signed by the attested key, then, that of rank 0, by the organisation. */
  receipt: (rank = 0): string => `${rankPrefix(rank)}receipt.dsse.json`,
  /** DSSE of the failure receipt of an attempt, JCS, signed by the organisation. */
  failure: (attempt: number): string => `${attemptFolder(attempt)}failure.dsse.json`,
  /** `auditBundleSchema`, JCS. */
  audit: 'audit.json',
} as const;

const fingerprint = z.array(sha256).max(16);

/**
 * Which trust anchors the verdicts inside rest on. Real families are always verified under the roots that the verifier
 * carries; what stands here for a simulated network is a claim, and nothing verified under it counts as hardware.
 */
export const packAnchorsSchema = z.strictObject({
  version: z.literal(1),
  simulated: z.boolean(),
  /** SHA-256 of the DER of the simulated roots; empty unless simulated. */
  amd: fingerprint,
  nvidia: fingerprint,
  /** Golden GPU measurements by index of the simulated image. */
  gpuMeasurements: z.record(z.string().max(16), z.array(z.string().max(256)).max(64)),
});
export type PackAnchors = z.infer<typeof packAnchorsSchema>;

/** One answer of one node, as it came, with the verdict it got. */
export const packEvidenceSchema = z.strictObject({
  version: z.literal(1),
  node: z.string().min(1).max(128),
  /** When it was verified, UTC RFC 3339: the clock it is verified by again. */
  verifiedAt: z.string().max(32),
  /** As it was sent. */
  challenge: challengeSchema,
  /** As it came; a node that is refused may have sent anything. */
  answer: z.json(),
  /** SHA-256 of the TLS key that the desk saw on that connection; not under any signature of the node. */
  observedTlsSpkiSha256: sha256,
  /** GPUs that the network offered the node with; absent when that was not compared. */
  expectedGpus: z.number().int().min(0).max(1024).optional(),
  /** The attestation result, compact JWT, signed by the organisation key. */
  ear: z.string().max(262_144),
  /** The approved override that let the node through; the status is then `warning`. */
  override: overrideDocumentsSchema.optional(),
  /** What of the desk's collateral the verdict rests on, as the vendors signed it. */
  collateral: z.array(collateralItemSchema).max(32).optional(),
  status: earStatus,
  reason: z.string().max(128).optional(),
});
export type PackEvidence = z.infer<typeof packEvidenceSchema>;

/** The key release: what it was bound to. Neither the key nor its sealed form is in a pack. */
export const packReleaseSchema = z.strictObject({
  version: z.literal(1),
  node: z.string().min(1).max(128),
  sessionId: z.string().regex(/^[0-9a-f]{32}$/),
  /** Entry of the evidence that it rests on. */
  evidence: z.string().max(128),
  aad: releaseAadSchema,
  /** SHA-256 of the UTF-8 of the EAR that went with the key. */
  earSha256: sha256,
  /** Hex of "nacre/key-release/v1" ‖ SHA-384(JCS(challenge) ‖ JCS(evidence) ‖ EAR): the HPKE info. */
  info: z.string().regex(/^[0-9a-f]{136}$/),
});
export type PackRelease = z.infer<typeof packReleaseSchema>;
