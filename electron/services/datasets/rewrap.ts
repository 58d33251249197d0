import { err, ok, type Result } from '../../contract/result.ts';
import type { DsseEnvelope } from '../../contract/dsse.ts';
import { encodeHeader, parseHeader, type AgeHeader } from '../../domain/sealed/header.ts';
import { unwrapFileKey, type Identity } from '../../domain/sealed/identities.ts';
import { parseRecipients, type Recipient } from '../../domain/sealed/recipients.ts';
import { decodeBase64, encodeBase64 } from '../../domain/encoding/base64.ts';
import type { DatasetRecord, DatasetStore } from './dataset-record.ts';

/**
 * Rewrapping a dataset: its file key is wrapped for other recipients in a *detached* age header that the store keeps
 * beside the record. The sealed file stays as it is, byte for byte: a new header in the file would change part 0, the
 * Merkle root and every order and receipt that names it, and shift the payload. Whoever still has the old file and the
 * old identity can open that file for ever; only sealing the data again changes that.
 */
export interface RewrapOptions {
  readonly store: DatasetStore;
  /** Header of a sealed file. Errors: those of the file system, `damaged`. */
  readonly readHeader: (path: string) => Promise<Result<AgeHeader>>;
  readonly random: (bytes: number) => Uint8Array;
  readonly clock: () => number;
  /** Where it goes to: the recipient of this desk. */
  readonly to: string;
  /** All recipients of this desk, old and new: these are replaced, others (custodians) stay. */
  readonly own: readonly string[];
  /** Lends the identities of this desk for one batch. Errors: `locked`, those of the log. */
  readonly lend: <T>(work: (identities: readonly Identity[]) => Promise<Result<T>>) => Promise<Result<T>>;
  /** The entry in the log, before a batch is written. */
  readonly log: (ids: readonly string[]) => Result<void>;
  /** All manifests of a batch under the active signing key, when they are not yet. Errors: `locked`. */
  readonly signAgain: (manifests: readonly DsseEnvelope[]) => Result<readonly DsseEnvelope[]>;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

export interface RewrapReport {
  readonly total: number;
  readonly rewrapped: number;
  /** Wrapped to the active recipient already. */
  readonly current: number;
  /** Datasets that could not be: gone, damaged, or sealed to somebody else. */
  readonly failed: readonly { readonly id: string; readonly message: string }[];
}

/** One transaction and one log entry each; a stop in between loses nothing and goes on later. */
const batchSize = 200;

/** Recipients that open the dataset now. */
export function recipientsOf({ view, rewrapped }: DatasetRecord): readonly string[] {
  return rewrapped?.recipients ?? view.recipients;
}

/** Wraps the file key of every dataset to the active recipient. Errors: `cancelled`, `locked`, those of log and disk. */
export async function rewrapDatasets(options: RewrapOptions): Promise<Result<RewrapReport>> {
  const { store, to } = options;
  const listed = store.list();
  if (!listed.ok) return listed;
  const own = new Set(options.own);
  const failed: { id: string; message: string }[] = [];
  const recipients = createRecipientCache();
  let rewrapped = 0;
  let current = 0;
  let done = 0;
  for (let from = 0; from < listed.value.length; from += batchSize) {
    if (options.signal?.aborted === true)
      return err('cancelled', 'Rewrapping was stopped; "nacre key rewrap" goes on.');
    const batch = listed.value.slice(from, from + batchSize);
    const signed = options.signAgain(batch.map(({ manifest }) => manifest));
    if (!signed.ok) return signed;
    const lent = await options.lend(async (identities) => {
      const changed: DatasetRecord[] = [];
      for (const [index, record] of batch.entries()) {
        const manifest = signed.value[index] ?? record.manifest;
        const wanted = [to, ...recipientsOf(record).filter((recipient) => !own.has(recipient))];
        const same = sameList(wanted, recipientsOf(record));
        if (same && manifest === record.manifest) {
          current += 1;
          continue;
        }
        const next = same ? ok(record) : await rewrapOne(record, wanted, identities, recipients, options);
        if (next.ok) changed.push({ ...next.value, manifest });
        else failed.push({ id: record.view.id, message: next.error.message });
      }
      return ok(changed);
    });
    if (!lent.ok) return lent;
    const written = lent.value.length === 0 ? ok(undefined) : write(options, lent.value);
    if (!written.ok) return written;
    rewrapped += lent.value.length;
    done += batch.length;
    options.onProgress?.(done, listed.value.length);
    // Headers come from the cache of the system, so nothing else would let the event loop turn.
    await new Promise((resume) => setImmediate(resume));
  }
  return ok({ total: listed.value.length, rewrapped, current, failed });
}

function write(options: RewrapOptions, records: readonly DatasetRecord[]): Result<void> {
  const logged = options.log(records.map(({ view }) => view.id));
  return logged.ok ? options.store.putAll(records) : logged;
}

async function rewrapOne(
  record: DatasetRecord,
  wanted: readonly string[],
  identities: readonly Identity[],
  recipients: (texts: readonly string[]) => Result<readonly Recipient[]>,
  options: RewrapOptions,
): Promise<Result<DatasetRecord>> {
  const targets = recipients(wanted);
  if (!targets.ok) return targets;
  const header = await currentHeader(record, options.readHeader);
  if (!header.ok) return header;
  const fileKey = unwrapFileKey(header.value, identities);
  if (!fileKey.ok) return fileKey;
  const stanzas = targets.value.map((recipient) => recipient.wrap(fileKey.value, options.random));
  const bytes = encodeHeader(stanzas, fileKey.value);
  fileKey.value.fill(0);
  const at = new Date(options.clock()).toISOString();
  return ok({ ...record, rewrapped: { header: encodeBase64(bytes), recipients: [...wanted], at } });
}

function currentHeader(record: DatasetRecord, read: RewrapOptions['readHeader']): Promise<Result<AgeHeader>> {
  const detached = detachedHeader(record);
  return detached === undefined ? read(record.view.sealedPath) : Promise.resolve(parseHeader(detached));
}

/** Bytes of the detached header; absent when the dataset was never rewrapped. */
export function detachedHeader({ rewrapped }: DatasetRecord): Uint8Array | undefined {
  return rewrapped === undefined ? undefined : (decodeBase64(rewrapped.header) ?? new Uint8Array(0));
}

function createRecipientCache() {
  const known = new Map<string, Result<readonly Recipient[]>>();
  return (texts: readonly string[]): Result<readonly Recipient[]> => {
    const name = texts.join(' ');
    const found = known.get(name) ?? parseRecipients(texts);
    known.set(name, found);
    return found;
  };
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, index) => text === b[index]);
}
