import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream, type ReadStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { pack } from 'tar-stream';
import { err, ok, type Result } from '../../contract/result.ts';
import { wireLimits, type Artifact } from '../../contract/wire.ts';
import type { StreamCipher } from '../../domain/sealed/cipher.ts';
import { leafHash, merkleRoot } from '../../domain/merkle/merkle.ts';
import { parseRecipients } from '../../domain/sealed/recipients.ts';
import { createSealer, type Sealer } from '../../domain/sealed/sealer.ts';

/** Bytes of a part that a desk fetches by itself. */
const partSize = 4 * 1_048_576;

/** A piece of an artifact that is being read. */
export interface OpenedArtifact {
  readonly stream: ReadStream;
  /** First and last byte. */
  readonly from: number;
  readonly until: number;
  /** Of the whole artifact. */
  readonly bytes: number;
}

/** A plaintext file on its way into an artifact. */
export interface ArtifactFile {
  /** Relative, with forward slashes. */
  readonly name: string;
  readonly size: number;
  read(): AsyncIterable<Uint8Array>;
}

export interface SealedArtifact {
  readonly artifact: Artifact;
  /** SHA-256 of each plaintext file, in the order of the tar. */
  readonly files: readonly { readonly name: string; readonly sha256: string }[];
}

/**
 * Artifacts on the agent's own disk, sealed to the owner before the first byte gets there: an age file each, with a
 * deterministic tar inside (sorted names, no times, no owners).
 */
export class ArtifactStore {
  readonly #folder: string;
  readonly #cipher: StreamCipher;
  readonly #artifacts = new Map<string, { readonly artifact: Artifact; readonly parts: readonly string[] }>();

  constructor(folder: string, cipher: StreamCipher) {
    this.#folder = folder;
    this.#cipher = cipher;
  }

  list(): Artifact[] {
    return [...this.#artifacts.values()].map(({ artifact }) => artifact);
  }

  /** SHA-256 of each part. Errors: `not_found`. */
  parts(name: string): Result<{ parts: readonly string[] }> {
    const known = this.#artifacts.get(name);
    return known === undefined ? noArtifact(name) : ok({ parts: known.parts });
  }

  /** All of it, or the bytes of a range. Errors: `not_found`, `invalid_input` (no such bytes). */
  open(name: string, range?: { readonly from: number; readonly until: number }): Result<OpenedArtifact> {
    const known = this.#artifacts.get(name);
    if (known === undefined) return noArtifact(name);
    const { bytes } = known.artifact;
    const { from, until } = range ?? { from: 0, until: bytes - 1 };
    if (!(from <= until && until < bytes)) return err('invalid_input', `range: ${name} has bytes 0 to ${bytes - 1}.`);
    return ok({ stream: createReadStream(join(this.#folder, name), { start: from, end: until }), from, until, bytes });
  }

  async remove(name: string): Promise<void> {
    this.#artifacts.delete(name);
    await rm(join(this.#folder, name), { force: true });
  }

  /** Seals files to age recipients. Errors: `invalid_input` for a recipient that is none, or too much output. */
  async seal(
    about: { name: string; kind: Artifact['kind']; step?: number },
    files: readonly ArtifactFile[],
    recipients: readonly string[],
  ): Promise<Result<SealedArtifact>> {
    const total = files.reduce((sum, { size }) => sum + size + 1024, 0);
    if (total > wireLimits.artifactBytes) {
      return err(
        'invalid_input',
        `${about.name} would hold ${total} bytes; at most ${wireLimits.artifactBytes} can be sent.`,
      );
    }
    const parsed = parseRecipients(recipients);
    if (!parsed.ok) return parsed;
    const sealer = createSealer({ recipients: parsed.value, random, cipher: this.#cipher });
    if (!sealer.ok) return sealer;
    const sorted = [...files].sort((a, b) => (a.name < b.name ? -1 : 1));
    const digests: { name: string; sha256: string }[] = [];
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const waiting = join(this.#folder, `${about.name}.tmp`);
    const hash = createHash('sha256');
    const parts = createPartHasher();
    let bytes = 0;
    const sealed = async function* () {
      for await (const piece of sealStream(sealer.value, tarStream(sorted, digests))) {
        hash.update(piece);
        parts.update(piece);
        bytes += piece.length;
        yield piece;
      }
    };
    await pipeline(Readable.from(sealed()), createWriteStream(waiting, { mode: 0o600 }));
    await rename(waiting, join(this.#folder, about.name));
    const partHashes = parts.digests();
    const root = merkleRoot(partHashes.map((part) => leafHash(Buffer.from(part, 'hex'))));
    const artifact: Artifact = {
      ...about,
      bytes,
      sha256: hash.digest('hex'),
      parts: { size: partSize, root: Buffer.from(root).toString('hex') },
    };
    this.#artifacts.set(about.name, { artifact, parts: partHashes });
    return ok({ artifact, files: digests });
  }
}

function noArtifact(name: string): Result<never> {
  return err('not_found', `There is no artifact ${JSON.stringify(name.slice(0, 128))}.`);
}

/** SHA-256 of each part of a stream. */
function createPartHasher(): { update(piece: Uint8Array): void; digests(): string[] } {
  const done: string[] = [];
  let hash = createHash('sha256');
  let filled = 0;
  const close = (): void => {
    done.push(hash.digest('hex'));
    hash = createHash('sha256');
    filled = 0;
  };
  return {
    update(piece) {
      for (let at = 0; at < piece.length;) {
        const taken = piece.subarray(at, at + partSize - filled);
        hash.update(taken);
        filled += taken.length;
        at += taken.length;
        if (filled === partSize) close();
      }
    },
    digests() {
      if (filled > 0) close();
      return done;
    },
  };
}

function random(length: number): Uint8Array {
  return new Uint8Array(randomBytes(length));
}

/** Sealed pieces of a plaintext stream; every piece is its own buffer. */
async function* sealStream(sealer: Sealer, plain: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const pieces: Buffer[] = [];
  const keep = (sealed: Uint8Array): void => void pieces.push(Buffer.from(sealed));
  for await (const piece of plain) {
    sealer.push(piece, keep);
    yield* pieces.splice(0);
  }
  sealer.end(keep);
  yield* pieces;
}

/** A tar of files as one stream; adds each file's digest as it passes. */
async function* tarStream(
  files: readonly ArtifactFile[],
  digests: { name: string; sha256: string }[],
): AsyncGenerator<Uint8Array> {
  const tar = pack();
  const filling = fill(tar, files, digests).catch((error: unknown) => {
    tar.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  for await (const piece of tar) yield piece as Uint8Array;
  await filling;
}

async function fill(
  tar: ReturnType<typeof pack>,
  files: readonly ArtifactFile[],
  digests: { name: string; sha256: string }[],
): Promise<void> {
  for (const file of files) {
    const hash = createHash('sha256');
    const header = { name: file.name, size: file.size, mode: 0o644, uid: 0, gid: 0, mtime: new Date(0) };
    const hashed = async function* () {
      for await (const piece of file.read()) {
        hash.update(piece);
        yield piece;
      }
    };
    await pipeline(Readable.from(hashed()), tar.entry(header));
    digests.push({ name: file.name, sha256: hash.digest('hex') });
  }
  tar.finalize();
}
