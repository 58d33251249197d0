import type { DatabaseSync } from 'node:sqlite';
import type { z } from 'zod';
import { err, ok, type Result } from '../../contract/result.ts';
import { guarded } from './sqlite.ts';

/** Closed list: two services never share a collection by accident. */
export const collectionNames = [
  'runs',
  'nodes',
  'datasets',
  'verifications',
  'policies',
  'policy-versions',
  'approvals',
  'settings',
  'reports',
  'run-events',
  'tasks',
  'key-usage',
  'recovery',
  'vault-attempts',
  'throughput',
  'node-datasets',
  'collateral',
  'collateral-marks',
  'kept-evidence',
  'kept-evidence-files',
  'mlflow-exports',
  'mlflow-followed',
  'networks',
] as const;
export type CollectionName = (typeof collectionNames)[number];

export interface Item<T> {
  readonly id: string;
  readonly value: T;
}

/** What a list holds, and which rows could not be read: one bad row must not hide the good ones, nor vanish. */
export interface Listing<T> {
  readonly items: readonly Item<T>[];
  readonly damaged: readonly { readonly id: string; readonly message: string }[];
}

export interface ListOptions {
  /** Newest (last inserted) first; oldest first otherwise. */
  readonly newestFirst?: boolean;
  readonly limit?: number;
  /** Only ids that start with this, e.g. `run-1/`. */
  readonly prefix?: string;
}

/** Typed rows of JSON. Values are parsed by the schema on the way in and on the way out. */
export interface Collection<T> {
  /** undefined when there is none. Errors: `damaged`, and those of the disk. */
  get(id: string): Result<T | undefined>;
  /** Inserts or replaces; a replaced item keeps its place in the order. Errors: `invalid_input`, and those of the disk. */
  put(id: string, value: T): Result<void>;
  /** Errors: `already_exists`, `invalid_input`, and those of the disk. */
  insert(id: string, value: T): Result<void>;
  /** Reads, changes and writes back in one transaction. Errors: `not_found` and those of get and put. */
  update(id: string, change: (value: T) => T): Result<T>;
  /** false when there was none. */
  delete(id: string): Result<boolean>;
  list(options?: ListOptions): Result<Listing<T>>;
  count(): Result<number>;
}

export interface CollectionContext {
  readonly database: DatabaseSync;
  readonly clock: () => number;
  transaction<T>(work: () => Result<T>): Result<T>;
}

const maximumJson = 8 * 1_048_576;

export function createCollection<S extends z.ZodType>(
  context: CollectionContext,
  name: CollectionName,
  schema: S,
): Collection<z.output<S>> {
  type T = z.output<S>;
  const { database, clock } = context;
  const select = database.prepare('SELECT json FROM items WHERE collection = ? AND id = ?');
  const upsert = database.prepare(
    `INSERT INTO items (collection, id, json, updated_at) VALUES (?, ?, ?, ?)
     ON CONFLICT (collection, id) DO UPDATE SET json = excluded.json, updated_at = excluded.updated_at`,
  );
  const remove = database.prepare('DELETE FROM items WHERE collection = ? AND id = ?');
  const total = database.prepare('SELECT count(*) AS total FROM items WHERE collection = ?');
  const listing = (order: 'ASC' | 'DESC') =>
    database.prepare(
      `SELECT id, json FROM items WHERE collection = ? AND substr(id, 1, length(?)) = ?
       ORDER BY sequence ${order} LIMIT ?`,
    );
  const oldestFirst = listing('ASC');
  const newestFirst = listing('DESC');

  const decode = (id: string, json: unknown): Result<T> => {
    const value = parseJson(json);
    const parsed = value === undefined ? undefined : schema.safeParse(value);
    if (parsed?.success === true) return ok(parsed.data);
    const where = parsed?.error.issues[0];
    const place = where === undefined ? 'it is not JSON' : `${where.path.join('.') || 'value'}: ${where.message}`;
    return err('damaged', `${name} "${id}" in the store cannot be read: ${place}.`, {
      details: { collection: name, id },
    });
  };

  const encode = (id: string, value: T): Result<string> => {
    const parsed = schema.safeParse(value);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      return err(
        'invalid_input',
        `${name} "${id}": ${issue?.path.join('.') ?? 'value'}: ${issue?.message ?? 'unfit'}.`,
      );
    }
    const json = JSON.stringify(parsed.data);
    if (json.length > maximumJson)
      return err('invalid_input', `${name} "${id}" is larger than ${maximumJson} characters.`);
    return ok(json);
  };

  const collection: Collection<T> = {
    get(id) {
      const row = guarded(`Reading ${name}`, () => select.get(name, id));
      if (!row.ok) return row;
      return row.value === undefined ? ok(undefined) : decode(id, row.value['json']);
    },
    put(id, value) {
      const json = encode(id, value);
      if (!json.ok) return json;
      return guarded(`Writing ${name}`, () => void upsert.run(name, id, json.value, clock()));
    },
    insert(id, value) {
      return context.transaction(() => {
        const row = guarded(`Reading ${name}`, () => select.get(name, id));
        if (!row.ok) return row;
        if (row.value !== undefined) return err('already_exists', `${name} "${id}" exists already.`);
        return collection.put(id, value);
      });
    },
    update(id, change) {
      return context.transaction(() => {
        const found = collection.get(id);
        if (!found.ok) return found;
        if (found.value === undefined) return err('not_found', `${name} "${id}" does not exist.`);
        const next = change(found.value);
        const written = collection.put(id, next);
        return written.ok ? ok(next) : written;
      });
    },
    delete(id) {
      return guarded(`Deleting from ${name}`, () => remove.run(name, id).changes > 0);
    },
    list(options = {}) {
      const statement = options.newestFirst === true ? newestFirst : oldestFirst;
      const prefix = options.prefix ?? '';
      const rows = guarded(`Reading ${name}`, () => statement.all(name, prefix, prefix, options.limit ?? -1));
      if (!rows.ok) return rows;
      const items: Item<T>[] = [];
      const damaged: { id: string; message: string }[] = [];
      for (const row of rows.value) {
        const id = String(row['id']);
        const value = decode(id, row['json']);
        if (value.ok) items.push({ id, value: value.value });
        else damaged.push({ id, message: value.error.message });
      }
      return ok({ items, damaged });
    },
    count() {
      return guarded(`Counting ${name}`, () => Number(total.get(name)?.['total'] ?? 0));
    },
  };
  return collection;
}

/** undefined when the text is not JSON. */
export function parseJson(text: unknown): unknown {
  if (typeof text !== 'string') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
