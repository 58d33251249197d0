import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  statSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import type { Result } from '../../contract/result.ts';
import { parseJson } from './collection.ts';
import { guardedFile } from './sqlite.ts';

/**
 * The folder of one profile. Who may write it is decided by the lock that SQLite holds on the store (the operating
 * system frees it with the process); `nacre.owner` only tells a second process whom to name.
 */
const ownerSchema = z.object({ pid: z.number().int().positive(), since: z.string() });
export type ProfileOwner = z.infer<typeof ownerSchema>;

const ownerFile = (directory: string) => join(directory, 'nacre.owner');

/** Makes the folder (mode 0700) and proves that it can be written. Errors: `not_permitted`, `invalid_input`, `disk_full`. */
export function prepareProfile(directory: string): Result<void> {
  return guardedFile(`Using the profile folder ${directory}`, () => {
    makeFolder(resolve(directory));
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  });
}

/** By hand: Node's recursive mkdir never returns where the kernel answers ENOENT for a new name (/proc, /sys). */
function makeFolder(directory: string): void {
  if (existsSync(directory)) {
    if (!statSync(directory).isDirectory()) mkdirSync(directory);
    return;
  }
  makeFolder(dirname(directory));
  mkdirSync(directory, { mode: 0o700 });
}

/** Who last wrote its name; undefined when nobody did or the note cannot be read. */
export function readOwner(directory: string): ProfileOwner | undefined {
  let text: string;
  try {
    text = readFileSync(ownerFile(directory), 'utf8');
  } catch {
    // Only a courtesy note: its absence changes no decision.
    return undefined;
  }
  const parsed = ownerSchema.safeParse(parseJson(text));
  return parsed.success ? parsed.data : undefined;
}

/** Called with the lock held. Errors: `disk_full`, `not_permitted`. */
export function writeOwner(directory: string, owner: ProfileOwner): Result<void> {
  return guardedFile(`Using the profile folder ${directory}`, () => {
    const temporary = `${ownerFile(directory)}.new`;
    try {
      writeFileSync(temporary, JSON.stringify(owner), { mode: 0o600 });
      renameSync(temporary, ownerFile(directory));
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  });
}

export function removeOwner(directory: string): void {
  rmSync(ownerFile(directory), { force: true });
  rmSync(`${ownerFile(directory)}.new`, { force: true });
}
