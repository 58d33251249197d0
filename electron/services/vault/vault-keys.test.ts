import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { err, ok } from '../../contract/result.ts';
import { verifyEd25519 } from '../../domain/dsse/dsse.ts';
import { openVault, valueOf, type OpenVault } from './testing/vault-fixture.ts';

const passphrase = 'four random words here';
const message = new TextEncoder().encode('an order');
const base64 = (text: string) => new Uint8Array(Buffer.from(text, 'base64'));

let root: string;
let opened: OpenVault[];
const open = async (options: Parameters<typeof openVault>[1] = {}): Promise<OpenVault> => {
  const one = openVault(root, options);
  opened.push(one);
  valueOf(
    one.vault.state().state === 'absent' ? await one.vault.create(passphrase) : await one.vault.unlock(passphrase),
  );
  return one;
};
const entries = ({ audit }: OpenVault) => valueOf(audit.list({ after: -1, limit: 1000 })).map(({ entry }) => entry);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nacre-ring-'));
  opened = [];
});
afterEach(() => {
  for (const vault of opened) vault.close();
  rmSync(root, { recursive: true, force: true });
});

describe('keys of the vault', () => {
  it('are made for a purpose, found by name, renamed, and come back after a lock', async () => {
    const one = await open();
    const { keys } = one.vault;
    const wallet = valueOf(keys.create({ purpose: 'wallet', label: 'Payments' }));
    expect(wallet).toMatchObject({
      type: 'secp256k1',
      state: 'active',
      address: expect.stringMatching(/^0x[0-9a-fA-F]{40}$/),
    });
    const hybrid = valueOf(keys.create({ purpose: 'dataset-recipient', type: 'age-hybrid', label: 'After quantum' }));
    expect(hybrid).toMatchObject({ state: 'standby', publicKey: expect.stringMatching(/^age1pq1/) });
    expect(keys.create({ purpose: 'wallet', type: 'ed25519', label: 'x' })).toMatchObject({
      error: { code: 'invalid_input' },
    });
    valueOf(keys.change(wallet.id, { label: 'Cloud payments', expiresAt: '2027-01-01T00:00:00.000Z' }));
    expect(valueOf(keys.list({ text: 'CLOUD' })).map(({ id }) => id)).toEqual([wallet.id]);
    expect(valueOf(keys.list({ text: (wallet.address ?? '').slice(4, 12) }))).toHaveLength(1);
    expect(valueOf(keys.list({ purpose: 'dataset-recipient' }))).toHaveLength(2);
    // Made within one tick of the given clock, so their order is free.
    const all = () => valueOf(keys.list()).toSorted((a, b) => a.id.localeCompare(b.id));
    const before = all();
    one.vault.lock('asked');
    expect(keys.list()).toMatchObject({ error: { code: 'locked' } });
    valueOf(await one.vault.unlock(passphrase));
    expect(all()).toEqual(before);
    expect(valueOf(keys.change(wallet.id, { expiresAt: null }))).not.toHaveProperty('expiresAt');
  });

  it('rotate: the new signing key signs, the old one is believed, the log stays whole over a lock', async () => {
    const one = await open();
    const { keys } = one.vault;
    const old = valueOf(keys.signWith('manifest', ({ sign }) => sign(message)));
    const [before] = valueOf(keys.list({ purpose: 'signing' }));
    expect(await keys.rotate('wrong words', { purpose: 'signing' })).toMatchObject({
      error: { code: 'wrong_passphrase' },
    });
    const next = valueOf(await keys.rotate(passphrase, { purpose: 'signing', label: 'Signing 2027' }));
    const signed = valueOf(keys.signWith('manifest', ({ sign }) => sign(message)));
    expect(verifyEd25519(signed, message, base64(next.publicKey))).toBe(true);
    const trusted = valueOf(keys.trusted());
    expect(trusted.some((key) => verifyEd25519(old, message, key))).toBe(true);
    expect(valueOf(keys.get(before?.id ?? ''))).toMatchObject({ state: 'retired', replacedBy: next.id });
    valueOf(one.audit.verify(base64(next.publicKey)));
    one.close();
    const again = await open();
    valueOf(again.audit.verify(base64(next.publicKey)));
    const rotated = entries(again).find(({ kind }) => kind === 'key-rotated');
    expect(rotated).toMatchObject({
      subject: next.id,
      details: { from: 'key/organisation', publicKey: next.publicKey },
    });
    // Back to the older one, by name.
    valueOf(await again.vault.keys.rotate(passphrase, { purpose: 'signing', to: 'key/organisation' }));
    expect(valueOf(again.vault.keys.signer('receipt')).publicKey).toEqual(base64(before?.publicKey ?? ''));
    valueOf(await again.vault.keys.revoke(passphrase, next.id, 'laptop lost'));
    expect(valueOf(again.vault.keys.trusted())).toHaveLength(1);
    again.close();
    await open();
  });

  it('revoked do nothing: no opening, no export, no way back; the active one cannot be revoked', async () => {
    const one = await open();
    const { keys } = one.vault;
    expect(await keys.revoke(passphrase, 'key/dataset', 'x')).toMatchObject({ error: { code: 'wrong_state' } });
    const next = valueOf(await keys.rotate(passphrase, { purpose: 'dataset-recipient', type: 'age-hybrid' }));
    expect(valueOf(keys.recipients())).toEqual([next.publicKey]);
    const count = () => keys.withDatasetIdentity((identity) => ok(identity.encodeAll().length));
    expect(valueOf(await count())).toBe(2);
    valueOf(await keys.revoke(passphrase, 'key/dataset', 'left the company'));
    expect(valueOf(await count())).toBe(1);
    const path = join(root, 'out');
    expect(
      await keys.exportFile({ id: 'key/dataset', path, format: 'age', part: 'private', passphrase }),
    ).toMatchObject({
      error: { code: 'wrong_state' },
    });
    expect(await keys.rotate(passphrase, { purpose: 'dataset-recipient', to: 'key/dataset' })).toMatchObject({
      ok: false,
    });
    expect(await keys.revoke(passphrase, 'key/dataset', 'x')).toMatchObject({ error: { code: 'wrong_state' } });
  });

  it('expired sign and seal nothing new, and still open what is older', async () => {
    let now = Date.UTC(2026, 10, 22, 10);
    const one = await open({ clock: () => now, autoLockMs: 1e9 });
    const { keys } = one.vault;
    for (const id of ['key/organisation', 'key/dataset'])
      valueOf(keys.change(id, { expiresAt: '2026-11-22T11:00:00.000Z' }));
    valueOf(keys.recipients());
    now += 3_600_000;
    expect(keys.recipients()).toMatchObject({
      error: { code: 'wrong_state', message: expect.stringContaining('expired') },
    });
    expect(keys.signWith('job-order', ({ sign }) => sign(message))).toMatchObject({ error: { code: 'wrong_state' } });
    valueOf(await keys.withDatasetIdentity(() => ok(1)));
    // The log goes on being signed, or nobody could rotate any more.
    valueOf(await keys.rotate(passphrase, { purpose: 'signing' }));
    valueOf(keys.signWith('job-order', ({ sign }) => sign(message)));
  });
});

describe('import and export', () => {
  it('take a key of the real age in and out again; files are for the owner only and never overwritten', async () => {
    const one = await open();
    const { keys } = one.vault;
    const file = join(root, 'identity');
    execFileSync('age-keygen', ['-o', file], { stdio: 'ignore' });
    const recipient = /age1[0-9a-z]+/.exec(readFileSync(file, 'utf8'))?.[0] ?? '';
    const imported = valueOf(await keys.importFile(passphrase, { path: file, label: 'From age' }));
    expect(imported).toMatchObject({
      publicKey: recipient,
      origin: 'imported',
      state: 'standby',
      purpose: 'dataset-recipient',
    });
    expect(await keys.importFile(passphrase, { path: file, label: 'Again' })).toMatchObject({
      error: { code: 'already_exists' },
    });
    const out = join(root, 'out');
    expect(await keys.exportFile({ id: imported.id, path: out, format: 'age', part: 'private' })).toMatchObject({
      ok: false,
    });
    const wanted = { id: imported.id, path: out, format: 'age', part: 'private' } as const;
    expect(await keys.exportFile({ ...wanted, passphrase: 'wrong words' })).toMatchObject({
      error: { code: 'wrong_passphrase' },
    });
    valueOf(await keys.exportFile({ ...wanted, passphrase }));
    expect(statSync(out).mode & 0o777).toBe(0o600);
    const sealed = spawnSync('age', ['-r', recipient], { input: 'plain' }).stdout;
    expect(spawnSync('age', ['-d', '-i', out], { input: sealed, encoding: 'utf8' }).stdout).toBe('plain');
    expect(await keys.exportFile({ ...wanted, passphrase })).toMatchObject({ error: { code: 'already_exists' } });
    expect(await keys.exportFile({ ...wanted, path: join(root, 'p'), format: 'openssh', passphrase })).toMatchObject({
      error: { code: 'invalid_input' },
    });
    valueOf(
      await keys.exportFile({ id: 'key/organisation', path: join(root, 'public.pem'), format: 'pem', part: 'public' }),
    );
    expect(
      execFileSync('openssl', ['pkey', '-pubin', '-in', join(root, 'public.pem'), '-noout', '-text'], {
        encoding: 'utf8',
      }),
    ).toContain('ED25519');
    writeFileSync(join(root, 'junk'), Buffer.alloc(100_000, 0x41));
    expect(await keys.importFile(passphrase, { path: join(root, 'junk'), label: 'x' })).toMatchObject({
      error: { code: 'invalid_input' },
    });
    expect(await keys.importFile(passphrase, { path: join(root, 'none'), label: 'x' })).toMatchObject({
      error: { code: 'not_found' },
    });
    const log = JSON.stringify(entries(one));
    expect(log).toContain('key-imported');
    expect(log).toContain('key-exported');
    expect(log).not.toContain('AGE-SECRET-KEY');
  });
});

describe('what cannot be logged', () => {
  it('is not done: no signature, no opening, no export, no key, no rotation', async () => {
    let broken = false;
    const one = await open({
      wrapAudit: (audit) => ({
        ...audit,
        append: (event) => (broken ? err('disk_full', 'The disk is full.') : audit.append(event)),
      }),
    });
    const { keys } = one.vault;
    const before = valueOf(keys.list());
    broken = true;
    const full = { error: { code: 'disk_full' } };
    let acted = false;
    const act = () => {
      acted = true;
      return ok(1);
    };
    expect(keys.signWith('job-order', act)).toMatchObject(full);
    expect(valueOf(keys.signer('receipt')).sign(message)).toMatchObject(full);
    expect(await keys.withDatasetIdentity(act)).toMatchObject(full);
    expect(acted).toBe(false);
    const path = join(root, 'out');
    expect(
      await keys.exportFile({ id: 'key/dataset', path, format: 'age', part: 'private', passphrase }),
    ).toMatchObject(full);
    expect(await keys.exportFile({ id: 'key/dataset', path, format: 'age', part: 'public' })).toMatchObject(full);
    expect(await keys.exportIdentity(passphrase, path)).toMatchObject(full);
    expect(() => statSync(path)).toThrow('ENOENT');
    expect(keys.create({ purpose: 'wallet', label: 'x' })).toMatchObject(full);
    expect(keys.change('key/dataset', { label: 'other' })).toMatchObject(full);
    expect(await keys.rotate(passphrase, { purpose: 'signing' })).toMatchObject(full);
    expect(await keys.rotate('wrong words', { purpose: 'signing' })).toMatchObject(full);
    // Unlocking is an act too.
    one.vault.lock('asked');
    expect(await one.vault.unlock(passphrase)).toMatchObject(full);
    expect(one.vault.unlocked()).toBe(false);
    broken = false;
    valueOf(await one.vault.unlock(passphrase));
    expect(valueOf(keys.list())).toEqual(before);
  });

  it('is named with purpose, job and evidence when it is done', async () => {
    const one = await open();
    const occasion = { subject: 'run-1', jobId: 'job-1', evidence: 'ab'.repeat(32) };
    valueOf(one.vault.keys.signWith('job-order', ({ sign }) => sign(message), occasion));
    expect(entries(one).at(-1)).toMatchObject({
      kind: 'key-used',
      subject: 'run-1',
      details: { purpose: 'job-order', key: 'key/organisation', jobId: 'job-1', evidenceSha256: 'ab'.repeat(32) },
    });
  });
});
