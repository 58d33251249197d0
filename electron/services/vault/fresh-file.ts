import { closeSync, openSync, readSync, writeFileSync } from 'node:fs';
import { err, ok, type Result } from '../../contract/result.ts';
import { parseKeyFile } from '../../domain/keys/key-file.ts';
import { keyFileMaximum, type KeyMaterial } from '../../domain/keys/material.ts';
import { guardedFile } from '../store/sqlite.ts';
import type { VaultCrypto } from './crypto-types.ts';
import { deriverOf } from './keys.ts';
import { secretBytes } from '../../contract/secret-bytes.ts';

/** Writes a file (mode 0600) that must not exist yet. Errors: `already_exists`, and those of the disk. */
export function writeFresh(path: string, text: string): Result<{ path: string }> {
  const written = guardedFile(`Writing ${path}`, () =>
    writeFileSync(path, text, { mode: 0o600, flag: 'wx', flush: true }),
  );
  if (written.ok) return ok({ path });
  if (written.error.details?.['system'] !== 'EEXIST') return written;
  return alreadyThere(path);
}

export function alreadyThere(path: string) {
  return err('already_exists', `${path} exists already.`, { hint: 'Choose another name; nothing was overwritten.' });
}

/** Errors: `invalid_input`, `not_found`, and those of the disk. The bytes that were read are wiped. */
export function readKeyFile(path: string, crypto: VaultCrypto): Result<KeyMaterial> {
  const room = secretBytes(keyFileMaximum + 1);
  const length = guardedFile(`Reading ${path}`, () => {
    const descriptor = openSync(path, 'r');
    try {
      return readSync(descriptor, room, 0, room.length, 0);
    } finally {
      closeSync(descriptor);
    }
  });
  if (!length.ok) {
    return length.error.details?.['system'] === 'ENOENT' ? err('not_found', `There is no file ${path}.`) : length;
  }
  const text = new TextDecoder().decode(room.subarray(0, length.value));
  crypto.wipe(room);
  return parseKeyFile(text, deriverOf(crypto));
}
