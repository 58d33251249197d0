import { createHash, type Hash } from 'node:crypto';
import { readSync, writeSync } from 'node:fs';
import { tagSize, type StreamCipher } from '../../domain/sealed/cipher.ts';
import {
  chunkCount,
  chunkSize,
  sealedChunkSize,
  sealedStreamSize,
  writeChunkNonce,
} from '../../domain/sealed/stream.ts';
import { compareWritten, usedLength } from './compare-written.ts';
import {
  claimChunks,
  control,
  openedChunks,
  segmentChunks,
  type HashTask,
  type OpenTask,
  type SealTask,
  type SegmentTask,
  type TaskFailure,
} from './segment-task.ts';
import { createSourceReader, SourceError, type SourceReader } from './source-reader.ts';

/** Does its share of tasks with buffers that are made once: one for each thread, kept between tasks. */
export interface SegmentRunner {
  run(task: SegmentTask): TaskFailure | undefined;
}

/**
 * A runner. Its work is synchronous: it belongs on a worker thread, or on the main thread for a few segments.
 * Memory: about 1.3 MiB, whatever the size of the data.
 */
export function createSegmentRunner(cipher: StreamCipher): SegmentRunner {
  const sealed = new Uint8Array(segmentChunks * sealedChunkSize);
  const opened = new Uint8Array(openedChunks * chunkSize);
  /** One chunk in `sealed`: all of it, and where its plaintext is read to. */
  function placeOf(index: number, plainLength: number): { readonly whole: Uint8Array; readonly plain: Uint8Array } {
    const whole = sealed.subarray(index * sealedChunkSize, index * sealedChunkSize + plainLength + tagSize);
    return { whole, plain: whole.subarray(0, -tagSize) };
  }
  const places = Array.from({ length: segmentChunks }, (_, index) => placeOf(index, chunkSize));
  const nonce = new Uint8Array(12);
  /** For what an interrupted run wrote; made only when there was one. */
  let earlier: Uint8Array | undefined;

  /** Seals chunks from `first` on, each where it was read: at its place in `sealed`. @returns bytes of them. */
  function sealChunks(task: SealTask, reader: SourceReader, first: number, count: number): number {
    const { plainBytes } = task.source;
    const last = chunkCount(plainBytes) - 1;
    const chunks = places.slice(0, count);
    if (first + count > last) chunks[count - 1] = placeOf(count - 1, plainBytes - last * chunkSize);
    reader.readEach(
      first * chunkSize,
      chunks.map(({ plain }) => plain),
    );
    for (const [i, { whole, plain }] of chunks.entries()) {
      writeChunkNonce(nonce, first + i, first + i === last);
      cipher.seal(whole, plain, nonce, task.key);
    }
    return (count - 1) * sealedChunkSize + (chunks.at(-1)?.whole.length ?? 0);
  }

  /**
   * Seals the bytes [from, to) of the sealed file. A chunk that two parts share is sealed by both, for each writes and
   * hashes exactly its own bytes: at 4 MiB a part that costs 1.6 % and saves the second pass over the sealed file.
   */
  function sealRange(task: SealTask, reader: SourceReader, from: number, to: number, digest: Hash | undefined): void {
    const { prefix } = task;
    const chunks = chunkCount(task.source.plainBytes);
    digest?.update(prefix.subarray(from, to));
    for (let at = Math.max(from, prefix.length); at < to;) {
      const first = Math.floor((at - prefix.length) / sealedChunkSize);
      const start = prefix.length + first * sealedChunkSize;
      const count = Math.min(segmentChunks, chunks - first, Math.ceil((to - start) / sealedChunkSize));
      const length = sealChunks(task, reader, first, count);
      const piece = sealed.subarray(at - start, Math.min(length, to - start));
      digest?.update(piece);
      if (!task.resume || writtenAlready(task, piece, at, 'seal') === 'no') writeAll(task.out, piece, at);
      at += piece.length;
    }
  }

  function writtenAlready(
    task: SealTask | OpenTask,
    piece: Uint8Array,
    at: number,
    kind: 'seal' | 'open',
  ): 'yes' | 'no' {
    earlier ??= new Uint8Array(sealed.length);
    const found = compareWritten(piece, earlier.subarray(0, readSome(task.out, earlier.subarray(0, piece.length), at)));
    if (found === 'other' && kind === 'seal') throw new TaskError({ kind: 'stale' });
    if (found !== 'whole') return 'no';
    Atomics.add(new Int32Array(task.control), control.reused, 1);
    return 'yes';
  }

  function seal(task: SealTask): TaskFailure | undefined {
    const reader = createSourceReader(task.source);
    const sealedBytes = task.prefix.length + sealedStreamSize(task.source.plainBytes);
    const origin = task.parts === undefined ? task.prefix.length : 0;
    const unit = task.parts?.size ?? claimChunks * sealedChunkSize;
    try {
      for (const claimed of claims(task, Math.ceil((sealedBytes - origin) / unit))) {
        const from = origin + claimed * unit;
        const digest = task.parts === undefined ? undefined : createHash('sha256');
        sealRange(task, reader, from, Math.min(sealedBytes, from + unit), digest);
        if (task.parts !== undefined && digest !== undefined) {
          new Uint8Array(task.parts.digests, claimed * 32, 32).set(digest.digest());
        }
      }
      reader.close();
    } finally {
      reader.abandon();
      // A read or a seal that failed leaves plaintext there.
      sealed.fill(0);
    }
    return undefined;
  }

  function open(task: OpenTask): TaskFailure | undefined {
    const chunks = chunkCount(task.plainBytes);
    try {
      for (const claimed of claims(task, Math.ceil(chunks / claimChunks))) {
        const end = Math.min(chunks, (claimed + 1) * claimChunks);
        for (let first = claimed * claimChunks; first < end; first += openedChunks) {
          const bad = openSegment(task, first, Math.min(openedChunks, end - first), chunks);
          if (bad !== undefined) return { kind: 'damaged', chunk: bad };
        }
      }
    } finally {
      opened.fill(0);
      earlier?.fill(0);
    }
    return undefined;
  }

  /** @returns the first chunk that does not open. */
  function openSegment(task: OpenTask, first: number, count: number, chunks: number): number | undefined {
    const from = first * chunkSize;
    const length = Math.min(count * chunkSize, task.plainBytes - from);
    readAll(task.sealed, sealed.subarray(0, length + count * tagSize), task.sealedOffset + first * sealedChunkSize);
    for (let i = 0; i < count; i++) {
      const size = Math.min(chunkSize, length - i * chunkSize);
      const plain = opened.subarray(i * chunkSize, i * chunkSize + size);
      const chunk = sealed.subarray(i * sealedChunkSize, i * sealedChunkSize + size + tagSize);
      writeChunkNonce(nonce, first + i, first + i === chunks - 1);
      if (!cipher.open(plain, chunk, nonce, task.key)) return first + i;
    }
    const piece = opened.subarray(0, length);
    // Zeros are left out of a fresh file, which has its size already: holes stay holes.
    const there = task.resume ? writtenAlready(task, piece, from, 'open') === 'yes' : usedLength(piece) === 0;
    if (!there) writeAll(task.out, piece, from);
    return undefined;
  }

  function hash(task: HashTask): TaskFailure | undefined {
    for (const part of claims(task, Math.ceil(task.bytes / task.partSize))) {
      const digest = createHash('sha256');
      const end = Math.min(task.bytes, (part + 1) * task.partSize);
      for (let at = part * task.partSize; at < end; at += sealed.length) {
        const piece = sealed.subarray(0, Math.min(sealed.length, end - at));
        readAll(task.file, piece, at);
        digest.update(piece);
      }
      new Uint8Array(task.digests, part * 32, 32).set(digest.digest());
    }
    return undefined;
  }

  return {
    run(task) {
      try {
        const failure = task.kind === 'seal' ? seal(task) : task.kind === 'open' ? open(task) : hash(task);
        if (failure !== undefined) stop(task);
        return failure;
      } catch (error) {
        stop(task);
        if (error instanceof TaskError || error instanceof SourceError) return error.failure;
        throw error;
      }
    },
  };
}

/** A failed read or write, inside one thread; never leaves this file. */
class TaskError extends Error {
  readonly failure: TaskFailure;
  constructor(failure: TaskFailure) {
    super(failure.kind);
    this.failure = failure;
  }
}

function* claims(task: SegmentTask, total: number): Generator<number> {
  const words = new Int32Array(task.control);
  while (Atomics.load(words, control.stop) === 0) {
    if (Atomics.load(words, control.pause) !== 0) {
      Atomics.store(words, control.left, 1);
      return;
    }
    const claimed = Atomics.add(words, control.next, 1);
    if (claimed >= total) return;
    yield claimed;
    Atomics.add(words, control.done, 1);
  }
}

function stop(task: SegmentTask): void {
  Atomics.store(new Int32Array(task.control), control.stop, 1);
}

/** Reads what there is; a file that ends earlier is no failure. */
function readSome(file: number, into: Uint8Array, position: number): number {
  let at = 0;
  for (let count = 1; count > 0 && at < into.length; at += count) {
    count = attempt('read', () => readSync(file, into, at, into.length - at, position + at));
  }
  return at;
}

function readAll(file: number, into: Uint8Array, position: number): void {
  for (let at = 0; at < into.length;) {
    const count = attempt('read', () => readSync(file, into, at, into.length - at, position + at));
    // The sizes were taken from this file: less of it now means that someone cut it while it was read.
    if (count === 0) throw new TaskError({ kind: 'changed' });
    at += count;
  }
}

function writeAll(file: number, from: Uint8Array, position: number): void {
  for (let at = 0; at < from.length;) {
    at += attempt('write', () => writeSync(file, from, at, from.length - at, position + at));
  }
}

function attempt(kind: 'read' | 'write', act: () => number): number {
  try {
    return act();
  } catch (error) {
    throw new TaskError({ kind, code: (error as NodeJS.ErrnoException).code ?? 'unknown' });
  }
}
