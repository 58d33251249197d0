import { DatabaseSync, type DatabaseSyncOptions } from 'node:sqlite';
import { err, ok, type ErrorCode, type NacreError, type Result } from '../../contract/result.ts';

/** Primary result codes of SQLite that a person can act on (https://www.sqlite.org/rescode.html). */
const primaryCodes: Readonly<Record<number, { code: ErrorCode; message: string; hint?: string }>> = {
  1: { code: 'damaged', message: 'its tables are not those that Nacre made', hint: 'Restore it from a backup.' },
  5: { code: 'in_use', message: 'another process holds the file' },
  6: { code: 'in_use', message: 'another process holds the file' },
  8: { code: 'not_permitted', message: 'the file cannot be written', hint: 'Choose a folder you may write to.' },
  10: {
    code: 'unavailable',
    message: 'the disk did not take the write or give the bytes',
    hint: 'Look at free space, quota and the health of the disk.',
  },
  11: { code: 'damaged', message: 'the file is damaged', hint: 'Restore it from a backup.' },
  13: { code: 'disk_full', message: 'the disk is full', hint: 'Free some space; nothing was half-written.' },
  14: { code: 'not_permitted', message: 'the file cannot be opened', hint: 'Choose a folder you may write to.' },
  26: { code: 'damaged', message: 'the file is not a database', hint: 'Restore it from a backup.' },
};

interface SqliteError extends Error {
  readonly errcode: number;
}

function isSqliteError(error: unknown): error is SqliteError {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number';
}

/** What a failed statement means to a person; undefined for an error that is not SQLite's (a bug, to be rethrown). */
export function sqliteFailure(error: unknown, doing: string): NacreError | undefined {
  if (!isSqliteError(error)) return undefined;
  const known = primaryCodes[error.errcode & 0xff];
  if (known === undefined) return undefined;
  return {
    code: known.code,
    message: `${doing}: ${known.message}.`,
    ...(known.hint === undefined ? {} : { hint: known.hint }),
    details: { sqlite: error.errcode },
  };
}

/** Runs statements; SQLite's failures become results, everything else stays an exception. */
export function guarded<T>(doing: string, work: () => T): Result<T> {
  try {
    return ok(work());
  } catch (error) {
    const failure = sqliteFailure(error, doing);
    if (failure === undefined) throw error;
    return { ok: false, error: failure };
  }
}

/** What a failed file operation means to a person; undefined for anything that is not a system error. */
export function fileFailure(error: unknown, doing: string): NacreError | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  const failure = (code: ErrorCode, message: string, hint: string): NacreError => ({
    code,
    message: `${doing}: ${message}.`,
    hint,
    details: { system: error.code },
  });
  switch (error.code) {
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return failure('not_permitted', 'it is read-only for you', 'Choose a folder you may write to.');
    case 'ENOTDIR':
    case 'EEXIST':
    case 'EISDIR':
      return failure('invalid_input', 'a file stands where a folder should be, or the reverse', 'Choose another path.');
    case 'ENOENT':
      return failure('not_permitted', 'it cannot be created there', 'Choose a folder you may write to.');
    case 'ENAMETOOLONG':
      return failure('invalid_input', 'the path is too long', 'Choose a shorter path.');
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return failure('disk_full', 'the disk is full', 'Free some space; nothing was half-written.');
    case 'EIO':
      return failure('unavailable', 'the disk reports an error', 'Look at the health of the disk.');
    default:
      return undefined;
  }
}

/** Runs file operations; system errors become results, everything else stays an exception. */
export function guardedFile<T>(doing: string, work: () => T): Result<T> {
  try {
    return ok(work());
  } catch (error) {
    const failure = fileFailure(error, doing) ?? sqliteFailure(error, doing);
    if (failure === undefined) throw error;
    return { ok: false, error: failure };
  }
}

export interface Migration {
  /** One line for the reader of this list. */
  readonly what: string;
  readonly sql: string;
}

export interface DatabaseOptions {
  readonly path: string;
  /** `PRAGMA application_id`: a database of another program is refused. */
  readonly applicationId: number;
  /** WAL for the busy store; a rollback journal for the vault, so that at rest it is one single file. */
  readonly journal: 'wal' | 'delete';
  readonly migrations: readonly Migration[];
  readonly readOnly?: boolean;
  /** The file was made before: one without our tables is damaged, and is not filled with new ones. */
  readonly existing?: boolean;
}

/**
 * Opens one SQLite database exclusively and brings it to the newest version in one transaction.
 * The operating system frees the lock when the process dies, so a stale lock cannot exist.
 * Errors: `in_use`, `not_permitted`, `disk_full`, `damaged`, `wrong_state` (written by a newer Nacre, or not ours).
 */
export function openDatabase(options: DatabaseOptions): Result<DatabaseSync> {
  const doing = `Opening ${options.path}`;
  const sqlite: DatabaseSyncOptions = {
    timeout: 0,
    readOnly: options.readOnly ?? false,
    enableForeignKeyConstraints: true,
  };
  const opened = guarded(doing, () => new DatabaseSync(options.path, sqlite));
  if (!opened.ok) return opened;
  const database = opened.value;
  const prepared = guarded(doing, () => prepare(database, options));
  const result = prepared.ok ? prepared.value : prepared;
  if (!result.ok) {
    database.close();
    return result;
  }
  return ok(database);
}

function prepare(database: DatabaseSync, options: DatabaseOptions): Result<void> {
  database.enableDefensive(true);
  database.exec('PRAGMA trusted_schema = OFF');
  database.exec('PRAGMA locking_mode = EXCLUSIVE');
  // Deleted content is overwritten with zeros: an old wrapped key must not survive in a free page.
  database.exec('PRAGMA secure_delete = ON');
  const found = pragma(database, 'application_id');
  const version = pragma(database, 'user_version');
  if (found !== 0 && found !== options.applicationId) {
    return err('wrong_state', `${options.path} belongs to another program.`, { hint: 'Choose another folder.' });
  }
  if (version > options.migrations.length) {
    return err('wrong_state', `${options.path} was written by a newer Nacre (format ${version}).`, {
      hint: 'Install the newer version again; nothing was changed.',
    });
  }
  if (options.existing === true && version === 0) {
    return err('damaged', `${options.path} is empty or has lost its tables.`, { hint: 'Restore it from a backup.' });
  }
  if (options.readOnly === true) return ok(undefined);
  database.exec(`PRAGMA journal_mode = ${options.journal}`);
  // A log entry that was acknowledged must survive a power cut, so every commit waits for the disk.
  database.exec(`PRAGMA synchronous = ${options.journal === 'wal' ? 'FULL' : 'EXTRA'}`);
  database.exec('BEGIN EXCLUSIVE');
  try {
    for (const migration of options.migrations.slice(version)) database.exec(migration.sql);
    if (version < options.migrations.length) {
      database.exec(`PRAGMA application_id = ${options.applicationId}`);
      database.exec(`PRAGMA user_version = ${options.migrations.length}`);
    }
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
  return ok(undefined);
}

function pragma(database: DatabaseSync, name: string): number {
  const value = database.prepare(`PRAGMA ${name}`).get()?.[name];
  return typeof value === 'number' ? value : 0;
}

/**
 * Runs `work` as one transaction: all of it or nothing. An error result or an exception rolls back; inside another
 * transaction it is a savepoint, so services can be combined.
 */
export function inTransaction<T>(database: DatabaseSync, doing: string, work: () => Result<T>): Result<T> {
  const nested = database.isTransaction;
  const begun = guarded(doing, () => database.exec(nested ? 'SAVEPOINT nested' : 'BEGIN IMMEDIATE'));
  if (!begun.ok) return begun;
  const undo = () => {
    // A full disk can make SQLite roll back by itself; then there is nothing left to undo.
    if (database.isTransaction) database.exec(nested ? 'ROLLBACK TO nested; RELEASE nested' : 'ROLLBACK');
  };
  let result: Result<T>;
  try {
    result = work();
  } catch (error) {
    undo();
    throw error;
  }
  if (result.ok) {
    const done = guarded(doing, () => database.exec(nested ? 'RELEASE nested' : 'COMMIT'));
    if (done.ok) return result;
    undo();
    return done;
  }
  undo();
  return result;
}
