/**
 * What the main thread and the sealing workers say to each other. Files are named by descriptor (shared by all threads
 * of a process, so that every worker reads the very file that was opened) or, for what is sealed, by path and stamp.
 */

/**
 * Chunks that are read, sealed, hashed and written in one go: 1 MiB, each sealed where it was read. In a loop of only these
 * steps on tmpfs a MiB cost 1.17 ms of processor time so, and 1.40 at 256 KiB from one buffer into another (least of three
 * runs); in the whole service, on a busy machine, the two differ by less than its noise.
 */
export const segmentChunks = 16;

/** Chunks that are read, opened and written in one go: 256 KiB, so that sealed and plain bytes stay in the L2 cache. */
export const openedChunks = 4;

/** What a worker claims at once where no part is hashed: 1 MiB of plaintext. */
export const claimChunks = 16;

/** Layout of the shared control block, an `Int32Array`. */
export const control = {
  /** Next segment or part to claim. */
  next: 0,
  /** Finished ones, for the progress. */
  done: 1,
  /** Not 0: stop before the next claim. */
  stop: 2,
  /** Segments that an interrupted run had written already. */
  reused: 3,
  /** Not 0: leave the task before the next claim; the pool takes it up again when it is 0. */
  pause: 4,
  /** Not 0: a thread left because of a pause, so that not all is claimed. */
  left: 5,
  words: 6,
} as const;

export function createControl(): SharedArrayBuffer {
  return new SharedArrayBuffer(control.words * 4);
}

export function reusedSegments(block: SharedArrayBuffer): number {
  return Atomics.load(new Int32Array(block), control.reused);
}

/**
 * One member of the plaintext. Kept small: a folder may have a hundred thousand of them, and every worker has a copy. So
 * tar headers are written when they are read, not here.
 */
export interface SourceEntry {
  /** Offset in the plaintext: of the tar header, or of the content when there is none. */
  readonly start: number;
  /** Bytes of the tar header; 0 for a file that is sealed alone. */
  readonly headLength: number;
  /** Relative to `root`, with `/`; ends in `/` for a directory. */
  readonly name: string;
  /** Bytes of content; 0 for a directory. */
  readonly size: number;
  readonly executable: boolean;
  /** When it was changed, in seconds; only where times are kept. */
  readonly time?: number;
  /** Device, inode, size and times in nanoseconds: whether the file is still the one that was looked at. */
  readonly stamp: string;
}

/** A plaintext made of files at known places, so that any part of it can be read alone. Gaps and the end are zeros. */
export interface SourceLayout {
  /** Folder that names are relative to. */
  readonly root: string;
  readonly plainBytes: number;
  /** By `start`, ascending. */
  readonly entries: readonly SourceEntry[];
}

export interface SealTask {
  readonly kind: 'seal';
  readonly control: SharedArrayBuffer;
  readonly source: SourceLayout;
  readonly key: Uint8Array;
  readonly out: number;
  /** Header and payload nonce, written already; the first chunk follows. */
  readonly prefix: Uint8Array;
  /** Also SHA-256 of every part of the sealed file: workers then claim parts, and hash what they seal in the same pass. */
  readonly parts?: { readonly size: number; readonly digests: SharedArrayBuffer };
  /** `out` holds what an interrupted run under this key wrote: see `compareWritten`. */
  readonly resume: boolean;
}

export interface OpenTask {
  readonly kind: 'open';
  readonly control: SharedArrayBuffer;
  /** Descriptor, and where the first chunk lies. */
  readonly sealed: number;
  readonly sealedOffset: number;
  readonly plainBytes: number;
  readonly key: Uint8Array;
  readonly out: number;
  /** `out` holds what an interrupted run wrote; what is right is not written again. */
  readonly resume: boolean;
}

export interface HashTask {
  readonly kind: 'hash';
  readonly control: SharedArrayBuffer;
  readonly file: number;
  readonly bytes: number;
  readonly partSize: number;
  /** 32 bytes a part, written where they belong. */
  readonly digests: SharedArrayBuffer;
}

export type SegmentTask = SealTask | OpenTask | HashTask;

/** Why a worker gave up. `code` is the errno name where the system gave one. */
export type TaskFailure =
  | { readonly kind: 'read'; readonly path?: string; readonly code: string }
  | { readonly kind: 'write'; readonly code: string }
  | { readonly kind: 'changed'; readonly path?: string }
  | { readonly kind: 'damaged'; readonly chunk: number }
  /** What an interrupted run sealed is not what this content gives under the same key: it needs a new key. */
  | { readonly kind: 'stale' };

/** Whoever may hold a task: a listener is told true at each pause and false when it is over. */
export interface PauseSource {
  onPause(listener: (paused: boolean) => void): void;
}

/** Runs a task on every thread it has. Undefined when all of it is done, or it was stopped. */
export interface SealingPool {
  /** Threads that work on a task. */
  readonly size: number;
  /** Backend of the workers, for the log. */
  readonly cipherName: string;
  run(task: SegmentTask): Promise<TaskFailure | undefined>;
  close(): Promise<void>;
}
