import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createNodeCrypto } from '../node-crypto.ts';
import { runConformance } from './conformance.ts';

const root = mkdtempSync(join(tmpdir(), 'nacre-index-'));
afterAll(() => rmSync(root, { recursive: true }));

const at = '2026-06-01T00:00:00Z';
const said = (family: string, expected: string) => ({ family, expected, evaluate_at: at });
const zeros = new Uint8Array(1184);

function tree(name: string, files: Readonly<Record<string, string | Uint8Array>>): string {
  for (const [path, content] of Object.entries(files)) {
    const target = join(root, name, path);
    mkdirSync(join(target, '..'), { recursive: true });
    writeFileSync(target, content);
  }
  return join(root, name);
}

async function rows(folder: string) {
  const report = await runConformance(folder, { crypto: createNodeCrypto(), stopwatch: () => 0 });
  if (!report.ok) throw new Error(report.error.message);
  expect(report.value.passed + report.value.failed).toBe(report.value.rows.length);
  return Object.fromEntries(report.value.rows.map((row) => [row.name, [row.passed, row.verdict, row.detail ?? '']]));
}

describe('a folder of vectors that is not in order', () => {
  it('has a row for everything, each judged on its own', async () => {
    const folder = tree('mixed', {
      'INDEX.json': JSON.stringify({
        counts: {},
        vectors: [
          { dir: 'a/report', anything: [1] },
          { dir: 'gone', ...said('tdx', 'invalid:malformed') },
          { family: 'tdx' },
          7,
          { dir: '../outside' },
          { dir: 'by-index/', ...said('sev-snp', 'invalid:malformed'), nonce: null, notes: 'no meta.json' },
          { dir: 'twice' },
          { dir: 'twice' },
        ],
      }),
      'a/report/meta.json': JSON.stringify({ ...said('sev-snp', 'invalid:malformed'), hardware: { of: 'nobody' } }),
      'a/report/anything.at-all': zeros,
      'by-index/report.bin': zeros,
      'twice/meta.json': JSON.stringify(said('sev-snp', 'invalid')),
      'unlisted/empty/meta.json': JSON.stringify(said('nitro', 'invalid:malformed')),
      'unlisted/empty/attestation.cbor': '',
      'unlisted/broken/meta.json': '{"family":',
      'unlisted/new/meta.json': JSON.stringify(said('something-new', 'invalid')),
      'unlisted/new/x.bin': Uint8Array.of(1, 2, 3, 4, 5),
      'unlisted/only-meta/meta.json': JSON.stringify(said('tdx', 'invalid')),
      'unlisted/no-date/meta.json': JSON.stringify({ family: 'tdx', expected: 'invalid' }),
      'unlisted/another/meta.json': JSON.stringify(said('tdx', 'invalid')),
      'unlisted/another/report.bin': Uint8Array.of(3, ...zeros.subarray(1)),
    });
    expect(await rows(folder)).toEqual({
      'a/report': [true, 'invalid:evidence-malformed', expect.any(String)],
      'by-index': [true, 'invalid:evidence-malformed', expect.any(String)],
      gone: [false, 'unreadable', expect.stringContaining('does not exist')],
      'INDEX.json#2': [false, 'unreadable', 'Entry 2 of the index names no folder.'],
      'INDEX.json#3': [false, 'unreadable', 'Entry 3 of the index names no folder.'],
      '../outside': [false, 'unreadable', 'The index leads out of its folder.'],
      twice: [false, 'unreadable', 'The index names twice twice.'],
      'unlisted/empty': [true, 'invalid:evidence-malformed', expect.stringContaining('is empty')],
      'unlisted/broken': [false, 'unreadable', expect.stringContaining('meta.json')],
      'unlisted/new': [false, 'unreadable', expect.stringContaining('x.bin')],
      'unlisted/only-meta': [false, 'unreadable', 'The folder holds no evidence.'],
      'unlisted/no-date': [false, 'unreadable', expect.stringContaining('evaluate_at')],
      // An SNP report where a quote was announced is evidence that is missing.
      'unlisted/another': [true, 'invalid:evidence-missing', expect.stringContaining('snp-report')],
    });
  });

  it('is run without its index when that cannot be read', async () => {
    for (const [name, index] of [
      ['no-json', '{"vectors":['],
      ['no-list', '{"vectors":{}}'],
      ['array', '[]'],
    ] as const) {
      const folder = tree(name, {
        'INDEX.json': index,
        'one/meta.json': JSON.stringify(said('sev-snp', 'invalid')),
        'one/report.bin': zeros,
      });
      expect(await rows(folder)).toEqual({
        'INDEX.json': [false, 'unreadable', expect.stringContaining('INDEX.json')],
        one: [true, 'invalid:evidence-malformed', expect.any(String)],
      });
    }
  });

  it('is refused when there is nothing in it', async () => {
    const options = { crypto: createNodeCrypto(), stopwatch: () => 0 };
    const empty = await runConformance(tree('empty', { 'a/readme.txt': 'x' }), options);
    expect(empty.ok ? '' : empty.error.code).toBe('invalid_input');
    const none = await runConformance(join(root, 'none'), options);
    expect(none.ok ? '' : none.error.code).toBe('not_found');
  });

  it('hides no row behind an exception of the verifier', async () => {
    const folder = tree('bug', {
      'one/meta.json': JSON.stringify(said('sev-snp', 'invalid')),
      'one/report.bin': zeros,
    });
    const crypto = {
      ...createNodeCrypto(),
      sha256: () => {
        throw new Error('a mistake');
      },
    };
    const report = await runConformance(folder, { crypto, stopwatch: () => 0 });
    expect(report.ok ? report.value.rows : []).toMatchObject([
      { name: 'one', passed: false, verdict: 'unreadable', detail: expect.stringContaining('a mistake') as string },
    ]);
  });
});
