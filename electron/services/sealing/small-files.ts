import { open } from 'node:fs/promises';
import { err, ok, type Result } from '../../contract/result.ts';
import type { Manifest } from '../../contract/sealed.ts';
import { manifestSchema } from '../../contract/sealed.ts';
import { payloadTypes } from '../../contract/wire.ts';
import { readUnverified, verifyJson } from '../../domain/dsse/dsse.ts';
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

/** A manifest from anywhere, and what is known of who signed it. */
export interface ManifestFile {
  readonly manifest: Manifest;
  /** `good`: by the key that the reader named; `not checked`: nobody was named; `none`: it is plain JSON. */
  readonly signed: 'good' | 'not checked' | 'none';
}

/**
 * Reads a manifest from plain JSON or from a DSSE envelope. Whose signature counts is for the reader to say: an envelope
 * never brings its own key.
 * Errors: `damaged`, `integrity` (also: not signed by `owner`), and those of the file system.
 */
export async function readManifestFile(path: string, owner?: Uint8Array): Promise<Result<ManifestFile>> {
  const text = await readLimited(path, manifestFileMaximum);
  if (!text.ok) return text;
  let value: unknown;
  try {
    value = JSON.parse(text.value);
  } catch {
    return err('damaged', `${path} is not JSON.`);
  }
  const isEnvelope = typeof value === 'object' && value !== null && 'payloadType' in value;
  if (!isEnvelope && owner !== undefined) return err('integrity', `${path} is not signed by anyone.`);
  const verified =
    owner === undefined
      ? undefined
      : verifyJson(value, manifestSchema, { payloadType: payloadTypes.manifest, trusted: [{ publicKey: owner }] });
  if (verified?.ok === false) return verified;
  const inner = isEnvelope ? readUnverified(value, manifestSchema) : ok(value);
  if (!inner.ok) return inner;
  const manifest = parseManifest(inner.value);
  if (!manifest.ok) return manifest;
  return ok({ manifest: manifest.value, signed: isEnvelope ? (owner === undefined ? 'not checked' : 'good') : 'none' });
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
