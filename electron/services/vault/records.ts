import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import canonicalize from 'canonicalize';
import { z } from 'zod';
import { err, ok, type Result } from '../../contract/result.ts';
import type { VaultCrypto } from './crypto-types.ts';
import type { VaultKeys } from './header.ts';
import { copySecret, secretBytes } from '../../contract/secret-bytes.ts';
import type { StoredRecord, VaultFile } from './vault-file.ts';

/**
 * Encrypted records, format 1. `box` = XChaCha20-Poly1305(records key, nonce, plaintext; AAD = JCS{vaultId, id, type,
 * version}), so a record cannot stand under another name. Plaintext = u32 length ‖ JSON facts ‖ secret bytes; secrets
 * are bytes all the way, because a string cannot be wiped.
 *
 * One more record, the index, holds how many there are and the XOR of HMAC-SHA-256(index key, record) over all of them:
 * a record that was removed or put back from an older copy changes that sum.
 */
export interface RecordBook {
  /** The record's facts and secret; the caller wipes the secret. Errors: `not_found`, `damaged` naming the record. */
  get(id: string): Result<OpenRecord>;
  /** Inserts or replaces, on the disk when this returns. */
  put(id: string, record: OpenRecord): Result<void>;
  delete(id: string): Result<boolean>;
  /** Names and types, without opening any. */
  list(): Result<{ id: string; type: string }[]>;
  /**
   * Facts of all records whose name begins with `prefix`, from memory: they are open while the vault is, so that a list
   * of 100,000 takes no decryption. Never a secret.
   */
  known(prefix: string): Result<KnownRecord[]>;
  /** Counts changes since this book was made, without those of what it remembers of the log: is a copy worth keeping? */
  changes(): number;
  /** All of `work` on the disk, or nothing. */
  transaction<T>(work: () => Result<T>): Result<T>;
  /** Opens every record and checks the index. Errors: `damaged` naming every record that is not whole. */
  verify(): Result<void>;
}

export interface OpenRecord {
  readonly type: string;
  readonly facts: Readonly<Record<string, string>>;
  readonly secret: Uint8Array;
}

export interface KnownRecord {
  readonly id: string;
  readonly type: string;
  readonly facts: Readonly<Record<string, string>>;
}

export interface RecordBookOptions {
  readonly file: VaultFile;
  readonly keys: VaultKeys;
  readonly vaultId: string;
  readonly crypto: VaultCrypto;
  readonly random: (bytes: number) => Uint8Array;
}

const indexId = '#index';
const idPattern = /^[a-zA-Z0-9][a-zA-Z0-9._:/-]{0,199}$/;
const secretLimit = 1_048_576;
const factsSchema = z.record(z.string(), z.string());
const indexSchema = z.strictObject({ count: z.number().int().min(0), sum: z.string().regex(/^[0-9a-f]{64}$/) });

export function createRecordBook(options: RecordBookOptions): RecordBook {
  const { file, keys, vaultId, crypto, random } = options;

  const context = (id: string, type: string) => Buffer.from(canonicalize({ vaultId, id, type, version: 1 }) ?? '');

  const seal = (id: string, type: string, plaintext: Uint8Array): StoredRecord => {
    const nonce = random(24);
    return { id, type, nonce, box: crypto.seal(keys.records, nonce, context(id, type), plaintext) };
  };

  const tagOf = (record: StoredRecord): Buffer =>
    createHmac('sha256', keys.index)
      .update(canonicalize({ id: record.id, type: record.type }) ?? '')
      .update(createHash('sha256').update(record.nonce).update(record.box).digest())
      .digest();

  const openRecord = (stored: StoredRecord): Result<OpenRecord> => {
    const plaintext = crypto.open(keys.records, stored.nonce, context(stored.id, stored.type), stored.box);
    const record = plaintext === undefined ? undefined : unpack(stored.type, plaintext);
    if (plaintext !== undefined) crypto.wipe(plaintext);
    return record === undefined ? damagedRecords([stored.id]) : ok(record);
  };

  const readIndex = (): Result<{ count: number; sum: Buffer }> => {
    const stored = file.record(indexId);
    if (!stored.ok) return stored;
    if (stored.value === undefined) return damagedRecords([indexId]);
    const opened = openRecord(stored.value);
    if (!opened.ok) return opened;
    const index = indexSchema.safeParse({ count: Number(opened.value.facts['count']), sum: opened.value.facts['sum'] });
    if (!index.success) return damagedRecords([indexId]);
    return ok({ count: index.data.count, sum: Buffer.from(index.data.sum, 'hex') });
  };

  // Facts in memory: filled when every record was looked at, emptied when a transaction around a change was undone.
  let memory: Map<string, KnownRecord> | undefined;
  let undone = file.undone();
  let changed = 0;

  const remember = (): Result<Map<string, KnownRecord>> => {
    if (memory !== undefined && undone === file.undone()) return ok(memory);
    const stored = file.records();
    if (!stored.ok) return stored;
    const fresh = new Map<string, KnownRecord>();
    for (const record of stored.value) {
      if (record.id === indexId) continue;
      const opened = openRecord(record);
      if (!opened.ok) return opened;
      crypto.wipe(opened.value.secret);
      fresh.set(record.id, { id: record.id, type: record.type, facts: opened.value.facts });
    }
    memory = fresh;
    undone = file.undone();
    return ok(fresh);
  };

  const change = (id: string, next: StoredRecord | undefined): Result<boolean> =>
    file.transaction(() => {
      const previous = file.record(id);
      if (!previous.ok) return previous;
      const total = file.record(indexId);
      if (!total.ok) return total;
      // The very first record of a new vault finds no index; later its absence is damage.
      const isNew = total.value === undefined && next !== undefined && id === firstRecordId;
      const index = isNew ? ok({ count: 0, sum: Buffer.alloc(32) }) : readIndex();
      if (!index.ok) return index;
      if (previous.value === undefined && next === undefined) return ok(false);
      const { sum } = index.value;
      let { count } = index.value;
      if (previous.value !== undefined) {
        xorInto(sum, tagOf(previous.value));
        count -= 1;
      }
      if (next !== undefined) {
        xorInto(sum, tagOf(next));
        count += 1;
      }
      const written = next === undefined ? file.deleteRecord(id) : file.putRecord(next);
      if (!written.ok) return written;
      const facts = { count: String(count), sum: sum.toString('hex') };
      const indexed = file.putRecord(seal(indexId, 'index', pack({ type: 'index', facts, secret: new Uint8Array(0) })));
      return indexed.ok ? ok(true) : indexed;
    });

  return {
    get(id) {
      const stored = file.record(id);
      if (!stored.ok) return stored;
      if (stored.value === undefined) return err('not_found', `The vault has no record "${id}".`);
      return openRecord(stored.value);
    },
    put(id, record) {
      if (!idPattern.test(id)) return err('invalid_input', `"${id}" is not a record name.`);
      if (record.secret.length > secretLimit) return err('invalid_input', `Record "${id}" is too large for the vault.`);
      const plaintext = pack(record);
      const next = seal(id, record.type, plaintext);
      crypto.wipe(plaintext);
      const written = change(id, next);
      if (!written.ok) return written;
      memory?.set(id, { id, type: record.type, facts: record.facts });
      changed += id === logHeadRecordId ? 0 : 1;
      return ok(undefined);
    },
    delete(id) {
      if (!idPattern.test(id)) return ok(false);
      const removed = change(id, undefined);
      if (!removed.ok || !removed.value) return removed;
      memory?.delete(id);
      changed += id === logHeadRecordId ? 0 : 1;
      return removed;
    },
    known(prefix) {
      const all = remember();
      if (!all.ok) return all;
      const found: KnownRecord[] = [];
      for (const record of all.value.values()) if (record.id.startsWith(prefix)) found.push(record);
      return ok(found);
    },
    changes: () => changed,
    transaction: file.transaction,
    list() {
      const names = file.names();
      return names.ok ? ok(names.value.filter(({ id }) => id !== indexId)) : names;
    },
    verify() {
      const stored = file.records();
      if (!stored.ok) return stored;
      const sum = Buffer.alloc(32);
      const damaged: string[] = [];
      const fresh = new Map<string, KnownRecord>();
      let count = 0;
      for (const record of stored.value) {
        const opened = openRecord(record);
        if (opened.ok) crypto.wipe(opened.value.secret);
        else damaged.push(record.id);
        if (record.id === indexId) continue;
        if (opened.ok) fresh.set(record.id, { id: record.id, type: record.type, facts: opened.value.facts });
        xorInto(sum, tagOf(record));
        count += 1;
      }
      if (damaged.length > 0) return damagedRecords(damaged);
      const index = readIndex();
      if (!index.ok) return index;
      if (index.value.count === count && timingSafeEqual(index.value.sum, sum)) {
        memory = fresh;
        undone = file.undone();
        return ok(undefined);
      }
      return err('damaged', `The vault should hold ${index.value.count} records and holds ${count}, or older ones.`, {
        hint: 'A record was removed or put back from an older copy. Restore the vault from a backup.',
        details: { place: 'index', expected: index.value.count, found: count },
      });
    },
  };
}

/** What the vault remembers of the audit log; changes at every lock. */
export const logHeadRecordId = 'log/head';

/** Written when a vault is created, before any other. */
export const firstRecordId = 'key/organisation';

function damagedRecords(ids: string[]) {
  const names = ids.map((id) => `"${id}"`).join(', ');
  return err('damaged', `Damaged in the vault: ${ids.length === 1 ? 'record' : 'records'} ${names}.`, {
    hint: 'Restore the vault from a backup. Nothing in it was changed.',
    details: { place: 'records', records: ids },
  });
}

function xorInto(sum: Uint8Array, tag: Uint8Array): void {
  for (let index = 0; index < sum.length; index++) sum[index] = (sum[index] ?? 0) ^ (tag[index] ?? 0);
}

function pack({ facts, secret }: OpenRecord): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(facts));
  const bytes = secretBytes(4 + json.length + secret.length);
  new DataView(bytes.buffer).setUint32(0, json.length);
  bytes.set(json, 4);
  bytes.set(secret, 4 + json.length);
  return bytes;
}

function unpack(type: string, bytes: Uint8Array): OpenRecord | undefined {
  if (bytes.length < 4) return undefined;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  if (4 + length > bytes.length) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  } catch {
    return undefined;
  }
  const facts = factsSchema.safeParse(value);
  return facts.success ? { type, facts: facts.data, secret: copySecret(bytes.subarray(4 + length)) } : undefined;
}
