import { z } from 'zod';

/** Limits and names of the vault that hosts, screens and the service share. */
export const vaultLimits = {
  /** Shortest passphrase, in characters (Unicode code points). */
  passphraseMinimum: 8,
  /** Longest passphrase, in characters. Longer input is refused before any of it is hashed. */
  passphraseMaximum: 1024,
  /** Longest name of a key or of a way to unlock, in characters. */
  pathLabel: 64,
  /** Copies of the vault's file that are kept beside it. */
  keptCopies: 5,
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
export const signingPurposes = [
  'manifest',
  'job-order',
  'policy',
  'attestation-result',
  'receipt',
  'audit',
  'approval',
  'collateral',
] as const;
export type SigningPurpose = (typeof signingPurposes)[number];

/** Ways to the master key. Each can be added, listed and removed; a passphrase always stays. */
export const unlockPathTypes = ['passphrase', 'recovery', 'keychain', 'security-key'] as const;

/** One way to unlock, as the header shows it to anyone who holds the file. */
export const unlockPathSchema = z.object({
  id: z.string(),
  type: z.enum(unlockPathTypes),
  label: z.string(),
  createdAt: z.string().optional(),
  kdf: kdfParametersSchema.optional(),
  /** Recovery shares: how many are needed of how many. */
  threshold: z.number().int().optional(),
  shares: z.number().int().optional(),
  /** Keychain: what keeps the secret. */
  backend: z.string().optional(),
  /** Security key: what `navigator.credentials.get` needs. */
  credentialId: z.string().optional(),
  rpId: z.string().optional(),
  /** Hex, 32 bytes: the input of the PRF. No secret. */
  salt: z.string().optional(),
});
export type UnlockPath = z.infer<typeof unlockPathSchema>;

export const unlockPathsSchema = z.object({
  paths: z.array(unlockPathSchema),
  /** The keychain of this host; `reason` says why it is not offered. */
  keychain: z.object({ available: z.boolean(), backend: z.string(), reason: z.string().optional() }),
});
export type UnlockPaths = z.infer<typeof unlockPathsSchema>;

/** What Argon2id costs on this machine, and what is proposed for the wanted unlock time. */
export const calibrationSchema = z.object({
  targetMs: z.number(),
  measured: z.array(z.object({ memoryMib: z.number(), passes: z.number().int(), milliseconds: z.number() })),
  proposed: z.object({ memoryMib: z.number(), passes: z.number().int(), expectedMs: z.number() }),
  current: z.object({ memoryMib: z.number(), passes: z.number().int() }).optional(),
  /** `libsodium`, or `pure` where its binding could not be loaded. */
  implementation: z.string(),
});
export type Calibration = z.infer<typeof calibrationSchema>;

/** A folder that holds a vault of its own: switching is opening Nacre on another folder. */
export const profileSchema = z.object({
  path: z.string(),
  current: z.boolean(),
  vault: z.enum(['present', 'absent', 'missing-folder']),
  lastOpenedAt: z.string().optional(),
});
export type Profile = z.infer<typeof profileSchema>;

export const keptCopySchema = z.object({
  path: z.string(),
  madeAt: z.string(),
  bytes: z.number().int(),
  readable: z.boolean(),
  problem: z.string().optional(),
});
export type KeptCopy = z.infer<typeof keptCopySchema>;
