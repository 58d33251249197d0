import { createHash, timingSafeEqual } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { err, ok, type Result } from '../../contract/result.ts';
import { guarded, guardedFile, inTransaction, openDatabase, type Migration } from '../store/sqlite.ts';

/**
 * The file of a vault: one SQLite database with a rollback journal, so that at rest it is a single file to copy.
 * Beside it, while nothing is being written, `FILE.sha256` (readable by `sha256sum -c`) covers every byte of it, also
 * those that SQLite does not use; it is removed before the first write and made again when the vault is locked.
 */
export interface VaultFile {
  readonly path: string;
  /** false: bytes changed since the vault was last locked. undefined: the last session was killed, nothing to compare. */
  readonly unchanged: boolean | undefined;
  readHeader(): Result<string>;
  writeHeader(text: string): Result<void>;
  /** Every page and index is whole, as far as SQLite can tell. Errors: `damaged`. */
  check(): Result<void>;
  records(): Result<StoredRecord[]>;
  /** Names and types only. */
  names(): Result<{ id: string; type: string }[]>;
  record(id: string): Result<StoredRecord | undefined>;
  putRecord(record: StoredRecord): Result<void>;
  deleteRecord(id: string): Result<void>;
  /** All of `work` on the disk, or nothing. */
  transaction<T>(work: () => Result<T>): Result<T>;
  /** How many transactions were undone: who remembers what was written reads again when this changed. */
  undone(): number;
  /** Covers the file by its checksum; called when nothing will be written for a while. */
  settle(): Result<void>;
  close(): void;
}

export interface StoredRecord {
  readonly id: string;
  readonly type: string;
  readonly nonce: Uint8Array;
  readonly box: Uint8Array;
}

/** 'NVLT' */
const applicationId = 0x4e564c54;

const migrations: readonly Migration[] = [
  {
    what: 'header and encrypted records',
    sql: `
      CREATE TABLE header (id INTEGER PRIMARY KEY CHECK (id = 1), json TEXT NOT NULL) STRICT;
      CREATE TABLE records (
        id TEXT PRIMARY KEY,
        type TEXT NOT NULL,
        nonce BLOB NOT NULL,
        box BLOB NOT NULL
      ) STRICT, WITHOUT ROWID;
    `,
  },
];

/**
 * Opens an existing vault; `readOnly` to look at a backup without touching it.
 * Errors: `not_found`, `damaged`, `in_use`, `not_permitted`, `wrong_state`.
 */
export function openVaultFile(path: string, options: { readonly readOnly?: boolean } = {}): Result<VaultFile> {
  if (!existsSync(path)) return err('not_found', `There is no vault at ${path}.`, { hint: 'Create one.' });
  const sum = guardedFile(`Reading ${path}`, () => compareChecksum(path));
  if (!sum.ok) return sum;
  const database = openDatabase({ path, applicationId, journal: 'delete', migrations, existing: true, ...options });
  if (!database.ok) return database;
  const file = guarded(`Opening ${path}`, () => wrap(database.value, path, sum.value));
  if (!file.ok) database.value.close();
  return file;
}

/**
 * Makes a vault under another name, fills it by `fill`, and only then gives it its name: killed at any moment, there is
 * a whole vault or none. Errors: `already_exists`, `not_permitted`, `disk_full`, and those of `fill`.
 */
export function createVaultFile(path: string, fill: (file: VaultFile) => Result<void>): Result<VaultFile> {
  if (existsSync(path)) return err('already_exists', `There is a vault at ${path} already.`, { hint: 'Unlock it.' });
  const temporary = `${path}.new`;
  removeFiles(temporary);
  const database = openDatabase({ path: temporary, applicationId, journal: 'delete', migrations });
  if (!database.ok) {
    removeFiles(temporary);
    return database;
  }
  const file = wrap(database.value, temporary, undefined);
  const closedRights = guardedFile(`Creating ${path}`, () => chmodSync(temporary, 0o600));
  const filled = closedRights.ok ? file.transaction(() => fill(file)) : closedRights;
  file.close();
  const placed = filled.ok
    ? guardedFile(`Creating ${path}`, () => {
        renameSync(temporary, path);
        syncFolder(path);
      })
    : filled;
  if (!placed.ok) {
    removeFiles(temporary);
    return placed;
  }
  return openVaultFile(path);
}

function wrap(database: DatabaseSync, path: string, unchanged: boolean | undefined): VaultFile {
  const doing = `Writing ${path}`;
  const header = database.prepare('SELECT json FROM header WHERE id = 1');
  const putHeader = database.prepare(
    'INSERT INTO header (id, json) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET json = excluded.json',
  );
  const all = database.prepare('SELECT id, type, nonce, box FROM records ORDER BY id');
  const names = database.prepare('SELECT id, type FROM records ORDER BY id');
  const one = database.prepare('SELECT id, type, nonce, box FROM records WHERE id = ?');
  const put = database.prepare(
    `INSERT INTO records (id, type, nonce, box) VALUES (?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET type = excluded.type, nonce = excluded.nonce, box = excluded.box`,
  );
  const remove = database.prepare('DELETE FROM records WHERE id = ?');
  const transaction = <T>(work: () => Result<T>): Result<T> => {
    // Before the first byte changes the checksum must be gone, or a crash would look like damage.
    const unsettled = guardedFile(doing, () => removeChecksum(path));
    if (!unsettled.ok) return unsettled;
    let done = false;
    try {
      const result = inTransaction(database, doing, work);
      done = result.ok;
      return result;
    } finally {
      if (!done) undone += 1;
    }
  };
  let undone = 0;
  let open = true;
  return {
    path,
    unchanged,
    readHeader: () => guarded(`Reading ${path}`, () => String(header.get()?.['json'] ?? '')),
    writeHeader: (text) => transaction(() => guarded(doing, () => void putHeader.run(text))),
    check() {
      const answer = guarded(`Checking ${path}`, () =>
        String(database.prepare('PRAGMA integrity_check(1)').get()?.['integrity_check']),
      );
      if (!answer.ok) return answer;
      if (answer.value === 'ok') return ok(undefined);
      return err('damaged', `The file of the vault is damaged: ${answer.value}.`, {
        hint: 'Restore the vault from a backup.',
        details: { place: 'file' },
      });
    },
    records: () => guarded(`Reading ${path}`, () => all.all().map(toRecord)),
    names: () =>
      guarded(`Reading ${path}`, () =>
        names.all().map((row) => ({ id: String(row['id']), type: String(row['type']) })),
      ),
    record: (id) =>
      guarded(`Reading ${path}`, () => {
        const row = one.get(id);
        return row === undefined ? undefined : toRecord(row);
      }),
    putRecord: ({ id, type, nonce, box }) =>
      transaction(() => guarded(doing, () => void put.run(id, type, nonce, box))),
    deleteRecord: (id) => transaction(() => guarded(doing, () => void remove.run(id))),
    transaction,
    undone: () => undone,
    settle() {
      if (existsSync(checksumPath(path))) return ok(undefined);
      return guardedFile(doing, () => writeChecksum(path));
    },
    close() {
      if (open) database.close();
      open = false;
    },
  };
}

function bytes(value: unknown): Uint8Array {
  return value instanceof Uint8Array ? value : new Uint8Array(0);
}

function toRecord(row: Record<string, unknown>): StoredRecord {
  return { id: String(row['id']), type: String(row['type']), nonce: bytes(row['nonce']), box: bytes(row['box']) };
}

const checksumPath = (path: string) => `${path}.sha256`;

function checksumLine(path: string): string {
  return `${createHash('sha256').update(readFileSync(path)).digest('hex')}  ${path.slice(dirname(path).length + 1)}\n`;
}

function compareChecksum(path: string): boolean | undefined {
  if (!existsSync(checksumPath(path))) return undefined;
  const written = readFileSync(checksumPath(path));
  const expected = Buffer.from(checksumLine(path));
  return written.length === expected.length && timingSafeEqual(written, expected);
}

function writeChecksum(path: string): void {
  const temporary = `${checksumPath(path)}.new`;
  try {
    writeFileSync(temporary, checksumLine(path), { mode: 0o600, flush: true });
    renameSync(temporary, checksumPath(path));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function removeChecksum(path: string): void {
  if (!existsSync(checksumPath(path))) return;
  rmSync(checksumPath(path));
  syncFolder(path);
}

/** Makes a rename or removal survive a power cut; Windows has no such call and needs none. */
function syncFolder(path: string): void {
  if (process.platform === 'win32') return;
  const folder = openSync(dirname(path), 'r');
  fsyncSync(folder);
  closeSync(folder);
}

function removeFiles(path: string): void {
  for (const suffix of ['', '-journal', '.sha256', '.sha256.new']) rmSync(`${path}${suffix}`, { force: true });
}
