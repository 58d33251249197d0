import { createHash } from 'node:crypto';
import { readSync, writeSync } from 'node:fs';
import { tagSize, type StreamCipher } from '../../domain/sealed/cipher.ts';
import { chunkCount, chunkSize, sealedChunkSize, writeChunkNonce } from '../../domain/sealed/stream.ts';
import {
  control,
  segmentChunks,
  type HashTask,
  type OpenTask,
  type SealTask,
  type SegmentTask,
  type TaskFailure,
} from './segment-task.ts';
import { createSourceReader, SourceError } from './source-reader.ts';

/** Does its share of tasks with buffers that are made once: one for each thread, kept between tasks. */
export interface SegmentRunner {
  run(task: SegmentTask): TaskFailure | undefined;
}

/**
 * A runner. Its work is synchronous: it belongs on a worker thread, or on the main thread for a few segments.
 * Memory: about 1 MiB, whatever the size of the data.
 */
export function createSegmentRunner(cipher: StreamCipher): SegmentRunner {
  const plain = new Uint8Array(segmentChunks * chunkSize);
  const sealed = new Uint8Array(segmentChunks * sealedChunkSize);
  const plainChunks = Array.from({ length: segmentChunks }, (_, i) =>
    plain.subarray(i * chunkSize, (i + 1) * chunkSize),
  );
  const sealedChunks = Array.from({ length: segmentChunks }, (_, i) =>
    sealed.subarray(i * sealedChunkSize, (i + 1) * sealedChunkSize),
  );
  const nonce = new Uint8Array(12);

  /** The views of chunk `i` of the segment, cut short for the last one of the file. */
  function views(i: number, plainLength: number): { plainChunk: Uint8Array; sealedChunk: Uint8Array } {
    const plainChunk = plainChunks[i] ?? plain;
    const sealedChunk = sealedChunks[i] ?? sealed;
    if (plainLength === chunkSize) return { plainChunk, sealedChunk };
    return {
      plainChunk: plainChunk.subarray(0, plainLength),
      sealedChunk: sealedChunk.subarray(0, plainLength + tagSize),
    };
  }

  function seal(task: SealTask): TaskFailure | undefined {
    const { plainBytes } = task.source;
    const chunks = chunkCount(plainBytes);
    const reader = createSourceReader(task.source);
    try {
      for (const segment of claims(task, Math.ceil(chunks / segmentChunks))) {
        const first = segment * segmentChunks;
        const from = first * chunkSize;
        const length = Math.min(plain.length, plainBytes - from);
        reader.read(from, plain.subarray(0, length));
        const count = Math.min(segmentChunks, chunks - first);
        for (let i = 0; i < count; i++) {
          const { plainChunk, sealedChunk } = views(i, Math.min(chunkSize, length - i * chunkSize));
          writeChunkNonce(nonce, first + i, first + i === chunks - 1);
          cipher.seal(sealedChunk, plainChunk, nonce, task.key);
        }
        writeAll(task.out, sealed.subarray(0, length + count * tagSize), task.outOffset + first * sealedChunkSize);
      }
      reader.close();
    } finally {
      reader.abandon();
      plain.fill(0);
    }
    return undefined;
  }

  function open(task: OpenTask): TaskFailure | undefined {
    const chunks = chunkCount(task.plainBytes);
    try {
      for (const segment of claims(task, Math.ceil(chunks / segmentChunks))) {
        const first = segment * segmentChunks;
        const count = Math.min(segmentChunks, chunks - first);
        const length = Math.min(plain.length, task.plainBytes - first * chunkSize);
        readAll(task.sealed, sealed.subarray(0, length + count * tagSize), task.sealedOffset + first * sealedChunkSize);
        for (let i = 0; i < count; i++) {
          const { plainChunk, sealedChunk } = views(i, Math.min(chunkSize, length - i * chunkSize));
          writeChunkNonce(nonce, first + i, first + i === chunks - 1);
          if (!cipher.open(plainChunk, sealedChunk, nonce, task.key)) return { kind: 'damaged', chunk: first + i };
        }
        writeAll(task.out, plain.subarray(0, length), first * chunkSize);
      }
    } finally {
      plain.fill(0);
    }
    return undefined;
  }

  function hash(task: HashTask): TaskFailure | undefined {
    for (const part of claims(task, Math.ceil(task.bytes / task.partSize))) {
      const digest = createHash('sha256');
      const end = Math.min(task.bytes, (part + 1) * task.partSize);
      for (let at = part * task.partSize; at < end; at += plain.length) {
        const piece = plain.subarray(0, Math.min(plain.length, end - at));
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
    const claimed = Atomics.add(words, control.next, 1);
    if (claimed >= total) return;
    yield claimed;
    Atomics.add(words, control.done, 1);
  }
}

function stop(task: SegmentTask): void {
  Atomics.store(new Int32Array(task.control), control.stop, 1);
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
