import { z } from 'zod';
import { vaultLimits } from './vault.ts';

export const keyTypes = ['ed25519', 'age-x25519', 'age-hybrid', 'secp256k1'] as const;
export type KeyType = (typeof keyTypes)[number];

/** What a key is for. One key of each purpose is active: new signatures, seals and payments take it. */
export const keyPurposes = ['signing', 'dataset-recipient', 'wallet'] as const;
export type KeyPurpose = (typeof keyPurposes)[number];

/** Kinds of key that fit a purpose. */
export const typesOfPurpose: Readonly<Record<KeyPurpose, readonly KeyType[]>> = {
  signing: ['ed25519'],
  'dataset-recipient': ['age-x25519', 'age-hybrid'],
  wallet: ['secp256k1'],
};

/** `standby` can be made active; `retired` opens and verifies what is older; both make nothing new. `revoked` does nothing. */
export const keyStates = ['active', 'standby', 'retired', 'revoked'] as const;
export type KeyState = (typeof keyStates)[number];

export const keyFormats = ['age', 'pem', 'jwk', 'openssh', 'hex'] as const;
export type KeyFormat = (typeof keyFormats)[number];

export const keyLabelSchema = z
  .string()
  .trim()
  .min(1)
  .max(vaultLimits.pathLabel)
  .regex(/^[^\p{Cc}]*$/u, 'no control characters');

export const keyViewSchema = z.object({
  id: z.string(),
  label: z.string(),
  type: z.enum(keyTypes),
  purpose: z.enum(keyPurposes),
  state: z.enum(keyStates),
  /** Public part: base64 Ed25519 key, `age1…` recipient, or hex of the uncompressed secp256k1 point. */
  publicKey: z.string(),
  /** EIP-55 address of a secp256k1 key. */
  address: z.string().optional(),
  origin: z.enum(['made', 'imported']),
  createdAt: z.string(),
  /** From then on it makes nothing new. */
  expiresAt: z.string().optional(),
  revokedAt: z.string().optional(),
  reason: z.string().optional(),
  replacedBy: z.string().optional(),
  lastUsedAt: z.string().optional(),
  uses: z.number().int(),
});
export type KeyView = z.infer<typeof keyViewSchema>;

/** What stops working, or stays readable to whoever has the key, when it is revoked. */
export const keyEffectsSchema = z.object({
  key: keyViewSchema,
  /** Sealed to this key and not rewrapped to another one yet. */
  datasets: z.array(z.object({ id: z.string(), name: z.string() })),
  /** Runs whose order this key signed, or whose checkpoints and model come home sealed to it. */
  orders: z.array(z.object({ runId: z.string(), jobId: z.string(), name: z.string(), state: z.string() })),
  policies: z.array(z.object({ id: z.string(), name: z.string() })),
  /** In words, what else to think of. */
  notes: z.array(z.string()),
});
export type KeyEffects = z.infer<typeof keyEffectsSchema>;
