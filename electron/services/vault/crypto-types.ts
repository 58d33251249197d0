import type { KdfParameters } from '../../contract/vault.ts';

/** The primitives of the vault, so that Electron, Node and a machine without the native binding share one vault. */
export interface VaultCrypto {
  readonly name: 'libsodium' | 'pure';
  /** Argon2id v1.3, one lane, 16-byte salt, 32-byte output. Does not block the event loop. */
  argon2id(passphrase: Uint8Array, salt: Uint8Array, parameters: KdfParameters): Promise<Uint8Array>;
  /** XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03): ciphertext with its 16-byte tag. 32-byte key, 24-byte nonce. */
  seal(key: Uint8Array, nonce: Uint8Array, associated: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /** undefined when anything was changed. */
  open(key: Uint8Array, nonce: Uint8Array, associated: Uint8Array, box: Uint8Array): Uint8Array | undefined;
  /** Ed25519 (RFC 8032) public key of a 32-byte seed. */
  ed25519PublicKey(seed: Uint8Array): Uint8Array;
  ed25519Sign(seed: Uint8Array, message: Uint8Array): Uint8Array;
  /** X25519 (RFC 7748) public key of a 32-byte secret. */
  x25519PublicKey(secret: Uint8Array): Uint8Array;
  /** Overwrites a secret in a way that no optimiser removes. */
  wipe(bytes: Uint8Array): void;
}
