import { z } from 'zod';

/** Every act that leaves a trace. Closed: a reader can say for each kind what it means. */
export const auditKinds = [
  'vault-created',
  'vault-unlocked',
  'vault-locked',
  'unlock-failed',
  'passphrase-changed',
  'dataset-sealed',
  'node-verified',
  'node-refused',
  'key-released',
  'order-signed',
  'run-started',
  'run-ended',
  'checkpoint-received',
  'model-opened',
  'receipt-countersigned',
  'failure-receipt',
  'pack-exported',
  'identity-exported',
  'policy-changed',
  'settings-changed',
  'backup-exported',
  'vault-restored',
  'shares-made',
  'shares-rehearsed',
  'members-changed',
  'approval-requested',
  'approval-imported',
  'approval-given',
  'approval-refused',
  'approval-withdrawn',
  'approval-used',
  'override-granted',
  'key-used',
  'key-created',
  'key-imported',
  'key-changed',
  'key-rotated',
  'key-revoked',
  'key-exported',
  'datasets-rewrapped',
  'unlock-path-added',
  'unlock-path-removed',
  'derivation-changed',
  'log-set-aside',
  'log-exported',
  'collateral-imported',
  'collateral-exported',
  'evidence-kept',
  'metrics-exported',
] as const;
export type AuditKind = (typeof auditKinds)[number];

export const auditLimits = {
  /** Bytes of one canonical entry. */
  entryBytes: 16_384,
  /** Bytes of a signed checkpoint note. */
  noteBytes: 4096,
} as const;

/**
 * One entry of the audit log. Its leaf in the Merkle tree is the RFC 8785 form of this object, so every field is
 * covered by every later checkpoint. Digests and names only: an entry never holds a secret or a row of data.
 */
export const auditEntrySchema = z.strictObject({
  version: z.literal(1),
  index: z.number().int().min(0),
  /** UTC RFC 3339 with milliseconds, the injected clock. */
  at: z.string().max(32),
  kind: z.enum(auditKinds),
  /** Who acted: `owner`, `core`, an agent's key id. */
  actor: z.string().min(1).max(256),
  /** What it was done to: a key id, a dataset root, a node, a run. */
  subject: z.string().min(1).max(256),
  details: z.record(z.string().max(64), z.json()),
  /** true when anything simulated took part. */
  simulated: z.boolean(),
});
export type AuditEntry = z.infer<typeof auditEntrySchema>;

/** An entry with its proof, as it goes into an auditor pack: enough to check it with no log at hand. */
export const auditProofSchema = z.strictObject({
  entry: auditEntrySchema,
  /** Hex SHA-256 hashes from the leaf upwards (RFC 6962 §2.1.1). */
  path: z.array(z.string().regex(/^[0-9a-f]{64}$/)).max(64),
});
export type AuditProof = z.infer<typeof auditProofSchema>;

export const auditBundleSchema = z.strictObject({
  version: z.literal(1),
  /** C2SP signed checkpoint (a signed note) over the tree the proofs lead to. */
  checkpoint: z.string().max(auditLimits.noteBytes),
  proofs: z.array(auditProofSchema).max(10_000),
});
export type AuditBundle = z.infer<typeof auditBundleSchema>;
