import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { createTableInspector } from './table-inspector.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'nacre-table-'));
afterAll(() => rmSync(folder, { recursive: true }));

const large = path.join(folder, 'large.csv');
const rows = 300_000;
writeFileSync(
  large,
  `a,b,label\n${Array.from({ length: rows }, (_, i) => `${i},0.5,${i % 2 ? 'x' : 'y'}`).join('\n')}\n`,
);

describe('looking into a table', () => {
  it('gives the same on a thread of its own, while this one goes on', async () => {
    const inspect = createTableInspector();
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 5);
    const seen = await inspect({ path: large, format: 'csv', target: 'label' });
    clearInterval(timer);
    expect(seen).toMatchObject({
      ok: true,
      value: { table: { format: 'csv', rows, columnCount: 3 }, csv: { target: 'label', numericColumns: 2 } },
    });
    expect(turns).toBeGreaterThan(3);
  });

  it('ends when it is cancelled, and is thrown on when the thread breaks', async () => {
    const controller = new AbortController();
    const seen = createTableInspector()({ path: large, format: 'csv' }, controller.signal);
    setTimeout(() => controller.abort(), 10);
    expect(await seen).toMatchObject({ error: { code: 'cancelled' } });
    const broken = path.join(folder, 'broken.mjs');
    writeFileSync(broken, 'process.exit(3);');
    await expect(createTableInspector(pathToFileURL(broken))({ path: large, format: 'csv' })).rejects.toThrow('code 3');
  });
});
