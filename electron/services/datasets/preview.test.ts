import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { previewData } from './preview.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nacre-preview-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

describe('preview', () => {
  it('reads the sample tables', async () => {
    const cancer = await previewData('assets/data/breast_cancer.csv');
    if (!cancer.ok) throw new Error(cancer.error.message);
    expect(cancer.value.view.csv).toMatchObject({
      target: 'diagnosis',
      rows: 569,
      numericColumns: 30,
      classes: [
        { name: 'benign', rows: 357 },
        { name: 'malignant', rows: 212 },
      ],
    });
    expect(cancer.value.view.problems).toEqual([]);
    const digits = await previewData('assets/data/digits.csv', 'digit');
    if (!digits.ok) throw new Error(digits.error.message);
    expect(digits.value.view.csv).toMatchObject({ rows: 1797, numericColumns: 64, target: 'digit' });
    expect(digits.value.view.csv?.classes).toHaveLength(10);
  });

  it.each([
    ['empty.csv', '', 'header'],
    ['no-rows.csv', 'a,b\n', 'no rows'],
    ['one-class.csv', 'a,b\n1,x\n2,x\n', 'one class'],
    ['words.csv', 'a,b\n1,x\noops,y\n', 'Line 3, column a'],
    ['ragged.csv', 'a,b\n1,x\n2\n', 'Line 3 has 1 cells'],
    ['twice.csv', 'a,a\n1,2\n', 'two columns'],
    ['quote.csv', 'a,b\n"1,x\n', 'not readable as CSV'],
  ])('says what is wrong with %s, and where', async (name, text, words) => {
    const preview = await previewData(await file(name, text));
    if (!preview.ok) throw new Error(preview.error.message);
    expect(preview.value.view.problems.join(' ')).toContain(words);
  });

  it('names a target that is not there', async () => {
    const preview = await previewData(await file('t.csv', 'a,b\n1,x\n2,y\n'), 'c');
    if (!preview.ok) throw new Error(preview.error.message);
    expect(preview.value.view.problems[0]).toContain('"c"');
    expect(preview.value.schema).toBeUndefined();
  });

  it('stops at an endless line without filling the memory', async () => {
    const path = join(folder, 'line.csv');
    const out = createWriteStream(path);
    const block = 'x'.repeat(1_048_576);
    for (let i = 0; i < 200; i++) if (!out.write(block)) await once(out, 'drain');
    out.end();
    await once(out, 'close');
    const before = process.memoryUsage().rss;
    const preview = await previewData(path);
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1_048_576);
    if (!preview.ok) throw new Error(preview.error.message);
    expect(preview.value.view.problems[0]).toContain('longer than');
  });

  it('names a path that is not there', async () => {
    expect(await previewData(join(folder, 'none'))).toMatchObject({ ok: false, error: { code: 'not_found' } });
  });
});
