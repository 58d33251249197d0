import { createHash, timingSafeEqual, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { err, ok, type Result } from '../../contract/result.ts';
import type { PartReceipt } from '../../contract/wire.ts';

/** Bytes of one part on their way in. */
export interface Incoming {
  readonly body: AsyncIterable<Uint8Array>;
  /** Where in the part they begin. */
  readonly from: number;
  /** Ends the connection they come over: called when the same part comes again over another one. */
  readonly cut: () => void;
}

interface Writer {
  readonly cut: () => void;
  readonly done: Promise<void>;
}

/**
 * Bytes that are gathered before they are written: a TLS record has 16 KiB, and a write for each takes longer than the
 * bytes do. What a killed agent loses of a part is at most this.
 */
const gatheredBytes = 256 * 1024;

const hexDigest = /^[0-9a-f]{64}$/;

/**
 * Sealed parts of one owner under their SHA-256, each once, whoever of this owner's datasets needs it. A file gets its name
 * only when it has that hash and is on the disk (fsync before rename, then fsync of the folder), so a process that is
 * killed, or a machine that loses power, leaves whole parts and beginnings of parts, never a wrong part under a good name.
 */
export class PartStore {
  readonly #whole: string;
  readonly #incoming: string;
  readonly #present = new Set<string>();
  readonly #partial = new Map<string, number>();
  readonly #writers = new Map<string, Writer>();
  /** Running hashes of beginnings, so that the next bytes of a part go on without reading it again. */
  readonly #hashes = new Map<string, { readonly hash: Hash; bytes: number }>();

  private constructor(folder: string) {
    this.#whole = join(folder, 'parts');
    this.#incoming = join(folder, 'incoming');
  }

  /** Opens the store and finds what earlier processes left. */
  static async open(folder: string): Promise<PartStore> {
    const store = new PartStore(folder);
    await mkdir(store.#whole, { recursive: true, mode: 0o700 });
    await mkdir(store.#incoming, { recursive: true, mode: 0o700 });
    for (const name of await readdir(store.#whole)) if (hexDigest.test(name)) store.#present.add(name);
    for (const name of await readdir(store.#incoming)) {
      if (hexDigest.test(name) && !store.#present.has(name)) {
        store.#partial.set(name, (await stat(join(store.#incoming, name))).size);
      } else await rm(join(store.#incoming, name), { force: true });
    }
    return store;
  }

  has(digest: string): boolean {
    return this.#present.has(digest);
  }

  /** Bytes of a part that has begun to come; 0 for any other. */
  partialBytes(digest: string): number {
    return this.#partial.get(digest) ?? 0;
  }

  /**
   * Takes bytes of a part as they come and keeps them, also when the sender goes away in the middle. The part becomes
   * present when `expected` bytes are there and have its hash; otherwise nothing of it is kept.
   * Errors: `wrong_state` (a gap: `from` is beyond what is kept), `integrity`, `cancelled`, `disk_full`.
   */
  async receive(digest: string, expected: number, incoming: Incoming): Promise<Result<PartReceipt>> {
    // A desk that lost its line comes back before this side has noticed: the newer connection is the living one.
    for (let other = this.#writers.get(digest); other !== undefined; other = this.#writers.get(digest)) {
      other.cut();
      await other.done;
    }
    if (this.#present.has(digest)) return ok({ bytes: expected, whole: true });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#writers.set(digest, { cut: incoming.cut, done: promise });
    try {
      return await this.#receive(digest, expected, incoming);
    } finally {
      this.#writers.delete(digest);
      resolve();
    }
  }

  async #receive(digest: string, expected: number, { body, from }: Incoming): Promise<Result<PartReceipt>> {
    const kept = this.partialBytes(digest);
    if (from > kept)
      return err('wrong_state', `${kept} bytes of this part are here, so it goes on there, not at ${from}.`);
    const path = join(this.#incoming, digest);
    let file: FileHandle;
    try {
      file = await open(path, kept === 0 ? 'w+' : 'r+', 0o600);
    } catch (error) {
      return diskError(error);
    }
    let bytes = from;
    let broken: ReturnType<typeof err> | undefined;
    try {
      if (from < kept) await file.truncate(from);
      const running = await this.#hashTo(digest, file, from);
      for await (const piece of gather(guardedBody(body))) {
        if (piece === undefined) {
          broken = err('cancelled', `The upload broke off after ${bytes} of ${expected} bytes.`);
          break;
        }
        if (bytes + piece.length > expected) {
          broken = err('integrity', `More than the ${expected} bytes of this part came.`);
          break;
        }
        await writeFully(file, piece, bytes);
        running.hash.update(piece);
        bytes += piece.length;
        running.bytes = bytes;
        this.#partial.set(digest, bytes);
      }
      if (broken !== undefined && broken.error.code === 'cancelled') return broken;
      if (broken === undefined && bytes < expected) return ok({ bytes, whole: false });
      if (broken === undefined && timingSafeEqual(running.hash.digest(), Buffer.from(digest, 'hex'))) {
        await file.sync();
      } else broken ??= err('integrity', 'The bytes are not the part of the manifest: their SHA-256 differs.');
    } catch (error) {
      return diskError(error);
    } finally {
      await file.close();
    }
    this.#hashes.delete(digest);
    this.#partial.delete(digest);
    if (broken !== undefined) {
      await rm(path, { force: true });
      return broken;
    }
    try {
      await rename(path, this.path(digest));
      await syncFolder(this.#whole);
    } catch (error) {
      return diskError(error);
    }
    this.#present.add(digest);
    return ok({ bytes: expected, whole: true });
  }

  /** A running hash over the first `bytes` of a file: the one that is kept when it stands there, else read again. */
  async #hashTo(digest: string, file: FileHandle, bytes: number): Promise<{ readonly hash: Hash; bytes: number }> {
    const kept = this.#hashes.get(digest);
    if (kept?.bytes === bytes) return kept;
    const hash = createHash('sha256');
    const buffer = new Uint8Array(Math.min(bytes, 1024 * 1024));
    for (let at = 0; at < bytes;) {
      const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, bytes - at), at);
      if (bytesRead === 0) break;
      hash.update(buffer.subarray(0, bytesRead));
      at += bytesRead;
    }
    const made = { hash, bytes };
    this.#hashes.set(digest, made);
    return made;
  }

  /** The bytes of a present part. */
  read(digest: string): AsyncIterable<Uint8Array> {
    return createReadStream(this.path(digest), { highWaterMark: 1024 * 1024 });
  }

  path(digest: string): string {
    return join(this.#whole, digest);
  }

  async remove(digest: string): Promise<void> {
    this.#present.delete(digest);
    this.#partial.delete(digest);
    this.#hashes.delete(digest);
    await rm(this.path(digest), { force: true });
    await rm(join(this.#incoming, digest), { force: true });
  }

  /** Removes all parts, whole or not, that `wanted` does not name; what is being written stays. */
  async keepOnly(wanted: ReadonlySet<string>): Promise<void> {
    for (const digest of [...this.#present, ...this.#partial.keys()]) {
      if (!wanted.has(digest) && !this.#writers.has(digest)) await this.remove(digest);
    }
  }
}

/** The pieces of a body; undefined in place of a break, so that what the disk throws is not taken for one. */
async function* guardedBody(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array | undefined> {
  const pieces = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await pieces.next().catch(() => undefined);
      if (next === undefined) yield undefined;
      if (next === undefined || next.done === true) return;
      yield next.value;
    }
  } finally {
    await pieces.return?.().catch(() => undefined);
  }
}

/** The same bytes in fewer pieces; what came before a break comes before it here too. */
async function* gather(pieces: AsyncIterable<Uint8Array | undefined>): AsyncGenerator<Uint8Array | undefined> {
  let kept: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    if (piece !== undefined) {
      kept.push(piece);
      bytes += piece.length;
    }
    if (bytes > 0 && (piece === undefined || bytes >= gatheredBytes)) {
      yield Buffer.concat(kept, bytes);
      kept = [];
      bytes = 0;
    }
    if (piece === undefined) yield undefined;
  }
  if (bytes > 0) yield Buffer.concat(kept, bytes);
}

async function writeFully(file: FileHandle, piece: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < piece.length;) {
    const { bytesWritten } = await file.write(piece, at, piece.length - at, position + at);
    at += bytesWritten;
  }
}

/** Makes names that were given in a folder last through a loss of power. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function diskError(error: unknown): Result<never> {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  if (code === 'ENOSPC' || code === 'EDQUOT') return err('disk_full', 'The disk of the node is full.');
  return err('unavailable', `The node could not write to its disk (${code}).`);
}
