import { mkdtempSync, openSync, rmSync, writeFileSync, writeSync, closeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { inspectCsv, requireTrainable } from './csv.ts';
import { previewSource } from './preview.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'nacre-csv-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function inspect(text: string, target?: string) {
  const file = path.join(folder, 'table.csv');
  writeFileSync(file, text);
  return inspectCsv(file, target === undefined ? {} : { target });
}

async function problem(text: string, target?: string) {
  const inspected = await inspect(text, target);
  if (!inspected.ok) return inspected.error;
  const trainable = requireTrainable(inspected.value);
  return trainable.ok ? undefined : trainable.error;
}

describe('CSV inspection', () => {
  it('tells columns, types, rows, classes and guesses the target', async () => {
    expect(await inspect('a,b,kind\n1,2.5,x\n-3,1e3,y\n4,.5,x\n')).toEqual({
      ok: true,
      value: {
        bytes: 33,
        schema: {
          format: 'csv',
          rows: 3,
          columns: [
            { name: 'a', type: 'integer' },
            { name: 'b', type: 'number' },
            { name: 'kind', type: 'text' },
          ],
        },
        target: 'kind',
        classes: [
          { name: 'x', rows: 2 },
          { name: 'y', rows: 1 },
        ],
        numericColumns: 2,
        problems: [],
      },
    });
    expect(await inspect('label,b\n1,2\n2,3\n')).toMatchObject({ value: { target: 'label' } });
  });

  it('reads quotes, line breaks in cells, CRLF and a byte order mark', async () => {
    const text = '\uFEFF"a ""b""",c\r\n"1","x\r\ny"\r\n2,z\r\n';
    expect(await inspect(text)).toMatchObject({
      value: { schema: { rows: 2, columns: [{ name: 'a "b"' }, { name: 'c' }] }, problems: [] },
    });
  });

  const table = 'a,b,c\n1,2,x\n3,4,y\n';
  it.each([
    ['missing-column', table, 'nothing', 'There is no column "nothing"; the header has a, b, c.'],
    ['not-numeric', 'a,b,c\n1,2,x\n3,oops,y\nbad,4,x\n', 'c', 'Line 3, column 2 ("b") is not a number.'],
    ['not-numeric', 'a,b,c\n1,2,x\n3,,y\n', 'c', 'Line 3, column 2 ("b") is empty.'],
    ['not-numeric', 'a,b,c\n1,2,x\n3,1e999,y\n', 'c', 'Line 3, column 2 ("b") is not a number.'],
    ['no-rows', 'a,b,c\n', 'c', 'has a header but no rows'],
    ['no-rows', '', 'c', 'is empty'],
    ['one-class', 'a,b,c\n1,2,x\n3,4,x\n', 'c', 'has one class only'],
    ['missing-label', 'a,b,c\n1,2,x\n3,4,\n3,4,z\n', 'c', 'Line 3 has no value'],
    ['ragged-row', 'a,b,c\n1,2,x\n3,4\n', 'c', 'Line 3 has 2 cells; the header has 3.'],
    ['duplicate-column', 'a,a,c\n1,2,x\n', 'c', 'twice'],
    ['unnamed-column', 'a,,c\n1,2,x\n', 'c', 'Column 2'],
    ['bad-quotes', 'a,b,c\n1,2,"x"y\n', 'c', 'Line 2'],
    ['too-many-classes', `a,c\n${Array.from({ length: 300 }, (_, i) => `1,v${i}`).join('\n')}`, 'c', 'no classes'],
  ])('names %s', async (reason, text, target, message) => {
    expect(await problem(text, target)).toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining(message),
      details: { reason },
    });
  });

  it('never repeats a cell', async () => {
    expect(JSON.stringify(await problem('a,b,c\n1,2,x\n3,PATIENT-4711,y\n', 'c'))).not.toContain('4711');
  });

  it('refuses a gigabyte of one line at once, in flat memory', async () => {
    const file = path.join(folder, 'line.csv');
    const descriptor = openSync(file, 'w');
    // Sparse: zeros cost no disk and are as good as any character that ends no line.
    writeSync(descriptor, Buffer.from('a,b\n1,2\n'), 0, 8, 0);
    writeSync(descriptor, Buffer.from('x'), 0, 1, 2 ** 30);
    closeSync(descriptor);
    const started = performance.now();
    const before = process.memoryUsage().rss;
    expect(await inspectCsv(file)).toMatchObject({
      error: { code: 'invalid_input', details: { reason: 'line-too-long', line: 3 } },
    });
    expect(performance.now() - started).toBeLessThan(5000);
    expect(process.memoryUsage().rss - before).toBeLessThan(128 * 1024 * 1024);
  });

  it('answers any bytes, and a missing file, with a result', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        const file = path.join(folder, 'bytes.csv');
        writeFileSync(file, bytes);
        const inspected = await inspectCsv(file, { target: 'x' });
        if (inspected.ok) expect(inspected.value.problems.length).toBeGreaterThan(0);
      }),
      { numRuns: 60 },
    );
    expect(await inspectCsv(path.join(folder, 'absent.csv'))).toMatchObject({ error: { code: 'not_found' } });
    expect(await inspectCsv(folder)).toMatchObject({ error: { code: 'invalid_input' } });
  });

  it('is part of the preview', async () => {
    writeFileSync(path.join(folder, 'table.csv'), table);
    expect(await previewSource(path.join(folder, 'table.csv'))).toMatchObject({
      value: {
        name: 'table.csv',
        kind: 'file',
        bytes: 18,
        files: 1,
        csv: { rows: 2, target: 'c', numericColumns: 2 },
        problems: [],
      },
    });
    const all = await previewSource(folder);
    expect(all).toMatchObject({ value: { kind: 'folder', problems: [] } });
  });
});
