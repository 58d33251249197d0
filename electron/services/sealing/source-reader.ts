import { closeSync, constants, fstatSync, openSync, readSync, type BigIntStats } from 'node:fs';
import type { FileStamp, SourceEntry, SourceLayout, TaskFailure } from './segment-task.ts';

/** A source that cannot be read as it was planned. */
export class SourceError extends Error {
  readonly failure: TaskFailure;
  constructor(failure: TaskFailure) {
    super(failure.kind);
    this.failure = failure;
  }
}

export function stampOf(stats: BigIntStats): FileStamp {
  return {
    device: stats.dev,
    inode: stats.ino,
    size: stats.size,
    modified: stats.mtimeNs,
    changed: stats.ctimeNs,
  };
}

export function sameStamp(a: FileStamp, b: FileStamp): boolean {
  return (
    a.device === b.device &&
    a.inode === b.inode &&
    a.size === b.size &&
    a.modified === b.modified &&
    a.changed === b.changed
  );
}

/** Reads any range of a layout. Throws `SourceError`. */
export interface SourceReader {
  read(position: number, into: Uint8Array): void;
  /** Closes the open file after a last look whether it changed. */
  close(): void;
  /** Closes without looking; does nothing after `close`. */
  abandon(): void;
}

/**
 * Keeps one file open at a time. Each file's stamp is compared when it is opened and again when it is left: a file that
 * someone writes to while it is sealed would otherwise become a mixture of two versions that looks whole.
 */
export function createSourceReader(layout: SourceLayout): SourceReader {
  let current: { entry: SourceEntry; descriptor: number } | undefined;

  function release(check: boolean): void {
    if (current === undefined) return;
    const { entry, descriptor } = current;
    current = undefined;
    try {
      if (check && entry.file !== undefined) expectSame(descriptor, entry.file);
    } finally {
      closeSync(descriptor);
    }
  }

  function descriptorOf(entry: SourceEntry, file: NonNullable<SourceEntry['file']>): number {
    if (current?.entry === entry) return current.descriptor;
    release(true);
    const descriptor = guard(file.path, () => openSync(file.path, constants.O_RDONLY));
    current = { entry, descriptor };
    expectSame(descriptor, file);
    return descriptor;
  }

  function readFile(entry: SourceEntry, offset: number, into: Uint8Array): void {
    const { file } = entry;
    if (file === undefined || into.length === 0) return;
    const descriptor = descriptorOf(entry, file);
    for (let at = 0; at < into.length;) {
      const count = guard(file.path, () => readSync(descriptor, into, at, into.length - at, offset + at));
      if (count === 0) throw new SourceError({ kind: 'changed', path: file.path });
      at += count;
    }
  }

  return {
    read(position, into) {
      const end = position + into.length;
      let at = position;
      for (let index = entryAt(layout.entries, position); at < end; index++) {
        const entry = layout.entries[index];
        const next = Math.min(end, layout.entries[index + 1]?.start ?? layout.plainBytes);
        if (entry === undefined) break;
        const head = entry.head.subarray(Math.min(at - entry.start, entry.head.length)).subarray(0, next - at);
        into.set(head, at - position);
        at += head.length;
        const fileStart = entry.start + entry.head.length;
        const fileEnd = Math.min(next, fileStart + (entry.file?.size ?? 0));
        if (at < fileEnd) {
          readFile(entry, at - fileStart, into.subarray(at - position, fileEnd - position));
          at = fileEnd;
        }
        into.fill(0, at - position, next - position);
        at = next;
      }
    },
    close: () => release(true),
    abandon: () => release(false),
  };
}

function expectSame(descriptor: number, file: NonNullable<SourceEntry['file']>): void {
  const now = guard(file.path, () => fstatSync(descriptor, { bigint: true }));
  if (!sameStamp(stampOf(now), file.stamp)) throw new SourceError({ kind: 'changed', path: file.path });
}

function guard<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new SourceError({ kind: 'read', path, code: (error as NodeJS.ErrnoException).code ?? 'unknown' });
  }
}

/** The last entry that starts at or before the position. */
function entryAt(entries: readonly SourceEntry[], position: number): number {
  let low = 0;
  let high = entries.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((entries[middle]?.start ?? 0) <= position) low = middle;
    else high = middle - 1;
  }
  return low;
}
