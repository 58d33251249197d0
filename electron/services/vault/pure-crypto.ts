import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { argon2idAsync } from '@noble/hashes/argon2.js';
import type { VaultCrypto } from './crypto-types.ts';

/** The same primitives in pure code, for a host where libsodium's binding cannot be loaded. */
export function createPureCrypto(): VaultCrypto {
  return {
    name: 'pure',
    argon2id: (passphrase, salt, { memoryKib, passes }) =>
      argon2idAsync(passphrase, salt, { t: passes, m: memoryKib, p: 1, dkLen: 32 }),
    seal: (key, nonce, associated, plaintext) => xchacha20poly1305(key, nonce, associated).encrypt(plaintext),
    open(key, nonce, associated, box) {
      if (box.length < 16 || nonce.length !== 24) return undefined;
      try {
        return xchacha20poly1305(key, nonce, associated).decrypt(box);
      } catch {
        // Thrown for a wrong tag; sizes were checked above.
        return undefined;
      }
    },
    ed25519PublicKey: (seed) => ed25519.getPublicKey(seed),
    ed25519Sign: (seed, message) => ed25519.sign(message, seed),
    x25519PublicKey: (secret) => x25519.getPublicKey(secret),
    wipe: (bytes) => void bytes.fill(0),
  };
}
