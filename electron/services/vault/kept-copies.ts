import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ok, type Result } from '../../contract/result.ts';
import { vaultLimits, type KeptCopy } from '../../contract/vault.ts';
import { guardedFile } from '../store/sqlite.ts';
import { readHeader } from './header.ts';
import { openVaultFile } from './vault-file.ts';

/**
 * Copies of the vault's file in `vault-copies` beside it: against a bad disk or a slip, not against a thief, because they
 * open with the same secrets. Each is a whole vault that `restoreBackup` takes. The name is the time it was made.
 */
const folderOf = (path: string) => join(dirname(path), `${basename(path, '.db')}-copies`);
const namePattern = /^(\d{8}T\d{6}\d{3}Z)\.db$/;

/**
 * Keeps a copy of the vault at rest and drops the oldest beyond five. `only`: drops all older ones, because they hold a
 * way to unlock that was taken away. The copy is opened and checked before any older one goes.
 * Errors: `damaged` (the copy cannot be read back; then it is not kept) and those of the disk.
 */
export function keepCopy(path: string, now: number, only = false): Result<void> {
  const folder = folderOf(path);
  const name = `${new Date(now).toISOString().replaceAll(/[-:.]/g, '')}.db`;
  const target = join(folder, name);
  const temporary = `${target}.new`;
  const written = guardedFile(`Keeping a copy of ${path}`, () => {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const left of readdirSync(folder)) if (left.includes('.new')) rmSync(join(folder, left), { force: true });
    copyFileSync(path, temporary);
    chmodSync(temporary, 0o600);
    sync(temporary);
  });
  if (!written.ok) return written;
  const readable = checkCopy(temporary);
  if (!readable.ok) {
    rmSync(temporary, { force: true });
    return readable;
  }
  return guardedFile(`Keeping a copy of ${path}`, () => {
    renameSync(temporary, target);
    if (process.platform !== 'win32') sync(folder);
    const names = copyNames(folder);
    const old = only ? names.filter((other) => other !== name) : names.slice(0, -vaultLimits.keptCopies);
    for (const other of old) rmSync(join(folder, other), { force: true });
  });
}

/** Newest first; each was opened and checked just now. */
export function keptCopies(path: string): Result<KeptCopy[]> {
  const folder = folderOf(path);
  return guardedFile(`Reading ${folder}`, () =>
    copyNames(folder)
      .toReversed()
      .map((name) => {
        const file = join(folder, name);
        const readable = checkCopy(file);
        return {
          path: file,
          madeAt: isoOf(name),
          bytes: statSync(file).size,
          readable: readable.ok,
          ...(readable.ok ? {} : { problem: readable.error.message }),
        };
      }),
  );
}

function copyNames(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => namePattern.test(name))
    .sort();
}

function isoOf(name: string): string {
  const [, y, mo, d, h, mi, s, ms] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z/.exec(name) ?? [];
  return `${y}-${mo}-${d}T${h}:${mi}:${s}.${ms}Z`;
}

/** Header and every page, with no key. */
function checkCopy(path: string): Result<void> {
  const copy = openVaultFile(path, { readOnly: true });
  if (!copy.ok) return copy;
  try {
    const text = copy.value.readHeader();
    if (!text.ok) return text;
    const header = readHeader(text.value);
    if (!header.ok) return header;
    const pages = copy.value.check();
    return pages.ok ? ok(undefined) : pages;
  } finally {
    copy.value.close();
  }
}

function sync(path: string): void {
  const descriptor = openSync(path, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
}
