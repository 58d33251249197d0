import { ok, err, type Result } from '../../contract/result.ts';
import { keyPurposes, keyStates, keyTypes, type KeyPurpose, type KeyState, type KeyView } from '../../contract/keys.ts';
import { publicPartOf, rawPublicKey, type DerivePublicKey, type KeyMaterial } from '../../domain/keys/material.ts';
import type { VaultCrypto } from './crypto-types.ts';
import { firstRecordId, type KnownRecord, type RecordBook } from './records.ts';

/** The two keys that every vault is made with; further ones have random names under the same prefix. */
export const organisationKeyId = firstRecordId;
export const datasetKeyId = 'key/dataset';
export const keyPrefix = 'key/';

/** Public facts of one key. In memory while unlocked, encrypted beside its secret on the disk. */
export interface KeyEntry extends Omit<KeyView, 'uses' | 'lastUsedAt'> {}

/** What format 1 did not write down about its two keys. */
const firstKeys: Readonly<Record<string, { label: string; purpose: KeyPurpose }>> = {
  [organisationKeyId]: { label: 'Organisation signing key', purpose: 'signing' },
  [datasetKeyId]: { label: 'Dataset identity', purpose: 'dataset-recipient' },
};

/** The keys of an unlocked vault, by public facts. Every change is on the disk when it returns. */
export interface KeyRing {
  /** Oldest first. */
  all(): readonly KeyEntry[];
  /** Oldest first; `text` (lower case) in name, id, address or public part. Searches what was prepared at unlock. */
  find(filter: { readonly text?: string; readonly purpose?: KeyPurpose; readonly limit: number }): KeyEntry[];
  /** Errors: `not_found`. */
  get(id: string): Result<KeyEntry>;
  /** Errors: `not_found` when there is no key of this purpose. */
  active(purpose: KeyPurpose): Result<KeyEntry>;
  /** Those that may open or verify: active first, then the retired ones, newest first. */
  usable(purpose: KeyPurpose): readonly KeyEntry[];
  /** Errors: `already_exists` (the same key), `invalid_input`, and those of the disk. */
  add(material: KeyMaterial, facts: Omit<KeyEntry, 'type' | 'publicKey' | 'address'>): Result<KeyEntry>;
  change(id: string, patch: Partial<KeyEntry>, without?: readonly (keyof KeyEntry)[]): Result<KeyEntry>;
  /** The secret of a key; the caller wipes it. Errors: `not_found`, `damaged`. */
  secret(id: string): Result<Uint8Array>;
  /** Reads the facts again: after a transaction around changes was undone. */
  reload(): Result<void>;
}

/** Public keys by libsodium where it has the curve, so that no copy of a secret stays behind. */
export function deriverOf(crypto: VaultCrypto): DerivePublicKey {
  return (material) => {
    if (material.type === 'ed25519') return crypto.ed25519PublicKey(material.secret);
    if (material.type === 'age-x25519') return crypto.x25519PublicKey(material.secret);
    return rawPublicKey(material);
  };
}

/** Errors: `damaged` naming the key's record. */
export function openKeyRing(book: RecordBook, crypto: VaultCrypto): Result<KeyRing> {
  const { wipe } = crypto;
  const derive = deriverOf(crypto);
  let entries = new Map<string, KeyEntry>();
  // Prepared at unlock, and anew by the first search after a change.
  let prepared: SearchIndex | undefined;
  // Public part to label: a second copy of a key is found without looking through all.
  let labels = new Map<string, string>();

  const complete = (record: KnownRecord): Result<KeyEntry> => {
    const { facts, id, type } = record;
    const known = firstKeys[id];
    const purpose = keyPurposes.find((name) => name === (facts['purpose'] ?? known?.purpose));
    const keyType = keyTypes.find((name) => name === type);
    const state: KeyState | undefined = keyStates.find((name) => name === (facts['state'] ?? 'active'));
    if (purpose === undefined || keyType === undefined || state === undefined) {
      return err('damaged', `Damaged in the vault: record "${id}" is no key that this Nacre knows.`);
    }
    let publicKey = facts['publicKey'];
    let address = facts['address'];
    if (publicKey === undefined) {
      const stored = book.get(id);
      if (!stored.ok) return stored;
      const part = publicPartOf({ type: keyType, secret: stored.value.secret }, derive);
      wipe(stored.value.secret);
      if (!part.ok) return err('damaged', `Damaged in the vault: record "${id}". ${part.error.message}`);
      ({ publicKey, address } = part.value);
    }
    const optional = (name: string) => (facts[name] === undefined ? {} : { [name]: facts[name] });
    return ok({
      id,
      label: facts['label'] ?? known?.label ?? id,
      type: keyType,
      purpose,
      state,
      publicKey,
      ...(address === undefined ? {} : { address }),
      origin: facts['origin'] === 'imported' ? 'imported' : 'made',
      createdAt: facts['createdAt'] ?? '',
      ...optional('expiresAt'),
      ...optional('revokedAt'),
      ...optional('reason'),
      ...optional('replacedBy'),
    });
  };

  const write = (entry: KeyEntry, secret: Uint8Array): Result<KeyEntry> => {
    const { id, type, ...rest } = entry;
    const facts: Record<string, string> = {};
    for (const [name, value] of Object.entries(rest)) if (value !== undefined) facts[name] = value;
    const written = book.put(id, { type, facts, secret });
    if (!written.ok) return written;
    entries.set(id, entry);
    prepared = undefined;
    labels.set(entry.publicKey, entry.label);
    return ok(entry);
  };

  const ring: KeyRing = {
    all: () => [...entries.values()],
    find({ text, purpose, limit }) {
      const found: KeyEntry[] = [];
      const candidates =
        text === undefined || text === ''
          ? entries.values()
          : entriesWith(text, (prepared ??= searchIndexOf([...entries.values()])));
      for (const entry of candidates) {
        if (purpose !== undefined && entry.purpose !== purpose) continue;
        found.push(entry);
        if (found.length === limit) break;
      }
      return found;
    },
    get(id) {
      const entry = entries.get(id);
      return entry === undefined ? err('not_found', `There is no key ${JSON.stringify(id)}.`) : ok(entry);
    },
    active(purpose) {
      for (const entry of entries.values()) if (entry.purpose === purpose && entry.state === 'active') return ok(entry);
      return err('not_found', `There is no active key for ${purpose}.`, { hint: 'Create one.' });
    },
    usable(purpose) {
      const found = ring.all().filter((entry) => entry.purpose === purpose && entry.state !== 'revoked');
      return found.toReversed().sort((a, b) => Number(b.state === 'active') - Number(a.state === 'active'));
    },
    add(material, facts) {
      const part = publicPartOf(material, derive);
      if (!part.ok) return part;
      const twin = labels.get(part.value.publicKey);
      if (twin !== undefined) return err('already_exists', `The vault has this key already, as "${twin}".`);
      return write({ ...facts, type: material.type, ...part.value }, material.secret);
    },
    change(id, patch, without = []) {
      const entry = ring.get(id);
      if (!entry.ok) return entry;
      const stored = book.get(id);
      if (!stored.ok) return stored;
      const next: KeyEntry = { ...entry.value, ...patch };
      for (const name of without) delete (next as Partial<KeyEntry>)[name];
      const written = write(next, stored.value.secret);
      wipe(stored.value.secret);
      return written;
    },
    secret(id) {
      const stored = book.get(id);
      return stored.ok ? ok(stored.value.secret) : stored;
    },
    reload() {
      const records = book.known(keyPrefix);
      if (!records.ok) return records;
      const fresh = new Map<string, KeyEntry>();
      for (const record of records.value) {
        const entry = complete(record);
        if (!entry.ok) return entry;
        fresh.set(record.id, entry.value);
      }
      entries = new Map(
        [...fresh].sort(([, a], [, b]) => order(a) - order(b) || a.createdAt.localeCompare(b.createdAt)),
      );
      prepared = searchIndexOf([...entries.values()]);
      labels = new Map([...entries.values()].map(({ publicKey, label }) => [publicKey, label]));
      return ok(undefined);
    },
  };
  const loaded = ring.reload();
  return loaded.ok ? ok(ring) : loaded;
}

function searchText({ label, id, publicKey, address }: KeyEntry): string {
  return [label, id, address ?? '', publicKey].join('\n').toLowerCase();
}

/**
 * The texts of all keys in one string: one native search over it takes a fraction of 100,000 short ones.
 * `ends[i]` is where the text of the key after `entries[i]` begins.
 */
interface SearchIndex {
  readonly entries: readonly KeyEntry[];
  readonly ends: Uint32Array;
  readonly text: string;
}

const separator = '\u0000';

function searchIndexOf(entries: readonly KeyEntry[]): SearchIndex {
  const texts = entries.map(searchText);
  const ends = new Uint32Array(texts.length);
  let end = 0;
  for (const [place, text] of texts.entries()) {
    end += text.length + separator.length;
    ends[place] = end;
  }
  return { entries, ends, text: texts.join(separator) };
}

/** The keys whose text has `text` in it, in order. `text` is not empty. */
function* entriesWith(text: string, index: SearchIndex): Generator<KeyEntry> {
  // It would find two neighbours as one.
  if (text.includes(separator)) return;
  let place = 0;
  for (let at = index.text.indexOf(text); at >= 0; at = index.text.indexOf(text, index.ends[place])) {
    while ((index.ends[place] ?? Number.POSITIVE_INFINITY) <= at) place += 1;
    const entry = index.entries[place];
    if (entry === undefined) return;
    yield entry;
  }
}

/** The two first keys stand first, the signing key before the dataset identity. */
function order({ id }: KeyEntry): number {
  return id === organisationKeyId ? 0 : id === datasetKeyId ? 1 : 2;
}

/** Makes the organisation's Ed25519 key and the age X25519 identity of its datasets. */
export function createFirstKeys(
  book: RecordBook,
  wipe: (bytes: Uint8Array) => void,
  random: (bytes: number) => Uint8Array,
  createdAt: string,
): Result<void> {
  for (const [id, type] of [
    [organisationKeyId, 'ed25519'],
    [datasetKeyId, 'age-x25519'],
  ] as const) {
    const secret = random(32);
    const written = book.put(id, { type, facts: { createdAt }, secret });
    wipe(secret);
    if (!written.ok) return written;
  }
  return ok(undefined);
}

export interface KeyUse {
  readonly uses: number;
  readonly lastUsedAt?: string | undefined;
}

export function keyViewOf(entry: KeyEntry, { uses, lastUsedAt }: KeyUse): KeyView {
  return { ...entry, uses, ...(lastUsedAt === undefined ? {} : { lastUsedAt }) };
}
