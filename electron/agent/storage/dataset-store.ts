import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { manifestSchema, type Manifest } from '../../contract/sealed.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { wireLimits, type DsseEnvelope, type UploadState } from '../../contract/wire.ts';
import { readUnverified } from '../../domain/dsse/dsse.ts';
import { leafHash, merkleRoot } from '../../domain/merkle/merkle.ts';

/** Datasets kept; the one that was not used for longest makes room for a new one. */
const keptDatasets = 16;

interface Upload {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly present: Set<number>;
}

/**
 * Sealed datasets as they arrive, on the agent's own disk: everything here is ciphertext. A part is kept only when its
 * SHA-256 is the one in the manifest; the manifest's signature is checked when an order names its owner (`jobs`).
 */
export class DatasetStore {
  readonly #folder: string;
  /** Least recently used first. */
  readonly #uploads = new Map<string, Upload>();
  readonly #reading = new Set<string>();

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Opens the store and finds uploads of earlier processes, to be resumed. */
  static async open(folder: string): Promise<DatasetStore> {
    const store = new DatasetStore(folder);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const root of await readdir(folder)) await store.#restore(root);
    return store;
  }

  async #restore(root: string): Promise<void> {
    const folder = join(this.#folder, root);
    try {
      const envelope = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as unknown;
      const manifest = readManifest(envelope, root);
      if (!manifest.ok) throw new Error(manifest.error.message);
      const present = new Set<number>();
      for (const name of await readdir(folder)) {
        const index = /^(\d{7})\.part$/.exec(name)?.[1];
        if (index !== undefined) present.add(Number(index));
        else if (name !== 'manifest.json') await rm(join(folder, name), { force: true });
      }
      this.#uploads.set(root, { folder, manifest: manifest.value, present });
    } catch {
      // Half-written by a process that died: sealed bytes that can be sent again.
      await rm(folder, { recursive: true, force: true });
    }
  }

  /**
   * Begins or resumes an upload. Errors: `damaged` (no manifest), `integrity` (its parts do not hash to the root),
   * `invalid_input` (parts larger than the protocol carries), `disk_full`.
   */
  async begin(root: string, envelope: DsseEnvelope): Promise<Result<UploadState>> {
    const manifest = readManifest(envelope, root);
    if (!manifest.ok) return manifest;
    const known = this.#uploads.get(root);
    const folder = known?.folder ?? join(this.#folder, root);
    if (known === undefined) {
      const { bavail, bsize } = await statfs(this.#folder);
      if (bavail * bsize < manifest.value.sealedBytes) {
        return err(
          'disk_full',
          `The node has ${bavail * bsize} bytes free; the dataset has ${manifest.value.sealedBytes}.`,
        );
      }
    }
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeAtomically(join(folder, 'manifest.json'), JSON.stringify(envelope));
    // The root fixes the digest of every part, so parts that are present stay good under any manifest with this root.
    const present = known?.present ?? new Set<number>();
    const upload = { folder, manifest: manifest.value, present };
    this.#uploads.delete(root);
    this.#uploads.set(root, upload);
    await this.#makeRoom();
    return ok(stateOf(upload));
  }

  async #makeRoom(): Promise<void> {
    for (const [root, { folder }] of this.#uploads) {
      if (this.#uploads.size <= keptDatasets) return;
      if (this.#reading.has(root)) continue;
      this.#uploads.delete(root);
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Errors: `not_found`. */
  state(root: string): Result<UploadState> {
    const upload = this.#uploads.get(root);
    return upload === undefined ? unknownDataset(root) : ok(stateOf(upload));
  }

  /** How many bytes part `index` has. Errors: `not_found`. */
  partBytes(root: string, index: number): Result<number> {
    const upload = this.#uploads.get(root);
    if (upload === undefined) return unknownDataset(root);
    const { parts, partSize, sealedBytes } = upload.manifest;
    if (index >= parts.length) return err('not_found', `The dataset has parts 0 to ${parts.length - 1}, not ${index}.`);
    return ok(index === parts.length - 1 ? sealedBytes - partSize * index : partSize);
  }

  /**
   * Takes the bytes of one part as they come; nothing is kept unless length and SHA-256 fit.
   * Errors: `not_found`, `integrity`, `cancelled` (the sender went away).
   */
  async putPart(root: string, index: number, body: AsyncIterable<Uint8Array>): Promise<Result<UploadState>> {
    const expected = this.partBytes(root, index);
    if (!expected.ok) return expected;
    const upload = this.#uploads.get(root);
    const digest = upload?.manifest.parts[index];
    if (upload === undefined || digest === undefined) return unknownDataset(root);
    const waiting = join(upload.folder, `${index}.${randomBytes(6).toString('hex')}.tmp`);
    const received = await receive(waiting, body, expected.value);
    if (!received.ok) {
      await rm(waiting, { force: true });
      return received;
    }
    if (!timingSafeEqual(received.value, Buffer.from(digest, 'hex'))) {
      await rm(waiting, { force: true });
      return err('integrity', `Part ${index} is not the part of the manifest: its SHA-256 differs.`);
    }
    await rename(waiting, partPath(upload.folder, index));
    upload.present.add(index);
    return ok(stateOf(upload));
  }

  /** Whether every part of exactly this (by now verified) manifest is here. */
  isComplete(manifest: Manifest): boolean {
    const upload = this.#uploads.get(manifest.root);
    return upload !== undefined && upload.present.size >= manifest.parts.length;
  }

  /** The sealed bytes in order. */
  async *read(manifest: Manifest): AsyncGenerator<Uint8Array> {
    const folder = join(this.#folder, manifest.root);
    this.#reading.add(manifest.root);
    try {
      for (let index = 0; index < manifest.parts.length; index++) {
        const file = await open(partPath(folder, index), 'r');
        yield* file.createReadStream({ highWaterMark: 1024 * 1024 }) as AsyncIterable<Uint8Array>;
      }
    } finally {
      this.#reading.delete(manifest.root);
    }
  }
}

function readManifest(envelope: unknown, root: string): Result<Manifest> {
  const manifest = readUnverified(envelope, manifestSchema);
  if (!manifest.ok) return manifest;
  if (manifest.value.root !== root || !rootFitsParts(manifest.value)) {
    return err('integrity', 'The parts of the manifest do not hash to the root it is stored under.');
  }
  if (manifest.value.partSize > wireLimits.partBytes) {
    return err(
      'invalid_input',
      `Parts of ${manifest.value.partSize} bytes are too large; at most ${wireLimits.partBytes}.`,
    );
  }
  return manifest;
}

/** Whether the Merkle root of a manifest is the one over its own parts. */
export function rootFitsParts(manifest: Manifest): boolean {
  const root = merkleRoot(manifest.parts.map((part) => leafHash(Buffer.from(part, 'hex'))));
  return timingSafeEqual(root, Buffer.from(manifest.root, 'hex'));
}

async function receive(path: string, body: AsyncIterable<Uint8Array>, expected: number): Promise<Result<Buffer>> {
  const file = await open(path, 'wx', 0o600);
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const piece of body) {
      bytes += piece.length;
      if (bytes > expected) return err('integrity', `More than the ${expected} bytes of this part came.`);
      hash.update(piece);
      await file.write(piece);
    }
  } catch {
    return err('cancelled', `The upload broke off after ${bytes} of ${expected} bytes.`);
  } finally {
    await file.close();
  }
  return bytes === expected ? ok(hash.digest()) : err('integrity', `${bytes} bytes came; this part has ${expected}.`);
}

function stateOf({ manifest, present }: Upload): UploadState {
  return {
    root: manifest.root,
    parts: manifest.parts.length,
    present: [...present].sort((a, b) => a - b),
    complete: present.size >= manifest.parts.length,
  };
}

async function writeAtomically(path: string, text: string): Promise<void> {
  const waiting = `${path}.tmp`;
  await writeFile(waiting, text, { mode: 0o600 });
  await rename(waiting, path);
}

function partPath(folder: string, index: number): string {
  return join(folder, `${String(index).padStart(7, '0')}.part`);
}

function unknownDataset(root: string): Result<never> {
  return err('not_found', `No upload of dataset ${root.slice(0, 12)}… was begun here.`);
}
