import { chmodSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { z } from 'zod';
import { err, ok, type Result } from '../../contract/result.ts';
import {
  createAuditTable,
  createChallengeTable,
  createFrameTable,
  type AuditTable,
  type ChallengeTable,
  type FrameTable,
} from './append-only.ts';
import { createCollection, type Collection, type CollectionName } from './collection.ts';
import { storeApplicationId, storeMigrations } from './migrations.ts';
import { prepareProfile, readOwner, removeOwner, writeOwner } from './profile.ts';
import { guarded, guardedFile, inTransaction, openDatabase } from './sqlite.ts';

/** Everything the core remembers about one profile, except the vault. Holds no secret. */
export interface Store {
  readonly directory: string;
  /** A typed view; asking twice for one name is fine, the newest schema wins. */
  collection<S extends z.ZodType>(name: CollectionName, schema: S): Collection<z.output<S>>;
  readonly frames: FrameTable;
  readonly audit: AuditTable;
  readonly challenges: ChallengeTable;
  /** All of `work` or nothing; may be nested. `work` is synchronous: a transaction never waits for the world. */
  transaction<T>(work: () => Result<T>): Result<T>;
  /** Reads every page. Errors: `damaged`, naming what SQLite found. */
  check(): Result<void>;
  /** Gives the profile back. The store cannot be used afterwards. */
  close(): void;
}

export interface StoreOptions {
  readonly directory: string;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** Named to a second process. */
  readonly pid: number;
}

/**
 * Opens (or makes) the store of a profile and holds it alone until `close`.
 * Errors: `in_use` naming the process that has it, `not_permitted`, `invalid_input`, `disk_full`, `damaged`,
 * `wrong_state` (made by a newer Nacre). On error nothing new is left in the folder.
 */
export function openStore(options: StoreOptions): Result<Store> {
  const { directory, clock } = options;
  const folder = prepareProfile(directory);
  if (!folder.ok) return folder;
  const path = join(directory, 'nacre.db');
  const isNew = !existsSync(path);
  const previous = readOwner(directory);
  const opened = openDatabase({
    path,
    applicationId: storeApplicationId,
    journal: 'wal',
    migrations: storeMigrations,
  });
  if (!opened.ok) {
    if (opened.error.code === 'in_use') return inUse(directory);
    if (isNew) removeFiles(path);
    return opened;
  }
  const database = opened.value;
  const fail = (result: { readonly ok: false; readonly error: Extract<Result<never>, { ok: false }>['error'] }) => {
    database.close();
    if (isNew) {
      removeFiles(path);
      removeOwner(directory);
    }
    return result;
  };
  const named = writeOwner(directory, { pid: options.pid, since: new Date(clock()).toISOString() });
  if (!named.ok) return fail(named);
  const closedRights = guardedFile(`Using ${path}`, () => chmodSync(path, 0o600));
  if (!closedRights.ok) return fail(closedRights);
  // A name that was left behind means that the last process was killed: then every page is looked at once.
  const checked = previous === undefined ? ok(undefined) : checkPages(database, path);
  if (!checked.ok) return fail(checked);
  return ok(createStore(database, path, directory, clock));
}

function createStore(database: DatabaseSync, path: string, directory: string, clock: () => number): Store {
  const transaction = <T>(work: () => Result<T>) => inTransaction(database, 'Writing the store', work);
  const context = { database, clock, transaction };
  let open = true;
  return {
    directory,
    collection: (name, schema) => createCollection(context, name, schema),
    frames: createFrameTable(context),
    audit: createAuditTable(context),
    challenges: createChallengeTable(context),
    transaction,
    check: () => checkPages(database, path),
    close() {
      if (!open) return;
      open = false;
      removeOwner(directory);
      database.close();
    },
  };
}

function inUse(directory: string): Result<never> {
  const owner = readOwner(directory);
  const who = owner === undefined ? 'another process' : `process ${owner.pid} (since ${owner.since})`;
  return err('in_use', `The profile ${directory} is in use by ${who}.`, {
    hint: 'Close the other Nacre, or choose another profile with --profile.',
    details: owner === undefined ? {} : { pid: owner.pid },
  });
}

function checkPages(database: DatabaseSync, path: string): Result<void> {
  const found = guarded(`Checking ${path}`, () => database.prepare('PRAGMA integrity_check(1)').get());
  if (!found.ok) return found;
  const answer = String(found.value?.['integrity_check']);
  if (answer === 'ok') return ok(undefined);
  return err('damaged', `${path} is damaged: ${answer}.`, { hint: 'Restore it from a backup.' });
}

function removeFiles(path: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${path}${suffix}`, { force: true });
}
