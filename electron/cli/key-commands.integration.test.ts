import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runNacre } from './testing/process.ts';

const passphrase = 'correct horse battery staple';
const once = `${passphrase}\n`;
const twice = once.repeat(2);
let directory = '';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'nacre-key-'));
  expect((await nacre('vault create', once)).code).toBe(0);
}, 120_000);
afterAll(async () => {
  await rm(directory, { recursive: true });
});

const nacre = (args: string, input: string) =>
  runNacre(directory, [...args.split(' '), '--profile', 'profile', '--passphrase-fd', '0'], input);
async function json<T>(args: string, input: string): Promise<T> {
  const { code, out, note } = await nacre(`${args} --json`, input);
  expect(code, note).toBe(0);
  return JSON.parse(out) as T;
}
interface Key {
  id: string;
  label: string;
  state: string;
  publicKey: string;
}

describe('nacre key', () => {
  it('imports a key of openssl, labels it, tells effects, and revokes it once', async () => {
    execFileSync('openssl', ['genpkey', '-algorithm', 'ed25519', '-out', join(directory, 'key.pem')]);
    const der = execFileSync('openssl', ['pkey', '-in', join(directory, 'key.pem'), '-pubout', '-outform', 'DER']);
    expect(await nacre('key import key.pem --label Old', `${passphrase}\nanother passphrase\n`)).toMatchObject({
      code: 1,
      out: '',
    });
    const key = await json<Key>('key import key.pem --label Old', twice);
    expect(key).toMatchObject({ label: 'Old', state: 'standby' });
    expect(Buffer.from(key.publicKey, 'base64')).toEqual(der.subarray(-32));
    const named = `key label ${key.id} --label New --expires 2030-01-01T00:00:00Z`;
    expect(await json<Key>(named, once)).toMatchObject({ label: 'New', expiresAt: '2030-01-01T00:00:00.000Z' });
    expect(await json(`key effects ${key.id}`, once)).toMatchObject({ datasets: [], key: { id: key.id } });
    expect(await nacre(`key revoke ${key.id}`, twice)).toMatchObject({ code: 2 });
    const revoked = await json<{ key: Key }>(`key revoke ${key.id} --reason lost`, twice);
    expect(revoked.key).toMatchObject({ state: 'revoked', reason: 'lost' });
    const again = await nacre(`key revoke ${key.id} --reason lost`, twice);
    expect(again.code).not.toBe(0);
    expect(again.note).toContain('is revoked already');
    const log = await json<{ entries: { kind: string }[] }>('audit list', once);
    const kinds = log.entries.map(({ kind }) => kind);
    for (const kind of ['key-imported', 'key-changed', 'key-revoked']) expect(kinds).toContain(kind);
  }, 300_000);

  it('rewraps with nothing to do, and says so', async () => {
    expect(await nacre('key rewrap', once)).toMatchObject({ code: 0 });
  }, 120_000);
});

describe('nacre vault and audit', () => {
  it('adds a way to unlock, removes it, and keeps the last passphrase', async () => {
    const second = 'second set of words';
    const { paths } = await json<{ paths: { id: string; label: string }[] }>(
      'vault add-passphrase --label Second',
      `${passphrase}\n${second}\n`,
    );
    const added = paths.find(({ label }) => label === 'Second')?.id ?? '';
    expect((await nacre('vault unlock-check', `${second}\n`)).code).toBe(0);
    const left = await json<{ paths: { id: string }[] }>(`vault remove-path ${added}`, once);
    expect(left.paths).toHaveLength(1);
    expect((await nacre('vault unlock-check', `${second}\n`)).note).toContain('code: wrong_passphrase');
    const last = await nacre(`vault remove-path ${left.paths[0]?.id ?? ''}`, once);
    expect(last.code).not.toBe(0);
    expect(last.note).toContain('The last passphrase cannot be removed');
  }, 300_000);

  it('sets no whole log aside', async () => {
    const refused = await nacre('audit set-aside', once);
    expect(refused.code).not.toBe(0);
    expect(refused.note).toContain('The audit log is whole');
  }, 120_000);
});
