import { createHash, timingSafeEqual } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { DsseEnvelope } from '../../contract/dsse.ts';
import { payloadTypes } from '../../contract/dsse.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { manifestSchema, type Manifest } from '../../contract/sealed.ts';
import { verifyJson, type TrustedKey, type VerifySignature } from '../../domain/dsse/dsse.ts';
import { parseHeader } from '../../domain/sealed/header.ts';
import { fileKeyOpener, unwrapFileKey, type Identity } from '../../domain/sealed/identities.ts';
import { headerDigest, openAgeFile, readFully } from './age-file.ts';
import { fileError } from './file-errors.ts';
import { parseManifest } from './manifest.ts';

declare const sealedDatasetBrand: unique symbol;

/**
 * A sealed file and the signed manifest that was checked against it. Launching takes one, and only `loadSealedDataset`
 * makes it: no job can name data whose manifest nobody signed.
 */
export interface SealedDataset {
  readonly [sealedDatasetBrand]: true;
  readonly path: string;
  readonly root: string;
  readonly manifest: Manifest;
  readonly manifestEnvelope: DsseEnvelope;
  /** SHA-256 of the signed payload, hex: what a job order names. */
  readonly manifestSha256: string;
  /** Sealed bytes of one part, checked against the manifest. Errors: `integrity`, and those of the file system. */
  readPart(index: number): Promise<Result<Uint8Array>>;
  /** The same as it lies in the file, unchecked: for whoever compares its hash himself, as a node does. */
  readPartUnchecked(index: number): Promise<Result<Uint8Array>>;
  /**
   * The 16-byte file key, by the identities given when it was loaded: what a key release wraps.
   * Errors: those of the identity source (`locked`), `invalid_input`, `integrity`.
   */
  fileKey(): Promise<Result<Uint8Array>>;
}

export interface LoadOptions {
  readonly path: string;
  readonly envelope: unknown;
  /** Keys whose manifests are believed. */
  readonly trusted: readonly TrustedKey[];
  /** Asked anew at each `fileKey`: a locked vault answers with an error. */
  readonly identities: () => Result<readonly Identity[]>;
  readonly verify?: VerifySignature;
  /** An age header that wraps the same file key for other recipients; used in place of the one in the file. */
  readonly detachedHeader?: Uint8Array;
}

/**
 * Checks the manifest's signature, root and age header against the file. The parts themselves are checked when they are
 * read (`readPart`) or all at once by `verifyParts` of the service.
 * Errors: `damaged`, `integrity`, `not_found` and others of the file system.
 */
export async function loadSealedDataset(options: LoadOptions): Promise<Result<SealedDataset>> {
  const verified = verifyJson(options.envelope, manifestSchema, {
    payloadType: payloadTypes.manifest,
    trusted: options.trusted,
    ...(options.verify === undefined ? {} : { verify: options.verify }),
  });
  if (!verified.ok) return verified;
  const manifest = parseManifest(verified.value.value);
  if (!manifest.ok) return manifest;
  if (manifest.value.compression !== undefined) {
    return err('invalid_input', `${options.path} is compressed; nodes open only data that is sealed as it is.`, {
      hint: 'Seal it again without compression.',
    });
  }
  const checked = await matchesFile(options.path, manifest.value);
  if (!checked.ok) return checked;
  const { path } = options;
  const facts = {
    path,
    root: manifest.value.root,
    manifest: manifest.value,
    // Verified above to be an envelope.
    manifestEnvelope: options.envelope as DsseEnvelope,
    manifestSha256: createHash('sha256').update(verified.value.payload).digest('hex'),
    readPart: (index: number) => readPart(path, manifest.value, index),
    readPartUnchecked: (index: number) => readPartUnchecked(path, manifest.value, index),
    fileKey: () => readFileKey(path, manifest.value, options.identities, options.detachedHeader),
  };
  // The one place where the brand is given.
  return ok(facts as SealedDataset);
}

/** Whether a file has the size and the age header of a manifest. Errors: `integrity`, and those of `openAgeFile`. */
async function matchesFile(path: string, manifest: Manifest): Promise<Result<void>> {
  const file = await openAgeFile(path);
  if (!file.ok) return file;
  try {
    if (file.value.sealedBytes !== manifest.sealedBytes) {
      return err(
        'integrity',
        `${path} has ${file.value.sealedBytes} bytes; its manifest says ${manifest.sealedBytes}.`,
      );
    }
    return headerDigest(file.value.header.bytes) === manifest.ageHeaderSha256
      ? ok(undefined)
      : err('integrity', `The age header of ${path} is not the one of its manifest.`);
  } finally {
    await file.value.close();
  }
}

async function readPart(path: string, manifest: Manifest, index: number): Promise<Result<Uint8Array>> {
  const part = await readPartUnchecked(path, manifest, index);
  if (!part.ok) return part;
  const expected = Buffer.from(manifest.parts[index] ?? '', 'hex');
  const found = createHash('sha256').update(part.value).digest();
  return expected.length === found.length && timingSafeEqual(found, expected)
    ? part
    : err('integrity', `Part ${index + 1} of ${path} is not the one of its manifest.`, { details: { part: index } });
}

async function readPartUnchecked(path: string, manifest: Manifest, index: number): Promise<Result<Uint8Array>> {
  if (manifest.parts[index] === undefined) {
    return err('invalid_input', `There is no part ${index + 1}; the dataset has ${manifest.parts.length}.`);
  }
  const from = index * manifest.partSize;
  return readRange(path, from, Math.min(manifest.partSize, manifest.sealedBytes - from));
}

async function readFileKey(
  path: string,
  manifest: Manifest,
  identities: () => Result<readonly Identity[]>,
  detached: Uint8Array | undefined,
): Promise<Result<Uint8Array>> {
  const available = identities();
  if (!available.ok) return available;
  const matches = await matchesFile(path, manifest);
  if (!matches.ok) return matches;
  const file = await openAgeFile(path);
  if (!file.ok) return file;
  await file.value.close();
  if (detached === undefined) return unwrapFileKey(file.value.header, available.value);
  const header = parseHeader(detached);
  if (!header.ok) return header;
  const fileKey = unwrapFileKey(header.value, available.value);
  // The MAC of the file's own header says whether the rewrapped key is this file's.
  return fileKey.ok ? fileKeyOpener(fileKey.value)(file.value.header) : fileKey;
}

async function readRange(path: string, from: number, length: number): Promise<Result<Uint8Array>> {
  try {
    const handle = await open(path, 'r');
    try {
      const bytes = new Uint8Array(length);
      await readFully(handle, bytes, from);
      return ok(bytes);
    } finally {
      await handle.close();
    }
  } catch (error) {
    return fileError('Reading', path, error);
  }
}
