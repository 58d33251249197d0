import { resolve } from 'node:path';
import { err, ok, type Result } from '../contract/result.ts';
import type { Manifest } from '../contract/sealed.ts';
import { createStandaloneSealing, readManifestFile, type SealingService } from '../core/sealing.ts';
import { exitCodes, printJson, type CommandIo } from './command.ts';
import { formatBytes } from './format.ts';
import { createSealProgress } from './seal-progress.ts';

/** What was said on the command line about a sealed file that lies anywhere. */
export interface KeylessOptions {
  readonly file: string;
  /** Its manifest: plain JSON, or a signed envelope. */
  readonly manifest?: string | undefined;
  /** Raw Ed25519 key of who must have signed the envelope, base64. */
  readonly owner?: string | undefined;
  readonly json: boolean;
}

/** Sizes, recipients, and with a manifest parts, root and schema of a sealed file: no key, no vault. */
export function inspectFile(io: CommandIo, options: KeylessOptions): Promise<Result<number>> {
  return withSealing(async (sealing) => {
    const file = resolve(io.cwd, options.file);
    const seen = await sealing.inspect(file);
    if (!seen.ok) {
      const hint = 'nacre dataset preview shows data that is not sealed.';
      return { ok: false, error: { hint, ...seen.error } };
    }
    const manifest = options.manifest === undefined ? ok(undefined) : await readManifest(io, options, options.manifest);
    if (!manifest.ok) return manifest;
    const { sealedBytes, plainBytes, recipientKinds, ageHeaderSha256 } = seen.value;
    const parts = manifest.value;
    if (parts !== undefined && parts.manifest.ageHeaderSha256 !== ageHeaderSha256) {
      return err('integrity', `${options.manifest ?? ''} is the manifest of another file: the age headers differ.`);
    }
    if (options.json) {
      printJson(
        io,
        parts === undefined ? seen.value : { ...seen.value, ...facts(parts.manifest), signed: parts.signed },
      );
      return ok(exitCodes.ok);
    }
    io.out(`age v1, ${formatBytes(sealedBytes)} sealed, ${formatBytes(plainBytes)} inside\n`);
    io.out(`recipients: ${recipientKinds.join(', ')}\nheader SHA-256 ${ageHeaderSha256}\n`);
    if (parts !== undefined) {
      printManifest(io, parts.manifest);
      io.out(`${signatureWords[parts.signed]}\n`);
    }
    return ok(exitCodes.ok);
  });
}

/** Reads every part of a sealed file on all processors and compares it with the manifest. */
export function verifyFile(io: CommandIo, options: KeylessOptions): Promise<Result<number>> {
  return withSealing(async (sealing) => {
    if (options.manifest === undefined) return err('invalid_input', '--manifest FILE is missing.');
    const read = await readManifest(io, options, options.manifest);
    if (!read.ok) return read;
    const { manifest, signed } = read.value;
    const progress = createSealProgress(io);
    const verdict = await sealing.verifyParts(resolve(io.cwd, options.file), manifest, {
      onProgress: progress.onProgress,
      signal: io.signal,
    });
    progress.end();
    if (!verdict.ok) return verdict;
    const { whole } = verdict.value;
    if (options.json) printJson(io, { ...verdict.value, root: manifest.root, signed });
    else {
      printVerdict(io, { ...verdict.value, root: manifest.root });
      if (whole) io.out(`${signatureWords[signed]}\n`);
    }
    return ok(whole ? exitCodes.ok : exitCodes.refused);
  });
}

/** The same words for a file and for a dataset of the profile. Parts are counted from 1. */
export function printVerdict(
  io: CommandIo,
  { whole, parts, badParts, root }: { whole: boolean; parts: number; badParts: readonly number[]; root: string },
): void {
  if (whole) io.out(`whole: ${parts} parts, root ${root}\n`);
  else io.out(`NOT WHOLE: changed parts ${badParts.map((part) => part + 1).join(', ')} of ${parts}\n`);
}

/** Parts, root, recipients and schema. */
export function printManifest(io: CommandIo, manifest: Manifest): void {
  const { name, kind, parts, partSize, root, recipients, schema, createdAt } = manifest;
  io.out(`${kind} ${JSON.stringify(name)}, sealed ${createdAt}\n`);
  io.out(`${parts.length} ${parts.length === 1 ? 'part' : 'parts'} of ${formatBytes(partSize)}, root ${root}\n`);
  for (const recipient of recipients) io.out(`for ${recipient}\n`);
  if (schema !== undefined) {
    const columns = schema.columns.map((column) => `${column.name} (${column.type})`).join(', ');
    const more = schema.format === 'csv' ? 0 : schema.columnCount - schema.columns.length;
    io.out(`${schema.rows} rows: ${columns}${more > 0 ? ` and ${more} more` : ''}\n`);
  }
}

const signatureWords = {
  good: 'manifest signed by the owner',
  'not checked': 'manifest signature NOT checked: name the key of its owner with --owner',
  none: 'manifest NOT signed',
} as const;
type Signed = keyof typeof signatureWords;

async function readManifest(
  io: CommandIo,
  { owner }: KeylessOptions,
  path: string,
): Promise<Result<{ manifest: Manifest; signed: Signed }>> {
  let trusted: Uint8Array | undefined;
  if (owner !== undefined) {
    trusted = new Uint8Array(Buffer.from(owner, 'base64'));
    if (trusted.length !== 32) return err('invalid_input', '--owner takes a raw Ed25519 public key in base64.');
  }
  return readManifestFile(resolve(io.cwd, path), trusted);
}

function facts({ parts, ...rest }: Manifest) {
  return { ...rest, parts: parts.length };
}

async function withSealing(work: (sealing: SealingService) => Promise<Result<number>>): Promise<Result<number>> {
  const sealing = createStandaloneSealing();
  try {
    return await work(sealing);
  } finally {
    await sealing.close();
  }
}
