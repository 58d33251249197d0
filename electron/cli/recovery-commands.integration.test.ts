import { cp, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CheckedBackup, RestoredBackup, ShareStanding, WrittenShares } from '../contract/recovery.ts';
import { runCheapNacre } from './testing/process.ts';

const passphrase = 'correct horse battery staple';
const next = 'entirely different words now';
let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'nacre-cli-'));
});
afterAll(() => rm(directory, { recursive: true }));

const nacre = (profile: string, input: readonly string[], ...args: string[]) =>
  runCheapNacre(
    directory,
    [...args, '--profile', profile, '--passphrase-fd', '0'],
    input.map((line) => `${line}\n`).join(''),
  );
const done = async <T>(profile: string, input: readonly string[], ...args: string[]): Promise<T> => {
  const outcome = await nacre(profile, input, ...args, '--json');
  expect(outcome.code, `${args.join(' ')}: ${outcome.note}`).toBe(0);
  return JSON.parse(outcome.out) as T;
};

it('a lost desk comes back from its backup and two of three shares', async () => {
  await done('desk', [passphrase], 'vault', 'create');
  await writeFile(join(directory, 'table.csv'), `a,b,class\n${'1,2,x\n3,4,y\n'.repeat(20)}`);
  await done('desk', [passphrase], 'dataset', 'add', 'table.csv', '--name', 'table');
  const holders = ['--holder', 'Alice', '--holder', 'Bob', '--holder', 'Safe'];
  const make = ['share', 'make', '--threshold', '2', ...holders, '--out', 'kit', '--text'];
  const { files, set } = await done<WrittenShares>('desk', [passphrase], ...make);
  expect(await readdir(join(directory, 'kit'))).toHaveLength(6);
  const [first = '', second = '', third = ''] = files.map(({ path }) => path);
  const typed = (await readFile(first.replace('.pdf', '.txt'), 'utf8')).trim();
  const words = await done<ShareStanding>('desk', [passphrase, typed], 'share', 'check', '--typed', '1');
  expect(words).toMatchObject({ state: 'current', index: 1, holder: 'Alice' });
  await done('desk', [passphrase, typed], 'share', 'rehearse', '--share', second, '--typed', '1');
  expect(await done('desk', [passphrase], 'share', 'list')).toMatchObject({ setId: set.setId, rehearsedWith: [2, 1] });
  await done('desk', [passphrase], 'backup', 'create', 'desk.nacre');
  expect(await nacre('desk', [passphrase], 'backup', 'create', 'desk.nacre')).toMatchObject({ code: 2, out: '' });

  // Another machine: a folder where nothing is.
  const alone = await nacre('new', [typed, next], 'backup', 'restore', 'desk.nacre', '--typed', '1');
  expect(alone).toMatchObject({ code: 2, out: '' });
  expect(alone.note).toContain('1 of 2 shares are there.');
  const mistyped = `${typed.slice(0, -1)}${typed.endsWith('Q') ? 'P' : 'Q'}`;
  const wrong = await nacre('new', [mistyped, next], 'backup', 'restore', 'desk.nacre', '--typed', '1');
  expect(wrong.note).toContain('Group 26 has a typing error');
  expect(wrong.note).not.toContain(typed.slice(14, 40));
  const restored = await done<RestoredBackup>(
    'new',
    [typed, next],
    'backup',
    'restore',
    'desk.nacre',
    '--share',
    third,
    '--typed',
    '1',
  );
  expect(restored).toMatchObject({ took: 'all', datasets: 1 });
  expect((await nacre('new', [passphrase], 'key', 'list')).code).toBe(1);
  const keys = await done<{ publicKey: string }[]>('new', [next], 'key', 'list');
  const before = await done<{ publicKey: string }[]>('desk', [passphrase], 'key', 'list');
  expect(keys.map((key) => key.publicKey)).toEqual(before.map((key) => key.publicKey));
  expect(await done('new', [next], 'dataset', 'list')).toMatchObject([{ name: 'table' }]);
  expect((await nacre('new', [next], 'audit', 'verify')).out).toContain('whole: ');
  expect((await nacre('new', [passphrase], 'backup', 'restore', 'desk.nacre')).note).toContain('already_exists');
}, 240_000);

it('a damaged vault beside a newer log says what it lost', async () => {
  await cp(join(directory, 'desk'), join(directory, 'hurt'), { recursive: true });
  await done('hurt', [passphrase], 'key', 'create', '--purpose', 'wallet', '--label', 'later');
  const checked = await done<CheckedBackup>('hurt', [passphrase], 'backup', 'check', 'desk.nacre', '--open');
  expect(checked).toMatchObject({ opened: true, datasets: 1, behind: { acts: [{ kind: 'key-created', count: 1 }] } });
  expect(checked.opensWith).toEqual(['passphrase', 'recovery shares, 2 of 3']);
  await writeFile(join(directory, 'hurt', 'vault.db'), 'rubbish'.repeat(1000));
  const restored = await done<RestoredBackup>('hurt', [passphrase], 'backup', 'restore', 'desk.nacre');
  expect(restored).toMatchObject({ took: 'vault-only', behind: { acts: [{ kind: 'key-created', count: 1 }] } });
  expect(await done('hurt', [passphrase], 'key', 'list')).toHaveLength(2);
  await done('hurt', [passphrase], 'share', 'refresh', '--out', 'fresh-kit');
  const [old = ''] = (await readdir(join(directory, 'kit'))).filter((name) => name.endsWith('.pdf'));
  const standing = await nacre('hurt', [passphrase], 'share', 'check', '--share', join('kit', old));
  expect(standing).toMatchObject({ code: 1 });
  expect(standing.out).toContain('replaced');
  const bytes = await readFile(join(directory, 'desk.nacre'));
  bytes[200] = (bytes[200] ?? 0) ^ 1;
  await writeFile(join(directory, 'hurt.nacre'), bytes);
  expect(await nacre('hurt', [], 'backup', 'check', 'hurt.nacre')).toMatchObject({ code: 1, out: '' });
}, 240_000);
