import { writeFileSync } from 'node:fs';
import { err, ok, type Result } from '../../contract/result.ts';
import { guardedFile } from '../store/sqlite.ts';

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
