import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import {
  collateralItemSchema,
  collateralLimits,
  collateralPayloadType,
  type CollateralBundleView,
  type CollateralImport,
  type CollateralItem,
  type CollateralView,
  type ImportedItem,
} from '../../../contract/collateral.ts';
import { err, ok, type Result } from '../../../contract/result.ts';
import type { Signer, VerifySignature } from '../../../domain/dsse/dsse.ts';
import type { TrustAnchors } from '../../../domain/evidence/anchors.ts';
import {
  claimedSigner,
  collateralView,
  readBundle,
  readItem,
  signBundle,
  type ReadItem,
} from '../../../domain/evidence/collateral/bundle.ts';
import { itemsFromFiles } from '../../../domain/evidence/collateral/from-files.ts';
import { whyNotGenuine } from '../../../domain/evidence/collateral/genuine.ts';
import {
  collateralMarkSchema,
  compareWithMark,
  markOf,
  seriesOf,
  type CollateralMark,
} from '../../../domain/evidence/collateral/marks.ts';
import { createCollateralSource, type UsedCollateral } from '../../../domain/evidence/collateral/source.ts';
import type { EvidenceCrypto } from '../../../domain/evidence/crypto.ts';
import { createEvidenceSet } from '../../../domain/evidence/files/evidence-set.ts';
import type { CollateralSource } from '../../../domain/evidence/files/family.ts';
import type { Store } from '../../store/store.ts';
import { readEvidenceFile, readEvidenceFiles } from '../files/read-files.ts';

export interface CollateralServiceOptions {
  readonly store: Pick<Store, 'collection' | 'transaction'>;
  readonly anchors: TrustAnchors;
  readonly crypto: EvidenceCrypto;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly verify: VerifySignature;
  /** The desk's organisation key. Errors: `locked`. */
  readonly signer: () => Result<Signer & { readonly publicKey: Uint8Array }>;
  /** An entry in the log; what cannot be logged is not done. */
  readonly log: (
    kind: 'collateral-imported' | 'collateral-exported',
    subject: string,
    details: Readonly<Record<string, string | number>>,
  ) => Result<void>;
  /** Writes a whole file or none. */
  readonly write: (path: string, bytes: Uint8Array) => Promise<Result<null>>;
}

export interface ExportedBundle {
  readonly path: string;
  readonly fileName: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly items: number;
}

/** What this desk knows of vendors' collateral. Opens no connection: everything comes and goes as files. */
export interface CollateralService {
  list(): Result<CollateralView[]>;
  /**
   * Takes in one bundle, or vendors' own files. Each item must be signed by its vendor and not older than what was seen
   * before; items that are not, are refused by name and the others taken. Nothing is written when the log cannot be.
   * Errors: `invalid_input`, `integrity` (bundle of a desk that nobody named, or changed), `damaged`, `locked`, and those of the disk.
   */
  import(request: { paths: readonly string[]; signer?: string; source?: string }): Promise<Result<CollateralImport>>;
  /** Errors: `not_found` (nothing kept), `locked`, and those of the disk. */
  export(path: string, note: string): Promise<Result<ExportedBundle>>;
  /** What verification may draw on, with everything that is kept now. */
  source(): Result<UsedCollateral>;
}

export function createCollateralService(options: CollateralServiceOptions): CollateralService {
  const { store, clock, crypto, anchors } = options;
  const items = store.collection('collateral', collateralItemSchema);
  const marks = store.collection('collateral-marks', collateralMarkSchema);

  const kept = (): Result<ReadItem[]> => {
    const listing = items.list();
    if (!listing.ok) return listing;
    const [damaged] = listing.value.damaged;
    if (damaged !== undefined) return err('damaged', damaged.message);
    const found: ReadItem[] = [];
    for (const { value } of listing.value.items) {
      const read = readItem(value, sha256Of);
      if (!read.ok) return err('damaged', `The kept ${value.kind} ${value.id} cannot be used: ${read.error.message}`);
      found.push(read.value);
    }
    return ok(found);
  };

  /** Judges and stores one item inside the transaction. */
  const takeIn = (read: ReadItem): Result<ImportedItem> => {
    const view = collateralView(read, clock());
    const { item, facts } = read;
    const problem = whyNotGenuine(item, facts, { anchors, crypto });
    if (problem !== undefined)
      return ok({ item: view, outcome: 'refused', reason: 'collateral-not-genuine', detail: problem });
    const series = seriesOf(facts);
    const mark = series === undefined ? ok(undefined) : marks.get(series);
    if (!mark.ok) return mark;
    const age = compareWithMark(facts, mark.value);
    if (age === 'older') {
      const detail = rollbackWords(read, mark.value);
      return ok({ item: view, outcome: 'refused', reason: 'collateral-rollback', detail });
    }
    const id = `${item.kind}/${item.id}`;
    const before = items.get(id);
    if (!before.ok) return before;
    const known = before.value?.sha256 === item.sha256;
    if (known && before.value.fetchedAt >= item.fetchedAt) return ok({ item: view, outcome: 'known' });
    const stored = items.put(id, item);
    if (!stored.ok) return stored;
    const marked = series === undefined || age === 'same' ? ok(undefined) : marks.put(series, markOf(facts));
    return marked.ok ? ok({ item: view, outcome: known ? 'known' : 'imported' }) : marked;
  };

  return {
    list() {
      const found = kept();
      return found.ok ? ok(found.value.map((one) => collateralView(one, clock()))) : found;
    },

    async import({ paths, signer, source }) {
      const read = await readSource(paths, signer, source);
      if (!read.ok) return read;
      return store.transaction(() => {
        const results: ImportedItem[] = [];
        for (const one of read.value.items) {
          const result = takeIn(one);
          if (!result.ok) return result;
          results.push(result.value);
        }
        const count = (outcome: ImportedItem['outcome']) => results.filter((one) => one.outcome === outcome).length;
        const logged = options.log('collateral-imported', read.value.subject, {
          imported: count('imported'),
          known: count('known'),
          refused: count('refused'),
          sha256: read.value.sha256,
          ...(read.value.signer === undefined ? {} : { signer: read.value.signer }),
        });
        if (!logged.ok) return logged;
        return ok({ items: results, ...(read.value.signer === undefined ? {} : { signer: read.value.signer }) });
      });
    },

    async export(path, note) {
      const found = kept();
      if (!found.ok) return found;
      if (found.value.length === 0) return err('not_found', 'There is no collateral to export.');
      if (found.value.length > collateralLimits.items) {
        return err(
          'invalid_input',
          `${found.value.length} items are kept; a bundle holds at most ${collateralLimits.items}.`,
        );
      }
      const signer = options.signer();
      if (!signer.ok) return signer;
      const createdAt = new Date(clock()).toISOString();
      const envelope = signBundle({ items: found.value.map(({ item }) => item), createdAt, note }, signer.value);
      const bytes = new Uint8Array(Buffer.from(`${JSON.stringify(envelope)}\n`));
      if (bytes.length > collateralLimits.bundleBytes) {
        return err(
          'invalid_input',
          `The bundle would have ${bytes.length} bytes; at most ${collateralLimits.bundleBytes} are read back.`,
        );
      }
      const sha256 = sha256Of(bytes);
      const logged = options.log('collateral-exported', basename(path), { items: found.value.length, sha256 });
      if (!logged.ok) return logged;
      const written = await options.write(path, bytes);
      if (!written.ok) return written;
      return ok({ path, fileName: basename(path), bytes: bytes.length, sha256, items: found.value.length });
    },

    source() {
      const found = kept();
      if (!found.ok) return found;
      const seen = marks.list();
      if (!seen.ok) return seen;
      const highest = (tee: 'tdx' | 'sgx') =>
        Math.max(
          0,
          ...seen.value.items
            .filter(({ id }) => id.startsWith(`intel-tcb-info/${tee}/`))
            .map(({ value }) => Number(value.number ?? 0)),
        );
      const numbers = { tdx: highest('tdx'), sgx: highest('sgx') };
      return ok(
        createCollateralSource(
          'store',
          found.value.map(({ item }) => item),
          numbers,
        ),
      );
    },
  };

  async function readSource(
    paths: readonly string[],
    signer: string | undefined,
    source: string | undefined,
  ): Promise<Result<{ items: readonly ReadItem[]; subject: string; sha256: string; signer?: string }>> {
    const [path] = paths;
    const first = path === undefined ? undefined : await readEvidenceFile(path, collateralLimits.bundleBytes);
    if (first === undefined || !first.ok) return first ?? err('invalid_input', 'No file was given.');
    const sha256 = sha256Of(first.value.bytes);
    if (isBundle(first.value.bytes)) {
      if (paths.length > 1) return err('invalid_input', 'A bundle is imported alone.');
      const own = options.signer();
      if (!own.ok) return own;
      const trusted = [own.value.keyId, ...(signer === undefined ? [] : [signer])];
      const bundle = readBundle(first.value.bytes, trusted, { sha256: sha256Of, verify: options.verify });
      if (!bundle.ok) return bundle;
      return ok({ items: bundle.value.items, subject: first.value.name, sha256, signer: bundle.value.signer });
    }
    const files = await readEvidenceFiles(paths);
    if (!files.ok) return files;
    const set = createEvidenceSet(files.value);
    if (!set.ok) return set;
    const made = itemsFromFiles({
      set: set.value,
      fetchedAt: new Date(clock()).toISOString(),
      source,
      sha256: sha256Of,
      crypto,
    });
    if (!made.ok) return made;
    const read: ReadItem[] = [];
    for (const item of made.value) {
      const one = readItem(item, sha256Of);
      if (!one.ok) return one;
      read.push(one.value);
    }
    return ok({ items: read, subject: first.value.name, sha256 });
  }
}

/** A bundle looked at without a profile: whose signature it bears, and each item on its own. Errors: `damaged`, and those of reading. */
export async function inspectBundle(
  path: string,
  context: Pick<CollateralServiceOptions, 'anchors' | 'crypto' | 'verify' | 'clock'>,
): Promise<Result<CollateralBundleView>> {
  const file = await readEvidenceFile(path, collateralLimits.bundleBytes);
  if (!file.ok) return file;
  const claimed = claimedSigner(file.value.bytes);
  if (!claimed.ok) return claimed;
  const read = readBundle(file.value.bytes, [claimed.value.keyId], { sha256: sha256Of, verify: context.verify });
  if (!read.ok) {
    if (read.error.code !== 'integrity') return read;
    return ok({ signer: claimed.value.keyId, signed: false, createdAt: '', note: '', items: [] });
  }
  const { bundle, items } = read.value;
  return ok({
    signer: read.value.signer,
    signed: true,
    createdAt: bundle.createdAt,
    note: bundle.note,
    items: items.map((one) => {
      const problem = whyNotGenuine(one.item, one.facts, context);
      const view = collateralView(one, context.clock());
      return { ...view, genuine: problem === undefined, ...(problem === undefined ? {} : { problem }) };
    }),
  });
}

/** Collateral out of a file for one verification: a bundle of any desk, or Intel's as JSON. Errors: as `inspectBundle`. */
export async function collateralOfFile(
  path: string,
  context: Pick<CollateralServiceOptions, 'anchors' | 'crypto' | 'verify' | 'clock'>,
): Promise<Result<CollateralSource>> {
  const file = await readEvidenceFile(path, collateralLimits.bundleBytes);
  if (!file.ok) return file;
  const { name, bytes } = file.value;
  let found: readonly CollateralItem[];
  if (isBundle(bytes)) {
    const claimed = claimedSigner(bytes);
    if (!claimed.ok) return claimed;
    const read = readBundle(bytes, [claimed.value.keyId], { sha256: sha256Of, verify: context.verify });
    if (!read.ok) return read;
    found = read.value.items.map(({ item }) => item);
  } else {
    const set = createEvidenceSet([file.value]);
    if (!set.ok) return set;
    const made = itemsFromFiles({
      set: set.value,
      fetchedAt: new Date(context.clock()).toISOString(),
      source: name,
      sha256: sha256Of,
      crypto: context.crypto,
    });
    if (!made.ok) return made;
    found = made.value;
  }
  return ok(createCollateralSource(name, found));
}

function rollbackWords({ item, facts }: ReadItem, mark: CollateralMark | undefined): string {
  const number = facts.number === undefined ? '' : `number ${facts.number}, `;
  const seen = mark?.number === undefined ? '' : `number ${mark.number}, `;
  return `${item.kind} ${item.id} (${number}${new Date(facts.validFrom).toISOString()}) is older than the one seen before (${seen}${mark?.at ?? '?'}).`;
}

function isBundle(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(`"${collateralPayloadType}"`);
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
