import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, describe, expect, it } from 'vitest';
import { err, ok } from '../../contract/result.ts';
import type { Manifest } from '../../contract/sealed.ts';
import { createStandaloneSealing } from '../../core/sealing.ts';
import { generateIdentity, parseIdentity } from '../../domain/sealed/identities.ts';
import { previewSource, tableFormat } from '../sealing/preview.ts';
import { inspectTable } from '../sealing/table-task.ts';
import type { DatasetRecord } from './dataset-record.ts';
import { createDatasetService } from './dataset-service.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'nacre-schema-'));
const at = (name: string): string => path.join(folder, name);
const sealing = createStandaloneSealing({ size: 1 });
afterAll(async () => {
  await sealing.close();
  rmSync(folder, { recursive: true });
});

const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));
const identity = parseIdentity(generateIdentity(random));
const recipient = identity.ok ? (identity.value.recipient ?? '') : '';
const manifests: Manifest[] = [];
const records = new Map<string, DatasetRecord>();
const datasets = createDatasetService({
  sealing,
  preview: previewSource,
  inspectTable,
  tableFormat,
  load: async () => err('internal', 'Nothing is opened here.'),
  store: {
    get: (id) => ok(records.get(id)),
    insert: (id, record) => ok(void records.set(id, record)),
    putAll: () => ok(undefined),
    list: () => ok([...records.values()]),
  },
  folder: at('sealed'),
  random,
  clock: Date.now,
  verify: () => false,
  trustedKeys: () => ok([]),
  signManifest(manifest) {
    manifests.push(manifest);
    return ok({ payload: '', payloadType: '', signatures: [] });
  },
  recipients: () => ok([recipient]),
  identities: () => ok([]),
  lendIdentities: (work) => work([]),
  logSealed: () => ok(undefined),
});

async function seal(name: string, target?: string) {
  const sealed = await datasets.seal({ path: at(name), name, ...(target === undefined ? {} : { target }) });
  return { sealed, schema: manifests.at(-1)?.schema };
}

describe('the schema in the manifest of a sealed table', () => {
  it('is that of the Parquet footer, and of the rows of JSON Lines', async () => {
    const columnData = [
      { name: 'id', data: [1, 2, 3], type: 'INT32' as const },
      { name: 'label', data: ['a', 'b', 'c'], type: 'STRING' as const },
    ];
    writeFileSync(at('rows.parquet'), new Uint8Array(parquetWriteBuffer({ columnData })));
    const parquet = await seal('rows.parquet');
    expect(parquet.schema).toEqual({
      format: 'parquet',
      columns: [
        { name: 'id', type: 'int32' },
        { name: 'label', type: 'text' },
      ],
      columnCount: 2,
      rows: 3,
    });
    expect(parquet.sealed).toMatchObject({ ok: true, value: { rows: 3, columns: ['id', 'label'] } });
    if (!parquet.sealed.ok) return;
    // Built-in programs train on CSV alone.
    expect(datasets.forOrder(parquet.sealed.value.id)).toMatchObject({ ok: true, value: { rows: 3 } });
    expect(datasets.forOrder(parquet.sealed.value.id)).not.toHaveProperty('value.columns');
    writeFileSync(at('rows.jsonl'), '{"id":1,"text":"a"}\n{"id":2,"text":null}\n');
    const lines = await seal('rows.jsonl');
    expect(lines.schema).toMatchObject({ format: 'jsonl', columnCount: 2, rows: 2 });
    writeFileSync(at('rows.csv'), 'a,class\n1,x\n2,y\n');
    const csv = await seal('rows.csv');
    expect(csv.schema).toMatchObject({ format: 'csv', rows: 2 });
    expect(csv.sealed).toMatchObject({ ok: true, value: { target: 'class' } });
  });

  it('is absent where there is none: broken files and folders are sealed as they are', async () => {
    writeFileSync(at('broken.parquet'), 'PAR1');
    writeFileSync(at('broken.jsonl'), 'no json\n');
    mkdirSync(at('folder.parquet'));
    writeFileSync(at('folder.parquet/part-0.parquet'), 'x');
    for (const name of ['broken.parquet', 'broken.jsonl', 'folder.parquet']) {
      const { sealed, schema } = await seal(name);
      expect(sealed, name).toMatchObject({ ok: true });
      expect(schema, name).toBeUndefined();
    }
    expect((await seal('broken.jsonl', 'id')).sealed).toMatchObject({ ok: false, error: { code: 'invalid_input' } });
  });
});
