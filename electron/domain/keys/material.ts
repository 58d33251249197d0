import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { KeyType } from '../../contract/keys.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { encodeBase64 } from '../encoding/base64.ts';
import { encodeBech32 } from '../sealed/bech32.ts';
import { hybridPublicKey } from '../sealed/wrapping.ts';
import { ethereumAddress } from './ethereum-address.ts';

/** A private key: 32 bytes whatever its type (Ed25519 seed, X25519 scalar, hybrid seed, secp256k1 scalar). */
export interface KeyMaterial {
  readonly type: KeyType;
  readonly secret: Uint8Array;
}

export interface PublicPart {
  /** As `KeyView.publicKey` shows it. */
  readonly publicKey: string;
  readonly address?: string;
}

/** The most bytes of a key file that is read. */
export const keyFileMaximum = 65_536;

/**
 * How a public key is computed. The vault gives its own for the curves that libsodium has: pure code leaves copies of the
 * scalar that nobody can wipe.
 */
export type DerivePublicKey = (material: KeyMaterial) => Uint8Array;

/** The raw public key: 32 bytes, the hybrid's 1216, or the 65 of an uncompressed point. @throws on an impossible scalar */
export function rawPublicKey({ type, secret }: KeyMaterial): Uint8Array {
  if (type === 'ed25519') return ed25519.getPublicKey(secret);
  if (type === 'age-x25519') return x25519.getPublicKey(secret);
  if (type === 'age-hybrid') return hybridPublicKey(secret);
  return secp256k1.getPublicKey(secret, false);
}

/** Public forms of a private key. Errors: `invalid_input` for bytes that are no key of this type. */
export function publicPartOf(material: KeyMaterial, derive: DerivePublicKey = rawPublicKey): Result<PublicPart> {
  const { type, secret } = material;
  if (secret.length !== 32) return err('invalid_input', 'The private key does not have 32 bytes.');
  if (type === 'secp256k1' && !secp256k1.utils.isValidSecretKey(secret)) {
    return err('invalid_input', 'The secp256k1 key is zero or not below the order of the curve.');
  }
  const raw = derive(material);
  if (type === 'ed25519') return ok({ publicKey: encodeBase64(raw) });
  if (type === 'age-x25519') return ok({ publicKey: encodeBech32('age', raw) });
  if (type === 'age-hybrid') return ok({ publicKey: encodeBech32('age1pq', raw) });
  return ok({ publicKey: bytesToHex(raw), address: ethereumAddress(raw) });
}

/** `AGE-SECRET-KEY-1…` of an X25519 secret, `AGE-SECRET-KEY-PQ-1…` of a hybrid one. */
export function ageIdentityText(type: 'age-x25519' | 'age-hybrid', secret: Uint8Array): string {
  return encodeBech32(type === 'age-hybrid' ? 'age-secret-key-pq-' : 'age-secret-key-', secret).toUpperCase();
}
