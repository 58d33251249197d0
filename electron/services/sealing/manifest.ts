import {
  manifestSchema,
  partCountMaximum,
  partSizeLimits,
  type DatasetSchema,
  type Manifest,
} from '../../contract/sealed.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { leafHash, merkleRoot } from '../../domain/merkle/merkle.ts';

/**
 * The part size for a sealed file of this many bytes: 4 MiB, doubled until 8,192 parts are enough, so that a manifest
 * stays small enough for one request; at most 64 MiB.
 */
export function partSizeFor(sealedBytes: number): number {
  let size: number = partSizeLimits.standard;
  while (size < partSizeLimits.maximum && sealedBytes / size > 8192) size *= 2;
  return size;
}

/** Cuts the digests of a hash task into hex, one a part. */
export function partDigests(digests: SharedArrayBuffer): string[] {
  const bytes = Buffer.from(digests);
  return Array.from({ length: bytes.length / 32 }, (_, i) => bytes.subarray(i * 32, (i + 1) * 32).toString('hex'));
}

/** The tree head over part hashes (hex SHA-256), hex: each 32-byte hash is one entry. */
export function partsRoot(parts: readonly string[]): string {
  return Buffer.from(merkleRoot(parts.map((part) => leafHash(Buffer.from(part, 'hex'))))).toString('hex');
}

export interface ManifestFacts {
  readonly name: string;
  readonly kind: 'file' | 'folder';
  readonly sealedBytes: number;
  readonly plainBytes: number;
  readonly compression?: Manifest['compression'];
  readonly partSize: number;
  readonly parts: readonly string[];
  readonly ageHeaderSha256: string;
  readonly recipients: readonly string[];
  readonly schema?: DatasetSchema;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Makes a manifest. Errors: `invalid_input` when it would break a limit of the format. */
export function createManifest(facts: ManifestFacts): Result<Manifest> {
  const { now, parts, recipients, ...rest } = facts;
  if (parts.length > partCountMaximum) {
    return err('invalid_input', `The dataset has ${parts.length} parts; one manifest holds ${partCountMaximum}.`, {
      hint: 'Use larger parts, or split the dataset.',
    });
  }
  const manifest = manifestSchema.safeParse({
    version: 1,
    ...rest,
    parts: [...parts],
    recipients: [...recipients],
    root: partsRoot(parts),
    createdAt: new Date(now).toISOString(),
  });
  if (manifest.success) return ok(manifest.data);
  const issue = manifest.error.issues[0];
  return err('invalid_input', `The manifest would not be valid: ${issue?.path.join('.')}: ${issue?.message}.`);
}

/**
 * Reads a manifest from anywhere and checks that its root is that of its parts.
 * Errors: `damaged`, naming the place; `integrity` when root and parts do not belong together.
 */
export function parseManifest(input: unknown): Result<Manifest> {
  const manifest = manifestSchema.safeParse(input);
  if (!manifest.success) {
    const issue = manifest.error.issues[0];
    return err('damaged', `This is not a manifest: ${issue?.path.join('.')}: ${issue?.message}.`);
  }
  if (partsRoot(manifest.data.parts) !== manifest.data.root) {
    return err('integrity', 'The root of the manifest is not that of its parts: it was changed.');
  }
  return ok(manifest.data);
}
