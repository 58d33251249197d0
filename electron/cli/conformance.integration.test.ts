import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ConformanceReport } from '../contract/conformance.ts';
import { runNacre } from './testing/process.ts';

const vectors = resolve('../shared/vectors');
let directory = '';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'nacre-conformance-'));
});
afterAll(async () => {
  await rm(directory, { recursive: true });
});

describe('nacre conformance', () => {
  it('refuses folders without vectors, and what is no folder', async () => {
    expect(await runNacre(directory, ['conformance', '.'])).toMatchObject({ code: 2, out: '' });
    expect(await runNacre(directory, ['conformance', 'absent'])).toMatchObject({ code: 2, out: '' });
    expect((await runNacre(directory, ['conformance'])).note).toContain('DIR is missing');
  });

  it('fails on a vector that cannot be read, and on an index that names what is not there', async () => {
    const folder = join(directory, 'broken');
    await mkdir(join(folder, 'tdx', 'empty'), { recursive: true });
    const meta = { family: 'tdx', expected: 'invalid:anything', evaluate_at: '2026-01-01T00:00:00Z' };
    await writeFile(join(folder, 'tdx', 'empty', 'meta.json'), JSON.stringify(meta));
    await writeFile(
      join(folder, 'INDEX.json'),
      JSON.stringify({ vectors: [{ dir: 'tdx/absent' }, { dir: '../outside' }] }),
    );
    const { code, out } = await runNacre(folder, ['conformance', '.', '--json']);
    const report = JSON.parse(out) as ConformanceReport;
    expect(code).toBe(1);
    expect(report).toMatchObject({ passed: 0, failed: 3 });
    for (const row of report.rows) expect(row).toMatchObject({ verdict: 'unreadable', passed: false });
  });

  if (!existsSync(vectors)) {
    it('needs ../shared/vectors', () => {
      expect(process.env['CI'], 'the evidence vectors are missing').not.toBe('true');
    });
    return;
  }

  it('agrees on every vector', async () => {
    const { code, out } = await runNacre(directory, ['conformance', vectors]);
    const lines = out.trimEnd().split('\n');
    expect(lines.filter((line) => line.startsWith('FAIL'))).toEqual([]);
    expect(lines.at(-1)).toBe('56 passed, 0 failed');
    expect(code).toBe(0);
  }, 120_000);

  it('names the exact reason or a finer one, but for the hold that only OCSP tells', async () => {
    const { out } = await runNacre(directory, ['conformance', vectors, '--json']);
    const { rows } = JSON.parse(out) as ConformanceReport;
    const refused = rows.filter(({ expected }) => expected !== 'valid');
    expect(refused).toHaveLength(35);
    const other = refused.filter(({ agreement }) => agreement !== 'exact' && agreement !== 'finer');
    expect(other.map(({ name }) => name)).toEqual(['nvidia/h100-cert-on-hold']);
  }, 120_000);

  it('finds vectors by their descriptions, judges at their time, and fails when the expectation is another', async () => {
    const folder = join(directory, 'moved');
    await cp(join(vectors, 'tdx', 'v4-uptodate-phala'), join(folder, 'deep', 'one'), { recursive: true });
    await cp(join(vectors, 'sev-snp', 'milan-v2-debug-policy'), join(folder, 'two'), { recursive: true });
    expect((await runNacre(folder, ['conformance', '.'])).out).toContain('2 passed, 0 failed');
    const later = { family: 'tdx', expected: 'valid', evaluate_at: '2027-01-01T00:00:00Z' };
    await writeFile(join(folder, 'deep', 'one', 'meta.json'), JSON.stringify(later));
    const expired = await runNacre(folder, ['conformance', '.']);
    expect(expired.code).toBe(1);
    expect(expired.out).toContain('1 passed, 1 failed');
    // Another family than the vector says is no agreement either.
    const other = { family: 'nitro', expected: 'invalid:debug-enabled', evaluate_at: '2026-01-01T00:00:00Z' };
    await writeFile(join(folder, 'two', 'meta.json'), JSON.stringify(other));
    expect((await runNacre(folder, ['conformance', '.'])).out).toContain('0 passed, 2 failed');
  }, 120_000);
});
