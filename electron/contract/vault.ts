import { z } from 'zod';

/** Limits and names of the vault that hosts, screens and the service share. */
export const vaultLimits = {
  /** Shortest passphrase, in characters (Unicode code points). */
  passphraseMinimum: 8,
  /** Longest passphrase, in characters. Longer input is refused before any of it is hashed. */
  passphraseMaximum: 1024,
} as const;

/** Argon2id cost. `memoryKib` in KiB, `passes` is t, lanes is p (libsodium computes one lane). */
export const kdfParametersSchema = z.strictObject({
  memoryKib: z
    .number()
    .int()
    .min(8)
    .max(4 * 1_048_576),
  passes: z.number().int().min(1).max(64),
});
export type KdfParameters = z.infer<typeof kdfParametersSchema>;

export const kdfDefault: KdfParameters = { memoryKib: 256 * 1024, passes: 3 };
/** Nothing weaker is created or accepted outside tests. */
export const kdfFloor: KdfParameters = { memoryKib: 64 * 1024, passes: 2 };

/** Why a vault was locked; goes into the audit log. */
export const lockReasons = ['asked', 'idle', 'suspend', 'screen-lock', 'closing', 'failure'] as const;
export type LockReason = (typeof lockReasons)[number];

/** What a signature is for; goes into the audit log beside the key id. */
export const signingPurposes = ['manifest', 'job-order', 'policy', 'attestation-result', 'receipt', 'audit', 'approval'] as const;
export type SigningPurpose = (typeof signingPurposes)[number];
