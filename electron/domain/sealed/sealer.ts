import { concatBytes } from '@noble/hashes/utils.js';
import { err, ok, type Result } from '../../contract/result.ts';
import { decodeArmor, isArmored } from './armor.ts';
import { tagSize, type StreamCipher } from './cipher.ts';
import { encodeHeader } from './header.ts';
import { createOpener, type FileKeySource } from './opener.ts';
import type { RandomBytes, Recipient } from './recipients.ts';
import { chunkSize, fileKeySize, payloadKey, payloadNonceSize, sealedChunkSize, writeChunkNonce } from './stream.ts';

/** What a new age file starts with, and the key of its chunks. */
export interface SealedStart {
  /** Header and payload nonce: the bytes before the first chunk. */
  readonly prefix: Uint8Array;
  /** Bytes of the header alone. */
  readonly headerLength: number;
  /** Key of the chunks (`writeChunkNonce` gives their nonces). */
  readonly key: Uint8Array;
}

/**
 * Draws a new file key and payload nonce and wraps the key. Every call makes a new key, so chunk nonces never repeat
 * under one; whoever seals changed content must call it again.
 * Errors: `invalid_input` for no recipients, or a passphrase beside any other recipient.
 */
export function startSealing(recipients: readonly Recipient[], random: RandomBytes): Result<SealedStart> {
  if (recipients.length === 0) return err('invalid_input', 'At least one recipient is needed.');
  if (recipients.length > 1 && recipients.some((recipient) => recipient.kind === 'passphrase')) {
    return err('invalid_input', 'A passphrase cannot be combined with other recipients.');
  }
  const fileKey = random(fileKeySize);
  const header = encodeHeader(
    recipients.map((recipient) => recipient.wrap(fileKey, random)),
    fileKey,
  );
  const nonce = random(payloadNonceSize);
  const key = payloadKey(fileKey, nonce);
  fileKey.fill(0);
  return ok({ prefix: concatBytes(header, nonce), headerLength: header.length, key });
}

/** Takes sealed bytes in order. The view is reused after the call. */
export type SealedSink = (sealed: Uint8Array) => void;

/** Seals content that comes in pieces of any size, in order, on one thread. */
export interface Sealer {
  push(piece: Uint8Array, sink: SealedSink): void;
  /** Seals what is left as the last chunk; without this call the file does not open. */
  end(sink: SealedSink): void;
}

/** A `Sealer`; the header and payload nonce go to the sink with the first chunk. Errors as `startSealing`. */
export function createSealer(options: {
  recipients: readonly Recipient[];
  random: RandomBytes;
  cipher: StreamCipher;
}): Result<Sealer> {
  const started = startSealing(options.recipients, options.random);
  if (!started.ok) return started;
  const { prefix, key } = started.value;
  const waiting = new Uint8Array(chunkSize);
  const sealed = new Uint8Array(sealedChunkSize);
  const chunkNonce = new Uint8Array(12);
  let used = 0;
  let index = 0;

  function sealChunk(last: boolean, sink: SealedSink): void {
    if (index === 0) sink(prefix);
    writeChunkNonce(chunkNonce, index, last);
    const out = sealed.subarray(0, used + tagSize);
    options.cipher.seal(out, waiting.subarray(0, used), chunkNonce, key);
    sink(out);
    index += 1;
    used = 0;
  }

  return ok({
    push(piece, sink) {
      let at = 0;
      while (at < piece.length) {
        if (used === chunkSize) sealChunk(false, sink);
        const taken = Math.min(chunkSize - used, piece.length - at);
        waiting.set(piece.subarray(at, at + taken), used);
        used += taken;
        at += taken;
      }
    },
    end(sink) {
      sealChunk(true, sink);
      waiting.fill(0);
    },
  });
}

/** Seals bytes in memory into one age file: models, checkpoints, small exports. Errors as `startSealing`. */
export function sealBytes(
  recipients: readonly Recipient[],
  bytes: Uint8Array,
  tools: { random: RandomBytes; cipher: StreamCipher },
): Result<Uint8Array> {
  const sealer = createSealer({ recipients, ...tools });
  if (!sealer.ok) return sealer;
  const pieces: Uint8Array[] = [];
  const keep: SealedSink = (sealed) => void pieces.push(sealed.slice());
  sealer.value.push(bytes, keep);
  sealer.value.end(keep);
  return ok(concatBytes(...pieces));
}

/** Opens an age file in memory, binary or armored: all of it or nothing. Errors as `Opener` and `decodeArmor`. */
export function openBytes(
  bytes: Uint8Array,
  options: { fileKey: FileKeySource; cipher: StreamCipher },
): Result<Uint8Array> {
  if (isArmored(bytes)) {
    const binary = decodeArmor(bytes);
    return binary.ok ? openBytes(binary.value, options) : binary;
  }
  const opener = createOpener(options);
  const pieces: Uint8Array[] = [];
  const keep = (plain: Uint8Array): void => void pieces.push(plain.slice());
  const pushed = opener.push(bytes, keep);
  if (!pushed.ok) return pushed;
  const ended = opener.end(keep);
  return ended.ok ? ok(concatBytes(...pieces)) : ended;
}
