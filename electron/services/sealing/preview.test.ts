import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as fc from 'fast-check';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, describe, expect, it } from 'vitest';
import { inspectJsonLines } from './jsonl.ts';
import { inspectParquet, parseParquetFooter } from './parquet.ts';
import { previewSource } from './preview.ts';
import { readThriftStruct } from './thrift-compact.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'nacre-preview-'));
const at = (name: string): string => path.join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

function writeParquet(name: string, rows = 1234): string {
  const buffer = parquetWriteBuffer({
    columnData: [
      { name: 'id', data: Array.from({ length: rows }, (_, i) => i), type: 'INT32' },
      { name: 'label', data: Array.from({ length: rows }, (_, i) => `row ${i}`), type: 'STRING' },
      { name: 'score', data: Array.from({ length: rows }, (_, i) => i / 7), type: 'DOUBLE' },
      { name: 'good', data: Array.from({ length: rows }, (_, i) => i % 2 === 0), type: 'BOOLEAN' },
    ],
  });
  writeFileSync(at(name), new Uint8Array(buffer));
  return at(name);
}

describe('Parquet', () => {
  it('shows columns and rows of a file of another writer', async () => {
    expect(await inspectParquet(writeParquet('table.parquet'))).toEqual({
      ok: true,
      value: {
        format: 'parquet',
        columnCount: 4,
        rows: 1234,
        columns: [
          { name: 'id', type: 'int32' },
          { name: 'label', type: 'text' },
          { name: 'score', type: 'double' },
          { name: 'good', type: 'boolean' },
        ],
      },
    });
  });

  it('says what is none, cut off, or encrypted', async () => {
    const whole = readFileSync(writeParquet('whole.parquet'));
    const cases: [Uint8Array, string][] = [
      [whole.subarray(0, -1), 'damaged'],
      [whole.subarray(0, 10), 'damaged'],
      [new Uint8Array(0), 'damaged'],
      [Buffer.concat([whole.subarray(0, -8), Buffer.from([255, 255, 255, 255]), Buffer.from('PAR1')]), 'damaged'],
      [Buffer.concat([whole.subarray(0, -4), Buffer.from('PARE')]), 'invalid_input'],
    ];
    for (const [bytes, code] of cases) {
      writeFileSync(at('bad.parquet'), bytes);
      expect(await inspectParquet(at('bad.parquet'))).toMatchObject({ ok: false, error: { code } });
    }
    expect(await inspectParquet(at('absent'))).toMatchObject({ error: { code: 'not_found' } });
  });

  it('survives any footer, and each changed byte of a good one', () => {
    const whole = readFileSync(writeParquet('fuzz.parquet', 10));
    const length = whole.readUInt32LE(whole.length - 8);
    const footer = whole.subarray(whole.length - 8 - length, whole.length - 8);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        readThriftStruct(bytes);
        parseParquetFooter(bytes);
      }),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(fc.nat(footer.length - 1), fc.nat(255), (place, value) => {
        const changed = Uint8Array.from(footer);
        changed[place] = value;
        parseParquetFooter(changed);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('JSON Lines', () => {
  it('shows the columns of its first rows and counts all of them, whatever the line ends', async () => {
    const rows = Array.from({ length: 5000 }, (_, i) =>
      JSON.stringify(i === 3 ? { id: i, extra: null } : { id: i, text: 'a\nb', tags: [1] }),
    );
    writeFileSync(at('a.jsonl'), `${rows.join('\r\n')}\n\n  \n${JSON.stringify({ late: 1 })}`);
    expect(await inspectJsonLines(at('a.jsonl'))).toEqual({
      ok: true,
      value: {
        format: 'jsonl',
        columnCount: 4,
        rows: 5001,
        columns: [
          { name: 'id', type: 'number' },
          { name: 'text', type: 'text' },
          { name: 'tags', type: 'list' },
          { name: 'extra', type: 'null' },
        ],
      },
    });
  });

  it('names the line that is none', async () => {
    for (const [text, message] of [
      ['{"a":1}\n[1]\n', 'Line 2 of'],
      ['{"a":1}\n\n{"a":\n', 'Line 3 of'],
      [`{"a":"${'x'.repeat(1_100_000)}"}`, 'longer than 1 MiB'],
    ] as const) {
      writeFileSync(at('bad.jsonl'), text);
      expect(await inspectJsonLines(at('bad.jsonl'))).toMatchObject({
        error: { code: 'invalid_input', message: expect.stringContaining(message) },
      });
    }
  });
});

describe('preview', () => {
  it('counts kinds of files by their names and first bytes', async () => {
    const root = at('mixed');
    mkdirSync(path.join(root, 'sub'), { recursive: true });
    writeFileSync(path.join(root, 'a.jpg'), Buffer.alloc(1000));
    writeFileSync(path.join(root, 'sub', 'b.JPEG'), Buffer.alloc(500));
    writeFileSync(path.join(root, 'sub', 'weights'), Buffer.from('GGUF and more'));
    writeFileSync(path.join(root, 'notes'), 'nothing');
    expect(await previewSource(root)).toMatchObject({
      value: {
        kinds: [
          { kind: 'jpeg', files: 2, bytes: 1500 },
          { kind: 'gguf', files: 1, bytes: 13 },
          { kind: 'other', files: 1, bytes: 7 },
        ],
      },
    });
  });

  it('shows a table, says when a file is not what its name says or is sealed already', async () => {
    expect(await previewSource(writeParquet('shown.parquet'))).toMatchObject({
      value: { kinds: [{ kind: 'parquet' }], table: { rows: 1234 }, problems: [] },
    });
    writeFileSync(at('not.parquet'), 'no table at all');
    expect(await previewSource(at('not.parquet'))).toMatchObject({
      value: { problems: [expect.stringContaining('not a Parquet file')] },
    });
    writeFileSync(at('sealed.bin'), 'age-encryption.org/v1\n');
    expect(await previewSource(at('sealed.bin'))).toMatchObject({
      value: { kinds: [{ kind: 'age' }], problems: [expect.stringContaining('sealed already')] },
    });
  });
});
