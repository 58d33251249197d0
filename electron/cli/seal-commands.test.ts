import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ok } from '../contract/result.ts';
import type { Command, CommandIo } from './command.ts';
import { openCommand } from './open-command.ts';
import { sealCommand } from './seal-command.ts';
import { datasetCommand } from './dataset-command.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'nacre-cli-seal-'));
const at = (name: string) => path.join(folder, name);
let recipient = '';
let secret = '';

beforeAll(async () => {
  secret = await generateX25519Identity();
  recipient = await identityToRecipient(secret);
  writeFileSync(at('identity'), `# mine\n${secret}\n`);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function run(command: Command, args: string[], redraws = false) {
  const printed = { out: '', note: '' };
  const io: CommandIo = {
    cwd: folder,
    out: (text) => void (printed.out += text),
    note: (text) => void (printed.note += text),
    redraws,
    secret: async () => ok(new TextEncoder().encode('correct horse battery')),
    signal: new AbortController().signal,
  };
  return { code: await command.run(args, io), ...printed };
}

describe('nacre seal, open, dataset', () => {
  it('seals, shows a manifest, finds a changed byte, and opens', async () => {
    writeFileSync(at('rows.csv'), 'a,b\n1,2\n');
    const sealed = await run(sealCommand, [
      'rows.csv',
      '--to',
      recipient,
      '--out',
      'rows.age',
      '--manifest',
      'rows.json',
      '--json',
    ]);
    expect(sealed).toMatchObject({ code: 0 });
    expect(JSON.parse(sealed.out)).toMatchObject({ kind: 'file', plainBytes: 8, parts: 1 });
    expect(JSON.parse(readFileSync(at('rows.json'), 'utf8'))).toMatchObject({
      version: 1,
      name: 'rows.csv',
      recipients: [recipient],
    });
    expect((await run(datasetCommand, ['inspect', 'rows.age'])).out).toContain('recipients: X25519');
    const inspected = await run(datasetCommand, ['inspect', 'rows.age', '--manifest', 'rows.json']);
    expect(inspected.out).toMatch(/1 part of .*, root [0-9a-f]{64}\nfor age1/);
    expect(inspected.out).toContain('manifest NOT signed');
    const owner = Buffer.alloc(32).toString('base64');
    expect(
      await run(datasetCommand, ['verify', 'rows.age', '--manifest', 'rows.json', '--owner', owner]),
    ).toMatchObject({ code: 1, note: expect.stringContaining('not signed by anyone') as string });
    expect((await run(datasetCommand, ['inspect', 'rows.csv'])).note).toContain('nacre dataset preview');
    expect(await run(datasetCommand, ['verify', 'rows.age', '--manifest', 'rows.json'])).toMatchObject({ code: 0 });
    expect(await run(openCommand, ['rows.age', '--identity', 'identity', '--out', 'opened.csv'])).toMatchObject({
      code: 0,
    });
    expect(readFileSync(at('opened.csv'), 'utf8')).toBe('a,b\n1,2\n');
    const bytes = readFileSync(at('rows.age'));
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    writeFileSync(at('bad.age'), bytes);
    expect(await run(datasetCommand, ['verify', 'bad.age', '--manifest', 'rows.json'])).toMatchObject({
      code: 1,
      out: 'NOT WHOLE: changed parts 1 of 1\n',
    });
    expect(await run(openCommand, ['bad.age', '--identity', 'identity', '--out', 'bad.csv'])).toMatchObject({
      code: 1,
    });
    expect(existsSync(at('bad.csv'))).toBe(false);
  });

  it('says what is wrong, and never repeats a secret', async () => {
    const cases: [Command, string[], number, string][] = [
      [sealCommand, [], 2, 'PATH is missing'],
      [sealCommand, ['rows.csv', '--to', recipient], 2, '--out FILE is missing'],
      [sealCommand, ['rows.csv', '--out', 'x'], 2, 'Say for whom'],
      [sealCommand, ['rows.csv', '--out', 'x', '--to', 'age1nobody'], 2, 'not an age recipient'],
      [sealCommand, ['rows.csv', '--out', 'x', '--to', secret], 2, 'A secret identity was given'],
      [sealCommand, ['rows.csv', '--out', 'x', '--to', recipient, '--passphrase'], 2, 'cannot be combined'],
      [sealCommand, ['absent', '--out', 'x', '--to', recipient], 2, 'does not exist'],
      [sealCommand, ['rows.csv', '--out', 'identity', '--to', recipient], 2, 'exists already'],
      [openCommand, ['rows.csv', '--identity', 'identity', '--out', 'x'], 1, 'not an age v1 file'],
      [openCommand, ['rows.csv', '--identity', 'rows.csv', '--out', 'x'], 2, 'Line 1 of the identity file'],
      [openCommand, ['rows.csv', '--out', 'x'], 2, 'Say with what'],
      [datasetCommand, ['frob', 'rows.csv'], 2, 'it knows preview, add, list, inspect, verify'],
      [datasetCommand, ['verify', 'rows.csv', '--manifest', 'rows.csv'], 1, 'is not JSON'],
    ];
    for (const [command, args, code, note] of cases) {
      const ran = await run(command, args);
      expect(ran, `${command.name} ${args.join(' ')}`).toMatchObject({
        code,
        out: '',
        note: expect.stringContaining(note),
      });
      expect(ran.note).not.toContain(secret.slice(20));
    }
    expect(existsSync(at('x'))).toBe(false);
  });

  it('seals to a passphrase and opens with it', async () => {
    expect(await run(sealCommand, ['rows.csv', '--passphrase', '--out', 'pass.age'])).toMatchObject({ code: 0 });
    expect(await run(openCommand, ['pass.age', '--passphrase', '--out', 'pass.csv'])).toMatchObject({ code: 0 });
    expect(readFileSync(at('pass.csv'), 'utf8')).toBe('a,b\n1,2\n');
  });

  it('draws a bar on a terminal and plain lines elsewhere', async () => {
    mkdirSync(at('many'));
    for (let i = 0; i < 20; i++) writeFileSync(at(`many/${i}`), Buffer.alloc(1_000_000, i));
    const bar = await run(sealCommand, ['many', '--to', recipient, '--out', 'many.age'], true);
    expect(bar.note).toContain(`\r\u001B[2K[${'#'.repeat(24)}] 100 % of 19.1 MiB, `);
    expect(bar.out).toContain('sealed 20 files, 19.1 MiB into');
    const plain = await run(openCommand, ['many.age', '--identity', 'identity', '--out', 'many.out', '--extract']);
    expect(plain.note).toMatch(/^\d+ % of 19\.1 MiB/);
    expect(plain.note).not.toContain('\u001B');
    execFileSync('diff', ['-r', at('many'), at('many.out')]);
  });

  const withoutAge = spawnSync('age', ['--version']).status !== 0 && process.env['CI'] !== 'true';
  it.skipIf(withoutAge)('is what age opens', () => {
    expect(execFileSync('age', ['-d', '-i', at('identity'), at('rows.age')], { encoding: 'utf8' })).toBe('a,b\n1,2\n');
  });
});
