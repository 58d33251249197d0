import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCheapNacre } from './testing/process.ts';

const passphrase = 'correct horse battery staple';
let directory = '';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'nacre-cli-'));
});
afterAll(async () => {
  await rm(directory, { recursive: true });
});

const withPassphrase = (args: string, input = `${passphrase}\n`) =>
  runCheapNacre(directory, [...args.split(' '), '--profile', 'profile', '--passphrase-fd', '0'], input);

describe('nacre on a profile', () => {
  it('creates a vault, refuses a wrong passphrase, and never asks where nobody can answer', async () => {
    const before = await runCheapNacre(directory, ['vault', 'status', '--profile', 'profile', '--json']);
    expect(JSON.parse(before.out)).toMatchObject({ state: 'absent' });
    expect(await withPassphrase('key list')).toMatchObject({ code: 2, out: '' });
    expect((await withPassphrase('vault create --json')).code).toBe(0);
    expect(await withPassphrase('vault create')).toMatchObject({ code: 2, out: '' });
    const wrong = await withPassphrase('key list', 'not the passphrase\n');
    expect(wrong).toMatchObject({ code: 1, out: '' });
    expect(wrong.note).toContain('code: wrong_passphrase');
    expect(wrong.note).not.toContain('not the passphrase');
    const nobody = await runCheapNacre(directory, ['key', 'list', '--profile', 'profile']);
    expect(nobody).toMatchObject({ code: 2, out: '' });
    expect(nobody.note).toContain('--passphrase-fd');
    expect((await withPassphrase('key list', '')).note).toContain('holds no line');
    const keys = JSON.parse((await withPassphrase('key list --json')).out) as { type: string }[];
    expect(keys.map(({ type }) => type)).toEqual(['ed25519', 'age-x25519']);
  }, 180_000);

  it('seals a dataset, verifies it, and logs what it did', async () => {
    await writeFile(join(directory, 'table.csv'), `a,b,class\n${'1,2,x\n3,4,y\n'.repeat(20)}`);
    const inspected = JSON.parse((await withPassphrase('dataset preview table.csv --json')).out) as object;
    expect(inspected).toMatchObject({ csv: { rows: 40, target: 'class' } });
    const added = JSON.parse((await withPassphrase('dataset add table.csv --name table --json')).out) as { id: string };
    expect(await withPassphrase(`dataset verify ${added.id}`)).toMatchObject({ code: 0 });
    const whole = await withPassphrase(`dataset inspect ${added.id}`);
    expect(whole).toMatchObject({ code: 0 });
    expect(whole.out).toContain('40 rows: a (integer), b (integer), class (text)');
    await writeFile(join(directory, 'rows.jsonl'), '{"id":1,"text":"a"}\n{"id":2,"text":null}\n');
    const rows = JSON.parse((await withPassphrase('dataset add rows.jsonl --name rows --json')).out) as { id: string };
    expect((await withPassphrase(`dataset inspect ${rows.id}`)).out).toContain('2 rows: id (number), text (text)');
    const [sealed = ''] = (await readdir(join(directory, 'profile'), { recursive: true })).filter((name) =>
      name.endsWith(`${added.id}.age`),
    );
    const path = join(directory, 'profile', sealed);
    await writeFile(path, 'changed');
    expect(await withPassphrase(`dataset verify ${added.id}`)).toMatchObject({ code: 1 });
    const log = JSON.parse((await withPassphrase('audit list --json')).out) as { entries: { kind: string }[] };
    expect(log.entries.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['vault-created', 'unlock-failed', 'vault-unlocked', 'dataset-sealed']),
    );
    expect((await withPassphrase('audit verify')).out).toContain('whole: ');
  }, 180_000);
});
