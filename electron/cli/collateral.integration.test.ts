import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CollateralImport, CollateralView } from '../contract/collateral.ts';
import { runCheapNacre } from './testing/process.ts';

const vectors = resolve('../shared/vectors');
let directory = '';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'nacre-collateral-'));
});
afterAll(async () => {
  await rm(directory, { recursive: true });
});

const on = (profile: string, ...args: string[]) =>
  runCheapNacre(directory, [...args, '--profile', profile, '--passphrase-fd', '0'], 'correct horse battery staple\n');

describe('nacre collateral, from one desk to another', () => {
  if (!existsSync(vectors)) {
    it('needs ../shared/vectors', () => {
      expect(process.env['CI'], 'the evidence vectors are missing').not.toBe('true');
    });
    return;
  }
  const near = join(vectors, 'composite', 'near-tdx-8xh200-20260629');
  const quote = ['evidence', 'verify', join(near, 'quote.bin'), '--at', '2026-06-29T02:06:37Z'];

  it('is imported, exported, refused until the desk is named, and then verifies a quote with no vault', async () => {
    for (const profile of ['one', 'two']) expect((await on(profile, 'vault', 'create')).code).toBe(0);
    const imported = await on('one', 'collateral', 'import', join(near, 'collateral.json'), '--json');
    expect(imported.code).toBe(0);
    expect((JSON.parse(imported.out) as CollateralImport).items.map(({ outcome }) => outcome)).toEqual(
      Array(4).fill('imported'),
    );
    const older = await on('one', 'collateral', 'import', join(vectors, 'tdx', 'v4-uptodate-phala', 'collateral.json'));
    expect(older.code).toBe(1);
    expect(older.out).toContain('collateral-rollback: intel-qe-identity TD_QE (number 17, ');
    const listed = JSON.parse((await on('one', 'collateral', 'list', '--json')).out) as CollateralView[];
    expect(listed.map(({ kind, id }) => `${kind} ${id}`)).toContain('intel-tcb-info tdx/90C06F000000');
    expect((await on('one', 'collateral', 'export', 'bundle.json', '--note', 'June')).code).toBe(0);

    const looked = await runCheapNacre(directory, ['collateral', 'inspect', 'bundle.json']);
    expect(looked.code).toBe(0);
    const signer = /signed by ([0-9a-f]{64}), .*: June/.exec(looked.out)?.[1] ?? '';
    const unnamed = await on('two', 'collateral', 'import', 'bundle.json');
    expect(unnamed).toMatchObject({ code: 1, out: '' });
    expect(unnamed.note).toContain(`by the desk ${signer}`);
    expect((await on('two', 'collateral', 'import', 'bundle.json', '--signer', signer)).code).toBe(0);

    expect((await runCheapNacre(directory, [...quote, '--profile', 'absent'])).out).toMatch(
      /^REFUSED: collateral-missing/,
    );
    const verified = await runCheapNacre(directory, [...quote, '--profile', 'two']);
    expect(verified.out).toMatch(/^AFFIRMED\ntdx, .* collateral from store\n/);
    expect(verified.code).toBe(0);
    expect(
      (await runCheapNacre(directory, [...quote, '--profile', 'absent', '--collateral', 'bundle.json'])).code,
    ).toBe(0);
    const later = await runCheapNacre(directory, [
      'evidence',
      'verify',
      join(near, 'quote.bin'),
      '--at',
      '2027-06-29T00:00:00Z',
      '--profile',
      'two',
    ]);
    expect(later.code).toBe(1);

    const text = readFileSync(join(directory, 'bundle.json'), 'utf8');
    await writeFile(
      join(directory, 'changed.json'),
      text.replace(/"payload":"(.{400})./, (_, start: string) => `"payload":"${start}A`),
    );
    const changed = await on('two', 'collateral', 'import', 'changed.json', '--signer', signer);
    expect(changed.code).not.toBe(0);
    const log = await on('two', 'audit', 'list');
    expect(log.out).toContain('collateral-imported');
  }, 180_000);
});
