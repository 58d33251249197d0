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
import { parseRecipients } from '../../domain/sealed/recipients.ts';
import { createSealer, type Sealer } from '../../domain/sealed/sealer.ts';

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
  readonly #artifacts = new Map<string, Artifact>();

  constructor(folder: string, cipher: StreamCipher) {
    this.#folder = folder;
    this.#cipher = cipher;
  }

  list(): Artifact[] {
    return [...this.#artifacts.values()];
  }

  /** Errors: `not_found`. */
  open(name: string): Result<{ artifact: Artifact; stream: ReadStream }> {
    const artifact = this.#artifacts.get(name);
    if (artifact === undefined) return err('not_found', `There is no artifact ${JSON.stringify(name.slice(0, 128))}.`);
    return ok({ artifact, stream: createReadStream(join(this.#folder, name)) });
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
    let bytes = 0;
    const sealed = async function* () {
      for await (const piece of sealStream(sealer.value, tarStream(sorted, digests))) {
        hash.update(piece);
        bytes += piece.length;
        yield piece;
      }
    };
    await pipeline(Readable.from(sealed()), createWriteStream(waiting, { mode: 0o600 }));
    await rename(waiting, join(this.#folder, about.name));
    const artifact: Artifact = { ...about, bytes, sha256: hash.digest('hex') };
    this.#artifacts.set(about.name, artifact);
    return ok({ artifact, files: digests });
  }
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
