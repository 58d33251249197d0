import { open, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { evidenceFileLimits } from '../../../contract/evidence-files.ts';
import { err, ok, type Result } from '../../../contract/result.ts';
import type { EvidenceFile } from '../../../domain/evidence/files/artifact.ts';

/**
 * Reads one evidence file; of a gzip file, what is in it. Looks at size and kind first, so that nothing large is read.
 * Errors: `not_found`, `not_permitted`, `invalid_input` (a folder, a device, empty, too large: with the offset),
 * `unavailable`.
 */
export async function readEvidenceFile(
  path: string,
  limit: number = evidenceFileLimits.fileBytes,
): Promise<Result<EvidenceFile>> {
  const name = basename(path);
  try {
    const handle = await open(path, 'r');
    try {
      const facts = await handle.stat();
      if (facts.isDirectory()) return err('invalid_input', `${path} is a folder; a file was expected.`);
      if (!facts.isFile()) return err('invalid_input', `${path} is no regular file.`);
      if (facts.size > limit) {
        const words = `${path} has ${facts.size} bytes; no evidence has more than ${limit}. Nothing behind offset ${limit} is read.`;
        return err('invalid_input', words, { details: { file: name, offset: limit } });
      }
      if (facts.size === 0) return err('invalid_input', `${path} is empty.`, { details: { file: name, offset: 0 } });
      const bytes = new Uint8Array(await handle.readFile());
      return bytes[0] === 0x1f && bytes[1] === 0x8b ? unpack(name, bytes) : ok({ name, bytes });
    } finally {
      await handle.close();
    }
  } catch (error) {
    return fileError(path, error);
  }
}

/** Every file, in order. Errors: those of `readEvidenceFile`, and `invalid_input` when all together are too large. */
export async function readEvidenceFiles(paths: readonly string[]): Promise<Result<EvidenceFile[]>> {
  if (paths.length > evidenceFileLimits.files) {
    return err('invalid_input', `${paths.length} files were given; at most ${evidenceFileLimits.files} make one set.`);
  }
  const files: EvidenceFile[] = [];
  let total = 0;
  for (const path of paths) {
    const file = await readEvidenceFile(path);
    if (!file.ok) return file;
    total += file.value.bytes.length;
    if (total > evidenceFileLimits.setBytes) {
      return err('invalid_input', `The files together have more than ${evidenceFileLimits.setBytes} bytes.`);
    }
    files.push(file.value);
  }
  return ok(files);
}

/** Names of the entries of a folder, sorted. Errors: `not_found`, `not_permitted`, `invalid_input`, `unavailable`. */
export async function listFolder(path: string): Promise<Result<{ name: string; folder: boolean }[]>> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    const rows = entries.map((entry) => ({ name: entry.name, folder: entry.isDirectory() }));
    return ok(rows.toSorted((a, b) => (a.name < b.name ? -1 : 1)));
  } catch (error) {
    return fileError(path, error);
  }
}

/** The files of one folder, without those that start with a dot. Errors: as above. */
export async function readEvidenceFolder(path: string, without: readonly string[]): Promise<Result<EvidenceFile[]>> {
  const entries = await listFolder(path);
  if (!entries.ok) return entries;
  const names = entries.value.filter(({ name, folder }) => !folder && !name.startsWith('.') && !without.includes(name));
  return readEvidenceFiles(names.map(({ name }) => join(path, name)));
}

function unpack(name: string, bytes: Uint8Array): Result<EvidenceFile> {
  const limit = evidenceFileLimits.fileBytes;
  try {
    return ok({ name, bytes: new Uint8Array(gunzipSync(bytes, { maxOutputLength: limit })) });
  } catch (error) {
    const tooLarge =
      error instanceof RangeError ||
      (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE');
    const what = tooLarge ? `unpacks to more than ${limit} bytes` : 'is a damaged gzip file';
    return err('invalid_input', `${name} ${what}.`, { details: { file: name, offset: 0 } });
  }
}

function fileError(path: string, error: unknown): Result<never> {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  if (code === 'ENOENT' || code === 'ENOTDIR') return err('not_found', `${path} does not exist.`);
  if (code === 'EACCES' || code === 'EPERM') return err('not_permitted', `${path} may not be read.`);
  return err('unavailable', `${path} cannot be read (${code}).`);
}
