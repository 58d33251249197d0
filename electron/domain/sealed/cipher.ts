import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { equalBytes } from '../merkle/merkle.ts';

/** Bytes of a Poly1305 tag. */
export const tagSize = 16;

/**
 * ChaCha20-Poly1305 (RFC 8439) without associated data, into buffers of the caller: nothing is allocated a chunk. Bulk
 * code takes any implementation of it, because the fast ones differ by host: Electron's BoringSSL has no
 * `createCipheriv('chacha20-poly1305')`.
 */
export interface StreamCipher {
  readonly name: string;
  /** Writes ciphertext and tag; `out` is 16 bytes longer than `plain`, and starts where it starts or does not overlap it. */
  seal(out: Uint8Array, plain: Uint8Array, nonce: Uint8Array, key: Uint8Array): void;
  /** False when the tag is wrong; what `out` then holds must not be used. `out` is 16 bytes shorter than `sealed`. */
  open(out: Uint8Array, sealed: Uint8Array, nonce: Uint8Array, key: Uint8Array): boolean;
}

/** Pure code: works anywhere, about a tenth of the native speed. */
export const pureCipher: StreamCipher = {
  name: 'noble',
  seal(out, plain, nonce, key) {
    chacha20poly1305(key, nonce).encrypt(plain, out);
  },
  open(out, sealed, nonce, key) {
    try {
      chacha20poly1305(key, nonce).decrypt(sealed, out);
      return true;
    } catch {
      return false;
    }
  },
};

/** The two functions of sodium-native that are used here; the binding itself is given by whoever may load it. */
export interface SodiumAead {
  crypto_aead_chacha20poly1305_ietf_encrypt(
    out: Uint8Array,
    plain: Uint8Array,
    associated: null,
    secretNonce: null,
    nonce: Uint8Array,
    key: Uint8Array,
  ): number;
  /** Throws when the tag is wrong. */
  crypto_aead_chacha20poly1305_ietf_decrypt(
    out: Uint8Array,
    secretNonce: null,
    sealed: Uint8Array,
    associated: null,
    nonce: Uint8Array,
    key: Uint8Array,
  ): number;
}

/** libsodium through its Node-API binding (`import sodium from 'sodium-native'`). */
export function createSodiumCipher(sodium: SodiumAead): StreamCipher {
  return {
    name: 'libsodium',
    seal(out, plain, nonce, key) {
      sodium.crypto_aead_chacha20poly1305_ietf_encrypt(out, plain, null, null, nonce, key);
    },
    open(out, sealed, nonce, key) {
      try {
        sodium.crypto_aead_chacha20poly1305_ietf_decrypt(out, null, sealed, null, nonce, key);
        return true;
      } catch {
        return false;
      }
    },
  };
}

/**
 * Whether a cipher does what the pure one does: seals alike (also in place), opens its own, refuses a changed tag, ciphertext and nonce.
 * Run at start-up on every backend: a library that loads but computes something else must not seal a dataset.
 */
export function probeCipher(cipher: StreamCipher): boolean {
  const key = Uint8Array.from({ length: 32 }, (_, i) => i * 7);
  const nonce = Uint8Array.from({ length: 12 }, (_, i) => i + 1);
  try {
    return [0, 1, 64, 1000].every((length) => {
      const plain = Uint8Array.from({ length }, (_, i) => i);
      const expected = new Uint8Array(length + tagSize);
      pureCipher.seal(expected, plain, nonce, key);
      const sealed = new Uint8Array(length + tagSize);
      cipher.seal(sealed, plain, nonce, key);
      const inPlace = new Uint8Array(length + tagSize);
      inPlace.set(plain);
      cipher.seal(inPlace, inPlace.subarray(0, length), nonce, key);
      const opened = new Uint8Array(length);
      if (!equalBytes(sealed, expected) || !equalBytes(inPlace, expected)) return false;
      if (!cipher.open(opened, sealed, nonce, key)) return false;
      if (!equalBytes(opened, plain)) return false;
      return [0, length, length + tagSize - 1].every((at) => {
        const changed = sealed.slice();
        changed[at] = (changed[at] ?? 0) ^ 1;
        return !cipher.open(new Uint8Array(length), changed, nonce, key);
      });
    });
  } catch {
    return false;
  }
}

/** The first backend that passes its probe; the pure one always ends the list. */
export function chooseCipher(backends: readonly StreamCipher[]): StreamCipher {
  return backends.find(probeCipher) ?? pureCipher;
}
