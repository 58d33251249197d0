import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCheapNacre } from './testing/process.ts';

const folder = mkdtempSync(join(tmpdir(), 'nacre-policy-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const passphrase = 'correct horse battery staple';
const profile = ['--profile', 'profile', '--passphrase-fd', '0'];
const nacre = (...args: string[]) => runCheapNacre(folder, ['policy', ...args], `${passphrase}\n${passphrase}\n`);

beforeAll(async () => {
  const made = await runCheapNacre(folder, ['vault', 'create', ...profile], `${passphrase}\n${passphrase}\n`);
  expect(made.note).toBe('');
}, 60_000);

describe('nacre policy', () => {
  it('checks a text with no vault, naming line and column', async () => {
    const template = await nacre('template', 'snp-hopper');
    expect(template).toMatchObject({ code: 0 });
    expect(template.note).toContain('launch measurement');
    writeFileSync(join(folder, 'policy.json'), template.out);
    const good = await nacre('check', 'policy.json');
    expect(good).toMatchObject({ code: 0 });
    expect(good.out).toContain('Does not check the launch measurement');
    writeFileSync(join(folder, 'bad.json'), template.out.replace('"vmpl": [', '"acceptDebug": true,\n    "vmpl": ['));
    const bad = await nacre('check', 'bad.json');
    expect(bad).toMatchObject({ code: 1 });
    const line = template.out.slice(0, template.out.indexOf('"vmpl"')).split('\n').length;
    expect(bad.out).toContain(`bad.json:${line}:20: error: snp.acceptDebug: There is no field "acceptDebug" here.`);
    expect(JSON.parse((await nacre('check', 'bad.json', '--json')).out)).toMatchObject({ problems: [{ line }] });
    expect((await nacre('check', 'none.json')).code).toBe(2);
    expect((await nacre('nothing')).code).toBe(2);
    expect((await nacre('check')).note).toContain('FILE is missing');
  }, 60_000);

  it('saves, compares, exports and retires', async () => {
    const policy = JSON.parse(readFileSync(join(folder, 'policy.json'), 'utf8')) as Record<string, unknown>;
    expect(await nacre('save', 'policy.json', '--note', 'first', ...profile)).toMatchObject({ code: 0 });
    writeFileSync(join(folder, 'next.json'), JSON.stringify({ ...policy, evidenceMaxAgeSeconds: 60 }));
    const compared = await nacre('check', 'next.json', '--against', 'snp-hopper', ...profile);
    expect(compared.out).toContain('stricter   Oldest evidence: 300 s -> 60 s');
    expect((await nacre('save', 'next.json', '--basis', '0', ...profile)).note).toContain(
      'There is a policy snp-hopper already',
    );
    expect(await nacre('save', 'next.json', '--basis', '1', ...profile)).toMatchObject({ code: 0 });
    const history = JSON.parse((await nacre('history', 'snp-hopper', '--json', ...profile)).out) as {
      number: number;
    }[];
    expect(history.map(({ number }) => number)).toEqual([2, 1]);
    expect(await nacre('export', 'snp-hopper', '--out', 'out.json', ...profile)).toMatchObject({ code: 0 });
    expect(JSON.parse(readFileSync(join(folder, 'out.json'), 'utf8'))).toMatchObject({ format: 'nacre-policy' });
    expect((await nacre('retire', 'snp-hopper', ...profile)).out).toContain('v3, retired');
  }, 120_000);
});
