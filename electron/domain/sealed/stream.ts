import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { tagSize } from './cipher.ts';

/**
 * The payload of an age file (age-encryption.org/v1, "Payload"): a 16-byte nonce, then STREAM: chunks of 64 KiB, each
 * sealed alone with a counter and a last-chunk flag as nonce. Where a chunk lies follows from its number, so chunks are
 * sealed and opened in any order, in parallel, and again after a stop.
 */
export const chunkSize = 64 * 1024;
export const sealedChunkSize = chunkSize + tagSize;
export const payloadNonceSize = 16;
export const fileKeySize = 16;

/** The key of all chunks. */
export function payloadKey(fileKey: Uint8Array, nonce: Uint8Array): Uint8Array {
  return hkdf(sha256, fileKey, nonce, utf8ToBytes('payload'), 32);
}

/** Chunks that hold so many plaintext bytes: one even for none. */
export function chunkCount(plainBytes: number): number {
  return Math.max(1, Math.ceil(plainBytes / chunkSize));
}

/** Bytes of the chunks (without nonce and header) that hold so many plaintext bytes. */
export function sealedStreamSize(plainBytes: number): number {
  return plainBytes + tagSize * chunkCount(plainBytes);
}

/**
 * The plaintext size of chunks of this many bytes.
 * @returns undefined for a size that no stream has: a truncated or padded file.
 */
export function plainStreamSize(sealedBytes: number): number | undefined {
  if (sealedBytes === tagSize) return 0;
  const last = sealedBytes % sealedChunkSize;
  if (sealedBytes < tagSize || (last > 0 && last <= tagSize)) return undefined;
  return sealedBytes - Math.ceil(sealedBytes / sealedChunkSize) * tagSize;
}

/** Writes the nonce of a chunk: 11 bytes of counter, big-endian, then 1 for the last chunk, else 0. */
export function writeChunkNonce(nonce: Uint8Array, index: number, last: boolean): void {
  nonce.fill(0);
  let rest = index;
  for (let at = 10; rest > 0; at--) {
    nonce[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  nonce[11] = last ? 1 : 0;
}
