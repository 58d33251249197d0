import { ok, type Result } from '../../contract/result.ts';
import { chunkSize, payloadKey, payloadNonceSize, sealedChunkSize, writeChunkNonce } from './stream.ts';
import { tagSize, type StreamCipher } from './cipher.ts';
import { refuse } from './failures.ts';
import { headerMaximum, parseHeader, type AgeHeader } from './header.ts';
import { unwrapFileKey, type Identity } from './identities.ts';

/** How a file key is had from a header: identities, or a released key (`fileKeyOpener`). */
export type FileKeySource = (header: AgeHeader) => Result<Uint8Array>;

/** Opens with identities. */
export function identityOpener(identities: readonly Identity[]): FileKeySource {
  return (header) => unwrapFileKey(header, identities);
}

/** Takes verified plaintext. The view is reused after the call: copy what is kept. */
export type PlainSink = (plain: Uint8Array) => void;

/**
 * Opens an age file that arrives in pieces of any size. Only authenticated chunks reach the sink; but the file is whole
 * only when `end` says so: until then a prefix may have been given out, and must not be taken for the file.
 */
export interface Opener {
  /** Errors as `parseHeader` and `FileKeySource`, and `integrity` for a damaged chunk. After an error every call repeats it. */
  push(piece: Uint8Array, sink: PlainSink): Result<void>;
  /** No more pieces. Gives the number of plaintext bytes; `integrity` when the file is truncated. */
  end(sink: PlainSink): Result<number>;
}

/** An `Opener` over header and payload. */
export function createOpener(options: { fileKey: FileKeySource; cipher: StreamCipher }): Opener {
  let gathered: Uint8Array = new Uint8Array(0);
  let lineStart = 0;
  let payload: Opener | undefined;
  let failed: Result<never> | undefined;

  /** Bytes of the header once its last line is there; the line is looked for once a byte, however small the pieces. */
  function headerEnd(): number | undefined {
    for (;;) {
      const end = gathered.indexOf(10, lineStart);
      if (end < 0) return undefined;
      const closing = [0, 1, 2].every((i) => gathered[lineStart + i] === 45);
      lineStart = end + 1;
      if (closing) return lineStart;
    }
  }

  function fail<T extends Result<never>>(result: T): T {
    failed = result;
    return result;
  }

  function start(length: number): Result<Opener> {
    const header = parseHeader(gathered.subarray(0, length));
    if (!header.ok) return header;
    const fileKey = options.fileKey(header.value);
    if (!fileKey.ok) return fileKey;
    return ok(createPayloadOpener({ fileKey: fileKey.value, cipher: options.cipher }));
  }

  return {
    push(piece, sink) {
      if (failed !== undefined) return failed;
      if (payload === undefined) {
        gathered = append(gathered, piece);
        const length = headerEnd();
        if (length === undefined) {
          return gathered.length > headerMaximum ? fail(headerMissing()) : ok(undefined);
        }
        const started = start(length);
        if (!started.ok) return fail(started);
        payload = started.value;
        piece = gathered.subarray(length);
      }
      const pushed = payload.push(piece, sink);
      return pushed.ok ? pushed : fail(pushed);
    },
    end(sink) {
      if (failed !== undefined) return failed;
      if (payload === undefined) {
        const header = parseHeader(gathered);
        return fail(header.ok ? headerMissing() : header);
      }
      return payload.end(sink);
    },
  };
}

function headerMissing(): Result<never> {
  return refuse('header', 'The age header ends too early, or is longer than 256 KiB.');
}

/**
 * Opens the payload alone: the 16-byte nonce and the chunks that follow the header. For whoever holds a released file
 * key and has checked the header already.
 */
export function createPayloadOpener(options: { fileKey: Uint8Array; cipher: StreamCipher }): Opener {
  const { cipher } = options;
  const waiting = new Uint8Array(sealedChunkSize);
  const plain = new Uint8Array(chunkSize);
  const chunkNonce = new Uint8Array(12);
  let nonce: Uint8Array = new Uint8Array(0);
  let key: Uint8Array | undefined;
  let used = 0;
  let index = 0;
  let plainBytes = 0;
  let failed: Result<never> | undefined;

  function openChunk(length: number, last: boolean, sink: PlainSink): Result<void> {
    writeChunkNonce(chunkNonce, index, last);
    const out = plain.subarray(0, length - tagSize);
    if (key === undefined || !cipher.open(out, waiting.subarray(0, length), chunkNonce, key)) {
      failed = refuse('payload', `Chunk ${index + 1} of the sealed data is damaged, or the data is cut off there.`);
      return failed;
    }
    index += 1;
    plainBytes += out.length;
    used = 0;
    if (out.length > 0) sink(out);
    return ok(undefined);
  }

  return {
    push(piece, sink) {
      if (failed !== undefined) return failed;
      let at = 0;
      if (key === undefined) {
        at = Math.min(piece.length, payloadNonceSize - nonce.length);
        nonce = append(nonce, piece.subarray(0, at));
        if (nonce.length < payloadNonceSize) return ok(undefined);
        key = payloadKey(options.fileKey, nonce);
      }
      while (at < piece.length) {
        // A full chunk is opened only when more follows: before that it may be the last one.
        if (used === sealedChunkSize) {
          const opened = openChunk(used, false, sink);
          if (!opened.ok) return opened;
        }
        const taken = Math.min(sealedChunkSize - used, piece.length - at);
        waiting.set(piece.subarray(at, at + taken), used);
        used += taken;
        at += taken;
      }
      return ok(undefined);
    },
    end(sink) {
      if (failed !== undefined) return failed;
      if (key === undefined) return refuse('header', 'The age file ends before its payload nonce.');
      // The last chunk may be empty only when it is the only one; otherwise two files would have one meaning.
      if (used < tagSize || (used === tagSize && index > 0)) {
        failed = refuse('payload', `The sealed data is cut off in chunk ${index + 1}.`);
        return failed;
      }
      const opened = openChunk(used, true, sink);
      return opened.ok ? ok(plainBytes) : opened;
    },
  };
}

function append(left: Uint8Array, right: Uint8Array): Uint8Array {
  const both = new Uint8Array(left.length + right.length);
  both.set(left);
  both.set(right, left.length);
  return both;
}
