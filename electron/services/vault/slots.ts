import { hkdfSync } from 'node:crypto';
import canonicalize from 'canonicalize';
import { z } from 'zod';
import { kdfParametersSchema, vaultLimits, type KdfParameters } from '../../contract/vault.ts';
import type { VaultCrypto } from './crypto-types.ts';

/**
 * The ways to the master key of one vault. A slot can be opened only in the vault and as the kind it was made for.
 *
 *   passphrase slot key = Argon2id(passphrase, slot.salt, slot cost)
 *   recovery slot key   = HKDF-SHA-256(recovery key, "nacre/vault/v1/recovery"); the recovery key is 32 random bytes
 *                         that exist only as k-of-n shares
 *   keychain slot key   = HKDF-SHA-256(keychain secret, "nacre/vault/v1/keychain"); the 32 random bytes lie in slot.box,
 *                         encrypted by the operating system's keychain
 *   security key        = HKDF-SHA-256(PRF output, "nacre/vault/v1/security-key"); the authenticator computes the 32
 *                         bytes from slot.salt (WebAuthn prf extension, CTAP2 hmac-secret)
 *   wrappedKey          = XChaCha20-Poly1305(slot key, slot.nonce, master key; AAD = JCS{format, version: 1, vaultId,
 *                         slot without nonce and wrappedKey})
 */
const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`));

const wrapShape = { id: hex(8), nonce: hex(24), wrappedKey: hex(48) };
const base64url = (maximum: number) =>
  z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/)
    .max(maximum);
/** For people; covered by the wrap like every field. Format 1 had none. */
const nameShape = { label: z.string().min(1).max(vaultLimits.pathLabel), createdAt: z.string().max(32) };

const passphraseSlotSchema = z.strictObject({
  type: z.literal('passphrase'),
  kdf: z.strictObject({ algorithm: z.literal('argon2id'), ...kdfParametersSchema.shape, salt: hex(16) }),
  label: nameShape.label.optional(),
  createdAt: nameShape.createdAt.optional(),
  ...wrapShape,
});
export type PassphraseSlot = z.infer<typeof passphraseSlotSchema>;

const recoverySlotSchema = z.strictObject({
  type: z.literal('recovery'),
  threshold: z.number().int().min(2).max(255),
  shares: z.number().int().min(2).max(255),
  ...wrapShape,
});
export type RecoverySlot = z.infer<typeof recoverySlotSchema>;

const keychainSlotSchema = z.strictObject({
  type: z.literal('keychain'),
  /** What kept the secret, as the system names it: `gnome_libsecret`, `keychain`, `dpapi` … */
  backend: z.string().min(1).max(64),
  box: base64url(4096),
  ...nameShape,
  ...wrapShape,
});
export type KeychainSlot = z.infer<typeof keychainSlotSchema>;

const securityKeySlotSchema = z.strictObject({
  type: z.literal('security-key'),
  credentialId: base64url(1400),
  rpId: z.string().min(1).max(253),
  salt: hex(32),
  ...nameShape,
  ...wrapShape,
});
export type SecurityKeySlot = z.infer<typeof securityKeySlotSchema>;

export const vaultSlotSchema = z.discriminatedUnion('type', [
  passphraseSlotSchema,
  recoverySlotSchema,
  keychainSlotSchema,
  securityKeySlotSchema,
]);
export type VaultSlot = z.infer<typeof vaultSlotSchema>;

export interface SlotInput {
  readonly vaultId: string;
  readonly crypto: VaultCrypto;
  readonly random: (bytes: number) => Uint8Array;
}

/** Wraps the master key under a passphrase, with a fresh salt. The passphrase bytes stay the caller's to wipe. */
export async function makePassphraseSlot(
  input: SlotInput & { readonly parameters: KdfParameters; readonly label?: string; readonly createdAt?: string },
  passphrase: Uint8Array,
  master: Uint8Array,
): Promise<PassphraseSlot> {
  const { vaultId, crypto, random, parameters, label, createdAt } = input;
  const salt = random(16);
  const open = {
    id: toHex(random(8)),
    type: 'passphrase' as const,
    kdf: { algorithm: 'argon2id' as const, ...parameters, salt: toHex(salt) },
    ...(label === undefined ? {} : { label }),
    ...(createdAt === undefined ? {} : { createdAt }),
  };
  const key = await crypto.argon2id(passphrase, salt, parameters);
  const nonce = random(24);
  const wrapped = crypto.seal(key, nonce, contextOf(vaultId, open), master);
  crypto.wipe(key);
  return { ...open, nonce: toHex(nonce), wrappedKey: toHex(wrapped) };
}

/** The master key, or undefined for a wrong passphrase. The caller wipes both. */
export async function openPassphraseSlot(
  slot: PassphraseSlot,
  vaultId: string,
  passphrase: Uint8Array,
  crypto: VaultCrypto,
): Promise<Uint8Array | undefined> {
  const { nonce, wrappedKey, ...open } = slot;
  const { memoryKib, passes, salt } = slot.kdf;
  const key = await crypto.argon2id(passphrase, fromHex(salt), { memoryKib, passes });
  const master = crypto.open(key, fromHex(nonce), contextOf(vaultId, open), fromHex(wrappedKey));
  crypto.wipe(key);
  return master;
}

/** Wraps the master key under a recovery key. */
export function makeRecoverySlot(
  input: SlotInput & { readonly threshold: number; readonly shares: number },
  recoveryKey: Uint8Array,
  master: Uint8Array,
): RecoverySlot {
  const { vaultId, crypto, random, threshold, shares } = input;
  const open = { id: toHex(random(8)), type: 'recovery' as const, threshold, shares };
  const key = recoverySlotKey(recoveryKey);
  const nonce = random(24);
  const wrapped = crypto.seal(key, nonce, contextOf(vaultId, open), master);
  crypto.wipe(key);
  return { ...open, nonce: toHex(nonce), wrappedKey: toHex(wrapped) };
}

/** The master key, or undefined for another recovery key. The caller wipes both. */
export function openRecoverySlot(
  slot: RecoverySlot,
  vaultId: string,
  recoveryKey: Uint8Array,
  crypto: VaultCrypto,
): Uint8Array | undefined {
  const { nonce, wrappedKey, ...open } = slot;
  const key = recoverySlotKey(recoveryKey);
  const master = crypto.open(key, fromHex(nonce), contextOf(vaultId, open), fromHex(wrappedKey));
  crypto.wipe(key);
  return master;
}

/** A slot that 32 secret bytes of a keychain or a security key open. */
export type DeviceSlot = KeychainSlot | SecurityKeySlot;
type OpenPart<S> = S extends unknown ? Omit<S, 'id' | 'nonce' | 'wrappedKey'> : never;

/** Wraps the master key under a device's secret. The secret stays the caller's to wipe. */
export function makeDeviceSlot(
  { vaultId, crypto, random }: SlotInput,
  facts: OpenPart<DeviceSlot>,
  secret: Uint8Array,
  master: Uint8Array,
): DeviceSlot {
  const open = { id: toHex(random(8)), ...facts };
  const key = deviceSlotKey(facts.type, secret);
  const nonce = random(24);
  const wrapped = crypto.seal(key, nonce, contextOf(vaultId, open), master);
  crypto.wipe(key);
  return { ...open, nonce: toHex(nonce), wrappedKey: toHex(wrapped) };
}

/** The master key, or undefined for another secret. The caller wipes both. */
export function openDeviceSlot(
  slot: DeviceSlot,
  vaultId: string,
  secret: Uint8Array,
  crypto: VaultCrypto,
): Uint8Array | undefined {
  const { nonce, wrappedKey, ...open } = slot;
  const key = deviceSlotKey(slot.type, secret);
  const master = crypto.open(key, fromHex(nonce), contextOf(vaultId, open), fromHex(wrappedKey));
  crypto.wipe(key);
  return master;
}

function deviceSlotKey(type: DeviceSlot['type'], secret: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, new Uint8Array(0), `nacre/vault/v1/${type}`, 32));
}

function recoverySlotKey(recoveryKey: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', recoveryKey, new Uint8Array(0), 'nacre/vault/v1/recovery', 32));
}

function contextOf(vaultId: string, slot: object): Uint8Array {
  return Buffer.from(canonicalize({ format: 'nacre-vault', version: 1, vaultId, slot }) ?? '');
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

export function fromHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}
