import { open } from 'node:fs/promises';
import { err, ok, type Result } from '../../contract/result.ts';
import type { Manifest } from '../../contract/sealed.ts';
import { manifestSchema } from '../../contract/sealed.ts';
import { readUnverified } from '../../domain/dsse/dsse.ts';
import { parseIdentityFile, type Identity } from '../../domain/sealed/identities.ts';
import { fileError } from './file-errors.ts';
import { parseManifest } from './manifest.ts';

const identityFileMaximum = 1024 * 1024;
const manifestFileMaximum = 16 * 1024 * 1024;

/** Reads an identity file. Errors: `invalid_input`, naming a bad line but nothing of it, and those of the file system. */
export async function readIdentityFile(path: string): Promise<Result<Identity[]>> {
  const text = await readLimited(path, identityFileMaximum);
  return text.ok ? parseIdentityFile(text.value) : text;
}

/**
 * Reads a manifest from plain JSON or from a DSSE envelope, whose signature is not checked: enough to find damage, not
 * to trust anyone. Errors: `damaged`, `integrity`, and those of the file system.
 */
export async function readManifestFile(path: string): Promise<Result<Manifest>> {
  const text = await readLimited(path, manifestFileMaximum);
  if (!text.ok) return text;
  let value: unknown;
  try {
    value = JSON.parse(text.value);
  } catch {
    return err('damaged', `${path} is not JSON.`);
  }
  if (typeof value !== 'object' || value === null || !('payloadType' in value)) return parseManifest(value);
  const inner = readUnverified(value, manifestSchema);
  return inner.ok ? parseManifest(inner.value) : inner;
}

async function readLimited(path: string, maximum: number): Promise<Result<string>> {
  try {
    const handle = await open(path, 'r');
    try {
      const { size } = await handle.stat();
      if (size > maximum) return err('invalid_input', `${path} is larger than ${maximum} bytes.`);
      return ok(await handle.readFile('utf8'));
    } finally {
      await handle.close();
    }
  } catch (error) {
    return fileError('Reading', path, error);
  }
}
