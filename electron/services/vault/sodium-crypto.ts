import type { VaultCrypto } from './crypto-types.ts';
import { secretBytes } from '../../contract/secret-bytes.ts';

/** The functions of sodium-native 5 that the vault uses (the package ships no types). */
export interface Sodium {
  readonly crypto_pwhash_ALG_ARGON2ID13: number;
  crypto_pwhash_async(
    out: Uint8Array,
    passphrase: Uint8Array,
    salt: Uint8Array,
    passes: number,
    memoryBytes: number,
    algorithm: number,
  ): Promise<void>;
  crypto_aead_xchacha20poly1305_ietf_encrypt(
    box: Uint8Array,
    plaintext: Uint8Array,
    associated: Uint8Array,
    secretNonce: null,
    nonce: Uint8Array,
    key: Uint8Array,
  ): number;
  crypto_aead_xchacha20poly1305_ietf_decrypt(
    plaintext: Uint8Array,
    secretNonce: null,
    box: Uint8Array,
    associated: Uint8Array,
    nonce: Uint8Array,
    key: Uint8Array,
  ): number;
  crypto_sign_seed_keypair(publicKey: Uint8Array, secretKey: Uint8Array, seed: Uint8Array): void;
  crypto_sign_detached(signature: Uint8Array, message: Uint8Array, secretKey: Uint8Array): void;
  crypto_scalarmult_base(publicKey: Uint8Array, secret: Uint8Array): void;
  sodium_memzero(bytes: Uint8Array): void;
}

const tagBytes = 16;

/** libsodium. Ordinary buffers only: Electron refuses the external ones of `sodium_malloc`. */
export function createSodiumCrypto(sodium: Sodium): VaultCrypto {
  const withKeyPair = <T>(seed: Uint8Array, use: (publicKey: Uint8Array, secretKey: Uint8Array) => T): T => {
    const publicKey = new Uint8Array(32);
    const secretKey = secretBytes(64);
    sodium.crypto_sign_seed_keypair(publicKey, secretKey, seed);
    try {
      return use(publicKey, secretKey);
    } finally {
      sodium.sodium_memzero(secretKey);
    }
  };
  return {
    name: 'libsodium',
    async argon2id(passphrase, salt, { memoryKib, passes }) {
      const out = secretBytes(32);
      const algorithm = sodium.crypto_pwhash_ALG_ARGON2ID13;
      await sodium.crypto_pwhash_async(out, passphrase, salt, passes, memoryKib * 1024, algorithm);
      return out;
    },
    seal(key, nonce, associated, plaintext) {
      const box = new Uint8Array(plaintext.length + tagBytes);
      sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(box, plaintext, associated, null, nonce, key);
      return box;
    },
    open(key, nonce, associated, box) {
      if (box.length < tagBytes || nonce.length !== 24) return undefined;
      const plaintext = secretBytes(box.length - tagBytes);
      try {
        sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(plaintext, null, box, associated, nonce, key);
        return plaintext;
      } catch {
        // The binding throws for a wrong tag; sizes were checked above, so that is the only reason left.
        return undefined;
      }
    },
    ed25519PublicKey: (seed) => withKeyPair(seed, (publicKey) => publicKey),
    ed25519Sign: (seed, message) =>
      withKeyPair(seed, (_, secretKey) => {
        const signature = new Uint8Array(64);
        sodium.crypto_sign_detached(signature, message, secretKey);
        return signature;
      }),
    x25519PublicKey(secret) {
      const publicKey = new Uint8Array(32);
      sodium.crypto_scalarmult_base(publicKey, secret);
      return publicKey;
    },
    wipe(bytes) {
      if (bytes.length > 0) sodium.sodium_memzero(bytes);
    },
  };
}
