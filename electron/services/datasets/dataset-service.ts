import { createHash } from 'node:crypto';
import { mkdir, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { DsseEnvelope } from '../../contract/dsse.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { manifestSchema, type DatasetSchema, type Manifest, type SealProgress } from '../../contract/sealed.ts';
import type { TablePreview } from '../../contract/table-preview.ts';
import type { DataPreview, DatasetView } from '../../contract/views.ts';
import type { VerifySignature } from '../../domain/dsse/dsse.ts';
import { verifyJson } from '../../domain/dsse/dsse.ts';
import { decodeBase64 } from '../../domain/encoding/base64.ts';
import type { OrderDataset } from '../../domain/job/order.ts';
import type { Identity } from '../../domain/sealed/identities.ts';
import { payloadTypes } from '../../contract/wire.ts';
import type { describeEarlier } from '../sealing/earlier.ts';
import type { LendIdentities } from '../sealing/seal.ts';
import type { SealedDataset, LoadOptions } from '../sealing/sealed-dataset.ts';
import type { PauseSource } from '../sealing/segment-task.ts';
import type { SealingService } from '../sealing/sealing-service.ts';
import type { InspectTable, TableInspection } from '../sealing/table-task.ts';
import type { DatasetRecord, DatasetStore } from './dataset-record.ts';
import { detachedHeader, recipientsOf } from './rewrap.ts';

interface ReadOptions {
  readonly target?: string;
  readonly signal?: AbortSignal;
}

export interface DatasetServiceOptions {
  readonly sealing: SealingService;
  /** See services/sealing/preview.ts and table-task.ts. */
  readonly preview: (path: string, options?: ReadOptions) => Promise<Result<DataPreview>>;
  readonly inspectTable: InspectTable;
  readonly tableFormat: (name: string) => TablePreview['format'] | undefined;
  readonly load: (options: LoadOptions) => Promise<Result<SealedDataset>>;
  readonly store: DatasetStore;
  /** Folder of the sealed files. */
  readonly folder: string;
  readonly random: (bytes: number) => Uint8Array;
  readonly clock: () => number;
  readonly verify: VerifySignature;
  /** Raw Ed25519 keys of the organisation whose manifests are believed: the active one and retired ones. Errors: `locked`. */
  readonly trustedKeys: () => Result<readonly Uint8Array[]>;
  /** Errors: `locked`. */
  readonly signManifest: (manifest: Manifest) => Result<DsseEnvelope>;
  /** age recipients that open this desk's datasets. Errors: `locked`. */
  readonly recipients: () => Result<readonly string[]>;
  /** The identity while the vault lends it; see core/identity-lender.ts. */
  readonly identities: () => Result<readonly Identity[]>;
  /** Lends it for one piece of work: an interrupted sealing is gone on with. */
  readonly lendIdentities: LendIdentities;
  /** Logs `dataset-sealed`. */
  readonly logSealed: (root: string, details: Readonly<Record<string, string | number>>) => Result<void>;
}

export interface SealRequest {
  readonly path: string;
  readonly name: string;
  readonly target?: string;
  readonly onProgress?: (progress: SealProgress) => void;
  readonly signal?: AbortSignal;
  readonly pause?: PauseSource;
  /** Told when an interrupted run of the same source had left a file, and what became of it. */
  readonly onEarlier?: (sealed: Parameters<typeof describeEarlier>[0]) => void;
}

export interface DatasetService {
  /** Errors: see `previewSource`. */
  preview(path: string, target?: string): Promise<Result<DataPreview>>;
  /** Seals into the profile, signs the manifest, logs, remembers. Errors: `invalid_input`, `locked`, `cancelled`, those of sealing. */
  seal(request: SealRequest): Promise<Result<DatasetView>>;
  list(): Result<DatasetView[]>;
  /** Hashes every part again, with no key. */
  verify(id: string): Promise<Result<{ whole: boolean; parts: number; badParts: number[] }>>;
  forOrder(id: string): Result<OrderDataset>;
  manifest(id: string): Result<DsseEnvelope>;
  open(id: string): Promise<Result<SealedDataset>>;
}

/** Sealed datasets of a profile: the data never lies there in the clear. */
export function createDatasetService(options: DatasetServiceOptions): DatasetService {
  const { sealing, store } = options;

  const find = (id: string): Result<DatasetRecord> => {
    const found = store.get(id);
    if (!found.ok) return found;
    return found.value === undefined
      ? err('not_found', `There is no dataset ${JSON.stringify(id)}.`, { hint: 'Seal the data first.' })
      : ok(found.value);
  };

  /** Nothing for what is no table; a table that is broken is sealed too, unless a target was asked for. */
  const readTable = async (
    path: string,
    target: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Result<TableInspection | undefined>> => {
    const format = options.tableFormat(path);
    if (format !== 'csv' && target !== undefined) {
      return err('invalid_input', `${path} is not a CSV file, so it has no column ${JSON.stringify(target)}.`);
    }
    // Parquet writers like to make folders of such a name.
    if (format === undefined || (format !== 'csv' && (await isFolder(path)))) return ok(undefined);
    const inspected = await options.inspectTable({ path, format, ...(target === undefined ? {} : { target }) }, signal);
    if (!inspected.ok) {
      const noTable = inspected.error.code === 'invalid_input' || inspected.error.code === 'damaged';
      return target === undefined && noTable ? ok(undefined) : inspected;
    }
    const missing = inspected.value.csv?.problems.find(({ details }) => details?.['reason'] === 'missing-column');
    return missing === undefined ? inspected : { ok: false, error: missing };
  };

  return {
    preview: (path, target) => options.preview(path, target === undefined ? {} : { target }),

    async seal({ path, name, target, onProgress, signal, pause, onEarlier }) {
      const recipients = options.recipients();
      if (!recipients.ok) return recipients;
      const table = await readTable(path, target, signal);
      if (!table.ok) return table;
      const made = await makeFolder(options.folder);
      if (!made.ok) return made;
      const id = `data-${Buffer.from(options.random(8)).toString('hex')}`;
      const out = join(options.folder, `${id}.age`);
      const sealed = await sealing.seal({
        path,
        recipients: recipients.value,
        out,
        manifest: true,
        name: basename(path),
        lendIdentities: options.lendIdentities,
        // The id is a new one each time; an interrupted sealing of the same data is found by where it came from.
        unfinishedName: `unfinished-${createHash('sha256').update(path).digest('hex').slice(0, 32)}`,
        ...(table.value === undefined ? {} : { schema: schemaOf(table.value) }),
        ...(onProgress === undefined ? {} : { onProgress }),
        ...(signal === undefined ? {} : { signal }),
        ...(pause === undefined ? {} : { pause }),
      });
      if (!sealed.ok) return sealed;
      const { manifest, earlier } = sealed.value;
      if (earlier !== 'none') onEarlier?.({ ...sealed.value, earlier });
      if (manifest === undefined) throw new Error('a manifest was asked for');
      const envelope = options.signManifest(manifest);
      if (!envelope.ok) return drop(out, envelope);
      const logged = options.logSealed(manifest.root, {
        dataset: id,
        sealedBytes: manifest.sealedBytes,
        parts: manifest.parts.length,
      });
      if (!logged.ok) return drop(out, logged);
      const dataset: DatasetView = {
        id,
        name,
        sourcePath: path,
        sealedPath: out,
        plainBytes: manifest.plainBytes,
        sealedBytes: manifest.sealedBytes,
        parts: manifest.parts.length,
        partSize: manifest.partSize,
        root: manifest.root,
        ...(table.value === undefined ? {} : tableFacts(table.value)),
        recipients: [...manifest.recipients],
        sealedAt: new Date(options.clock()).toISOString(),
      };
      const kept = store.insert(id, { version: 1, view: dataset, manifest: envelope.value });
      return kept.ok ? ok(dataset) : drop(out, kept);
    },

    list() {
      const found = store.list();
      return found.ok
        ? ok(found.value.map((record) => ({ ...record.view, recipients: [...recipientsOf(record)] })))
        : found;
    },

    async verify(id) {
      const record = find(id);
      if (!record.ok) return record;
      const keys = options.trustedKeys();
      if (!keys.ok) return keys;
      const manifest = verifyJson(record.value.manifest, manifestSchema, {
        payloadType: payloadTypes.manifest,
        trusted: keys.value.map((publicKey) => ({ publicKey })),
        verify: options.verify,
      });
      if (!manifest.ok) return manifest;
      const verdict = await sealing.verifyParts(record.value.view.sealedPath, manifest.value.value);
      return verdict.ok ? ok({ ...verdict.value, badParts: [...verdict.value.badParts] }) : verdict;
    },

    forOrder(id) {
      const record = find(id);
      if (!record.ok) return record;
      const { view, manifest } = record.value;
      const payload = decodeBase64(manifest.payload);
      if (payload === undefined) return err('damaged', `The manifest of dataset ${id} in the store is damaged.`);
      return ok({
        id,
        name: view.name,
        root: view.root,
        sealedBytes: view.sealedBytes,
        manifestSha256: createHash('sha256').update(payload).digest('hex'),
        // The built-in programs train on CSV alone, which is what has a target: other columns are none to them.
        ...(view.columns === undefined || view.target === undefined ? {} : { columns: view.columns }),
        ...(view.rows === undefined ? {} : { rows: view.rows }),
      });
    },

    manifest(id) {
      const record = find(id);
      return record.ok ? ok(record.value.manifest) : record;
    },

    async open(id) {
      const record = find(id);
      if (!record.ok) return record;
      const keys = options.trustedKeys();
      if (!keys.ok) return keys;
      return options.load({
        path: record.value.view.sealedPath,
        envelope: record.value.manifest,
        trusted: keys.value.map((publicKey) => ({ publicKey })),
        identities: options.identities,
        verify: options.verify,
        ...withDetached(detachedHeader(record.value)),
      });
    },
  };
}

function withDetached(header: Uint8Array | undefined): { detachedHeader?: Uint8Array } {
  return header === undefined ? {} : { detachedHeader: header };
}

/** A sealed file that nobody signed for or remembers is not left behind. */
async function drop(path: string, failure: Result<never>): Promise<Result<never>> {
  await rm(path, { force: true });
  return failure;
}

function schemaOf({ table, csv }: TableInspection): DatasetSchema {
  if (csv !== undefined) return csv.schema;
  const { format, columns, columnCount, rows } = table;
  if (format === 'csv') throw new Error('a CSV file was looked into as another one');
  return { format, columns, columnCount, rows };
}

function tableFacts({ table, csv }: TableInspection): Pick<DatasetView, 'rows' | 'columns' | 'target'> {
  const columns = (csv?.schema ?? table).columns.map(({ name }) => name);
  return { rows: table.rows, columns, ...(csv === undefined ? {} : { target: csv.target }) };
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

async function makeFolder(folder: string): Promise<Result<void>> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return ok(undefined);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return code === 'ENOSPC'
      ? err('disk_full', `The disk is full; ${folder} could not be made.`)
      : err('not_permitted', `${folder} could not be made (${code}).`);
  }
}
