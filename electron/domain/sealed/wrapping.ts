import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { x25519 } from '@noble/curves/ed25519.js';
import { expand, extract, hkdf } from '@noble/hashes/hkdf.js';
import { scrypt } from '@noble/hashes/scrypt.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { MLKEM768X25519 } from '@noble/post-quantum/hybrid.js';

/**
 * The three key wraps of age: X25519, the ML-KEM-768 + X25519 hybrid, and scrypt. Each turns a shared secret into a
 * one-time key that seals the 16-byte file key; the nonce is fixed because the key is never used twice.
 */
const wrapNonce = new Uint8Array(12);
const x25519Label = utf8ToBytes('age-encryption.org/v1/X25519');
const hybridLabel = utf8ToBytes('age-encryption.org/mlkem768x25519');
const scryptLabel = utf8ToBytes('age-encryption.org/v1/scrypt');

/** Bytes of a file key sealed in a stanza. */
export const wrappedKeySize = 32;
export const hybridShareSize = 1120;
export const hybridRecipientSize = 1216;
/** Random bytes that one hybrid encapsulation takes: 32 for each half. */
export const hybridRandomSize = 64;

/** Seals under a key that is used once. */
export function wrapOnce(key: Uint8Array, fileKey: Uint8Array, nonce: Uint8Array = wrapNonce): Uint8Array {
  return chacha20poly1305(key, nonce).encrypt(fileKey);
}

/** @returns undefined when this key did not seal it. */
export function unwrapOnce(key: Uint8Array, body: Uint8Array, nonce: Uint8Array = wrapNonce): Uint8Array | undefined {
  try {
    return chacha20poly1305(key, nonce).decrypt(body);
  } catch {
    return undefined;
  }
}

/**
 * The wrapping key of an X25519 stanza, on either side.
 * @returns undefined for a share of low order, whose secret everyone knows.
 */
export function x25519WrappingKey(
  scalar: Uint8Array,
  point: Uint8Array,
  share: Uint8Array,
  recipient: Uint8Array,
): Uint8Array | undefined {
  try {
    const secret = x25519.getSharedSecret(scalar, point);
    return hkdf(sha256, secret, concatBytes(share, recipient), x25519Label, 32);
  } catch {
    return undefined;
  }
}

/**
 * Encapsulates to a hybrid recipient with 64 given random bytes.
 * @returns undefined when the recipient is no valid ML-KEM key and X25519 point.
 */
export function hybridEncapsulate(
  recipient: Uint8Array,
  randomness: Uint8Array,
): { share: Uint8Array; key: Uint8Array; nonce: Uint8Array } | undefined {
  try {
    const { cipherText, sharedSecret } = MLKEM768X25519.encapsulate(recipient, randomness);
    return { share: cipherText, ...hpkeKeys(sharedSecret) };
  } catch {
    return undefined;
  }
}

/** @returns undefined when the share is malformed or its X25519 half is of low order. */
export function hybridDecapsulate(
  share: Uint8Array,
  seed: Uint8Array,
): { key: Uint8Array; nonce: Uint8Array } | undefined {
  try {
    return hpkeKeys(MLKEM768X25519.decapsulate(share, seed));
  } catch {
    return undefined;
  }
}

export function hybridPublicKey(seed: Uint8Array): Uint8Array {
  return MLKEM768X25519.getPublicKey(seed);
}

/** scrypt with r = 8, p = 1 and N = 2^workFactor: 128 × N × 8 bytes of memory. */
export function scryptWrappingKey(passphrase: Uint8Array, salt: Uint8Array, workFactor: number): Uint8Array {
  const N = 2 ** workFactor;
  return scrypt(passphrase, concatBytes(scryptLabel, salt), {
    N,
    r: 8,
    p: 1,
    dkLen: 32,
    maxmem: N * 1024 + 65_536,
  });
}

// HPKE (RFC 9180) base mode key schedule: KEM 0x647a (ML-KEM-768 + X25519), HKDF-SHA256, ChaCha20-Poly1305.
const suite = concatBytes(utf8ToBytes('HPKE'), Uint8Array.of(0x64, 0x7a, 0, 1, 0, 3));
const versionLabel = utf8ToBytes('HPKE-v1');
const nothing = new Uint8Array(0);

function labeledExtract(salt: Uint8Array | undefined, label: string, material: Uint8Array): Uint8Array {
  return extract(sha256, concatBytes(versionLabel, suite, utf8ToBytes(label), material), salt);
}

function labeledExpand(secret: Uint8Array, label: string, info: Uint8Array, length: number): Uint8Array {
  return expand(
    sha256,
    secret,
    concatBytes(Uint8Array.of(0, length), versionLabel, suite, utf8ToBytes(label), info),
    length,
  );
}

function hpkeKeys(sharedSecret: Uint8Array): { key: Uint8Array; nonce: Uint8Array } {
  const context = concatBytes(
    Uint8Array.of(0),
    labeledExtract(undefined, 'psk_id_hash', nothing),
    labeledExtract(undefined, 'info_hash', hybridLabel),
  );
  const secret = labeledExtract(sharedSecret, 'secret', nothing);
  return { key: labeledExpand(secret, 'key', context, 32), nonce: labeledExpand(secret, 'base_nonce', context, 12) };
}
