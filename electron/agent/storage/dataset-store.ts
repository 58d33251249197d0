import { createHash, timingSafeEqual } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat, statfs, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { manifestSchema, type Manifest } from '../../contract/sealed.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import {
  payloadTypes,
  wireLimits,
  type DsseEnvelope,
  type PartReceipt,
  type UploadState,
} from '../../contract/wire.ts';
import { keyIdOf, readUnverified, verifyJson, type VerifySignature } from '../../domain/dsse/dsse.ts';
import { leafHash, merkleRoot } from '../../domain/merkle/merkle.ts';
import { PartStore, syncFolder, type Incoming } from './part-store.ts';

/** Datasets kept; the one that was not used for longest makes room for a new one. */
const keptDatasets = 16;

export interface DatasetStoreOptions {
  readonly folder: string;
  readonly verify: VerifySignature;
  /** Sealed bytes of all datasets together at most; the one that was not used for longest makes room. */
  readonly keptBytes: number;
}

/** An owner, as a verified access or order names it: raw Ed25519 key. */
export type OwnerKey = Uint8Array;

interface Upload {
  readonly owner: string;
  readonly manifest: Manifest;
  readonly parts: PartStore;
  checkedBytes: number;
  whole: boolean;
  checking: boolean;
}

/**
 * Sealed datasets as they arrive, on the agent's own disk: everything here is ciphertext.
 *
 * Parts are kept by content, so no owner sends a part twice to this node. They are NOT shared between owners: an agent
 * that answered "I have this part already" to anyone who names its hash would tell one owner what another one trains on
 * (a hash is not secret to whoever once saw the sealed file), and would let someone who has only a manifest claim bytes
 * he never held. So each owner has a folder of his own, and its name comes from the key that signed the access grant:
 * whoever cannot sign for that key can neither ask nor add. What crosses owners is only room on the disk, and the
 * sentence about a full disk names no figure.
 */
export class DatasetStore {
  readonly #options: DatasetStoreOptions;
  readonly #stores = new Map<string, PartStore>();
  /** By owner and root; least recently used first. */
  readonly #uploads = new Map<string, Upload>();
  readonly #reading = new Map<string, number>();

  private constructor(options: DatasetStoreOptions) {
    this.#options = options;
  }

  /** Opens the store and finds uploads of earlier processes, to be resumed. */
  static async open(options: DatasetStoreOptions): Promise<DatasetStore> {
    const store = new DatasetStore(options);
    await mkdir(options.folder, { recursive: true, mode: 0o700 });
    const found: { owner: string; root: string; usedAt: number }[] = [];
    for (const owner of await readdir(options.folder)) {
      if (!/^[0-9a-f]{64}$/.test(owner)) {
        await rm(join(options.folder, owner), { recursive: true, force: true });
        continue;
      }
      const folder = join(options.folder, owner, 'manifests');
      for (const name of await readdir(folder).catch(() => [])) {
        const root = /^([0-9a-f]{64})\.json$/.exec(name)?.[1];
        // Half-written by a process that died; the desk sends it again.
        if (root === undefined) await rm(join(folder, name), { force: true });
        else found.push({ owner, root, usedAt: (await stat(join(folder, name))).mtimeMs });
      }
    }
    for (const { owner, root } of found.sort((a, b) => a.usedAt - b.usedAt)) await store.#restore(owner, root);
    for (const owner of new Set([...store.#stores.keys(), ...found.map((entry) => entry.owner)])) {
      await store.#collect(owner);
    }
    return store;
  }

  async #restore(owner: string, root: string): Promise<void> {
    const path = this.#manifestPath(owner, root);
    try {
      const envelope = JSON.parse(await readFile(path, 'utf8')) as unknown;
      // Its signature was checked when it came, and it lies in the folder of the key that made it.
      const manifest = checkManifest(readUnverified(envelope, manifestSchema), root);
      if (!manifest.ok) throw new Error(manifest.error.message);
      await this.#add(owner, manifest.value);
    } catch {
      await rm(path, { force: true });
    }
  }

  async #add(owner: string, manifest: Manifest): Promise<Upload> {
    const parts = this.#stores.get(owner) ?? (await PartStore.open(join(this.#options.folder, owner)));
    this.#stores.set(owner, parts);
    const key = keyOf(owner, manifest.root);
    // The root fixes the digest of every part, so what was checked stays checked under any manifest with this root.
    const known = this.#uploads.get(key);
    const upload = { owner, manifest, parts, checkedBytes: known?.checkedBytes ?? 0, whole: known?.whole ?? false };
    const entry: Upload = { ...upload, checking: false };
    this.#uploads.delete(key);
    this.#uploads.set(key, entry);
    return entry;
  }

  /**
   * Begins or resumes an upload. Errors: `damaged` (no manifest), `integrity` (the owner did not sign it, or its parts do
   * not hash to the root), `invalid_input` (parts larger than the protocol carries), `disk_full`.
   */
  async begin(ownerKey: OwnerKey, root: string, envelope: DsseEnvelope): Promise<Result<UploadState>> {
    const { folder, verify } = this.#options;
    const signed = verifyJson(envelope, manifestSchema, {
      payloadType: payloadTypes.manifest,
      trusted: [{ publicKey: ownerKey }],
      verify,
    });
    const manifest = checkManifest(signed.ok ? ok(signed.value.value) : signed, root);
    if (!manifest.ok) return manifest;
    const owner = keyIdOf(ownerKey);
    await mkdir(join(folder, owner, 'manifests'), { recursive: true, mode: 0o700 });
    const upload = await this.#add(owner, manifest.value);
    await this.#makeRoom();
    if (!(await this.#fits(upload))) {
      await this.#drop(upload);
      return err('disk_full', 'The node has not enough free disk for this dataset.');
    }
    await writeAtomically(this.#manifestPath(owner, root), JSON.stringify(envelope));
    this.#check(upload);
    return ok(stateOf(upload));
  }

  async #fits({ manifest, parts }: Upload): Promise<boolean> {
    const missing = manifest.parts.filter((digest) => !parts.has(digest)).length * manifest.partSize;
    for (;;) {
      const { bavail, bsize } = await statfs(this.#options.folder);
      if (bavail * bsize >= Math.min(missing, manifest.sealedBytes)) return true;
      if (!(await this.#dropOldest(manifest.root))) return false;
    }
  }

  async #makeRoom(): Promise<void> {
    const bytes = () => [...this.#uploads.values()].reduce((sum, { manifest }) => sum + manifest.sealedBytes, 0);
    const newest = [...this.#uploads.values()].at(-1)?.manifest.root ?? '';
    while (this.#uploads.size > keptDatasets || bytes() > this.#options.keptBytes) {
      if (!(await this.#dropOldest(newest))) return;
    }
  }

  /** @returns false when nothing could be dropped: all others are being read. */
  async #dropOldest(except: string): Promise<boolean> {
    for (const [key, upload] of this.#uploads) {
      if (this.#reading.has(key) || upload.manifest.root === except) continue;
      await this.#drop(upload);
      return true;
    }
    return false;
  }

  async #drop({ owner, manifest }: Upload): Promise<void> {
    this.#uploads.delete(keyOf(owner, manifest.root));
    await rm(this.#manifestPath(owner, manifest.root), { force: true });
    await this.#collect(owner);
  }

  /** Removes parts that no manifest of this owner names any more. */
  async #collect(owner: string): Promise<void> {
    const wanted = new Set<string>();
    for (const upload of this.#uploads.values()) {
      if (upload.owner === owner) for (const digest of upload.manifest.parts) wanted.add(digest);
    }
    if (wanted.size === 0) {
      this.#stores.delete(owner);
      await rm(join(this.#options.folder, owner), { recursive: true, force: true });
    } else await this.#stores.get(owner)?.keepOnly(wanted);
  }

  /** Errors: `not_found`. */
  state(ownerKey: OwnerKey, root: string): Result<UploadState> {
    const upload = this.#find(ownerKey, root);
    if (!upload.ok) return upload;
    this.#check(upload.value);
    return ok(stateOf(upload.value));
  }

  /** Takes bytes of one part as they come. Errors: `not_found`, and those of `PartStore.receive`. */
  async putPart(ownerKey: OwnerKey, root: string, index: number, incoming: Incoming): Promise<Result<PartReceipt>> {
    const upload = this.#find(ownerKey, root);
    if (!upload.ok) return upload;
    const { manifest, parts } = upload.value;
    const digest = manifest.parts[index];
    if (digest === undefined) {
      return err('not_found', `The dataset has parts 0 to ${manifest.parts.length - 1}, not ${index}.`);
    }
    const received = await parts.receive(digest, partBytes(manifest, index), incoming);
    if (received.ok && received.value.whole) this.#check(upload.value);
    return received;
  }

  /** Once all parts are present: reads them again in order and compares the Merkle root; bad ones are dropped. */
  #check(upload: Upload): void {
    const { manifest, parts } = upload;
    if (upload.whole || upload.checking || !manifest.parts.every((digest) => parts.has(digest))) return;
    upload.checking = true;
    upload.checkedBytes = 0;
    const read = async () => {
      const leaves: Uint8Array[] = [];
      for (const digest of manifest.parts) {
        const hash = createHash('sha256');
        try {
          for await (const piece of parts.read(digest)) {
            hash.update(piece);
            upload.checkedBytes += piece.length;
          }
        } catch {
          // Unreadable is as bad as wrong: the digest below will not fit.
          hash.update('unreadable');
        }
        const found = hash.digest();
        if (!timingSafeEqual(found, Buffer.from(digest, 'hex'))) await parts.remove(digest);
        leaves.push(leafHash(found));
      }
      upload.whole = timingSafeEqual(merkleRoot(leaves), Buffer.from(manifest.root, 'hex'));
    };
    void read().finally(() => {
      upload.checking = false;
    });
  }

  /** Whether every part of exactly this (by now verified) manifest is here and was read as a whole. */
  isComplete(ownerKey: OwnerKey, manifest: Manifest): boolean {
    const upload = this.#find(ownerKey, manifest.root);
    return upload.ok && upload.value.whole;
  }

  /** The sealed bytes in order; nothing of them is dropped while they are read. */
  async *read(ownerKey: OwnerKey, manifest: Manifest): AsyncGenerator<Uint8Array> {
    const key = keyOf(keyIdOf(ownerKey), manifest.root);
    const upload = this.#uploads.get(key);
    if (upload === undefined) throw new Error('a dataset is read only when it is complete');
    this.#reading.set(key, (this.#reading.get(key) ?? 0) + 1);
    try {
      const now = new Date();
      await utimes(this.#manifestPath(upload.owner, manifest.root), now, now);
      for (const digest of manifest.parts) yield* upload.parts.read(digest);
    } finally {
      const others = (this.#reading.get(key) ?? 1) - 1;
      if (others > 0) this.#reading.set(key, others);
      else this.#reading.delete(key);
    }
  }

  #find(ownerKey: OwnerKey, root: string): Result<Upload> {
    const upload = this.#uploads.get(keyOf(keyIdOf(ownerKey), root));
    return upload === undefined
      ? err('not_found', `No upload of dataset ${root.slice(0, 12)}… was begun here.`)
      : ok(upload);
  }

  #manifestPath(owner: string, root: string): string {
    return join(this.#options.folder, owner, 'manifests', `${root}.json`);
  }
}

function keyOf(owner: string, root: string): string {
  return `${owner}/${root}`;
}

function checkManifest(manifest: Result<Manifest>, root: string): Result<Manifest> {
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

function partBytes({ parts, partSize, sealedBytes }: Manifest, index: number): number {
  return index === parts.length - 1 ? sealedBytes - partSize * index : partSize;
}

function stateOf({ manifest, parts, checkedBytes, whole }: Upload): UploadState {
  const present: number[] = [];
  const partial: UploadState['partial'] = [];
  for (const [part, digest] of manifest.parts.entries()) {
    const bytes = parts.partialBytes(digest);
    if (parts.has(digest)) present.push(part);
    else if (bytes > 0) partial.push({ part, bytes });
  }
  return { root: manifest.root, parts: manifest.parts.length, present, partial, checkedBytes, complete: whole };
}

async function writeAtomically(path: string, text: string): Promise<void> {
  const waiting = `${path}.tmp`;
  const file = await open(waiting, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(waiting, path);
  await syncFolder(join(path, '..'));
}
