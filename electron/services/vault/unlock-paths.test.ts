import { copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import canonicalize from 'canonicalize';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { err, ok } from '../../contract/result.ts';
import { calibrate } from './calibrate.ts';
import { loadVaultCrypto } from './crypto.ts';
import { systemRandom } from './system-random.ts';
import { createFakeKeychain } from './testing/keychain-fake.ts';
import { openVault, valueOf, type OpenVault } from './testing/vault-fixture.ts';

const passphrase = 'four random words here';
const other = 'another set of words';
const prf = () => new Uint8Array(new ArrayBuffer(32)).fill(0x77);
const securityKey = { label: 'blue key', credentialId: 'AAECAw', rpId: 'nacre', salt: '11'.repeat(32) };

let root: string;
let opened: OpenVault[];
const open = (options: Parameters<typeof openVault>[1] = {}): OpenVault => {
  const vault = openVault(root, options);
  opened.push(vault);
  return vault;
};
const kinds = ({ audit }: OpenVault) => valueOf(audit.list({ after: -1, limit: 1000 })).map(({ entry }) => entry.kind);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nacre-paths-'));
  opened = [];
});
afterEach(() => {
  for (const vault of opened) vault.close();
  rmSync(root, { recursive: true, force: true });
});

describe('ways to unlock', () => {
  it('are added, listed, used and removed one by one; the last passphrase stays', async () => {
    const keychain = createFakeKeychain();
    const one = open({ keychain });
    const { vault } = one;
    valueOf(await vault.create(passphrase));
    const before = valueOf(vault.keys.list());
    expect(await vault.paths.addPassphrase('wrong', other, 'second')).toMatchObject({
      error: { code: 'wrong_passphrase' },
    });
    valueOf(await vault.paths.addPassphrase(passphrase, other, 'second'));
    valueOf(await vault.paths.addKeychain(passphrase, 'this machine'));
    expect(await vault.paths.addKeychain(passphrase, 'again')).toMatchObject({ error: { code: 'already_exists' } });
    const computed = prf();
    const { paths } = valueOf(await vault.paths.addSecurityKey(passphrase, { ...securityKey, prf: computed }));
    expect(computed.every((byte) => byte === 0)).toBe(true);
    expect(paths.map(({ type, label }) => [type, label])).toEqual([
      ['passphrase', 'Passphrase'],
      ['passphrase', 'second'],
      ['keychain', 'this machine'],
      ['security-key', 'blue key'],
    ]);
    expect(paths[2]).toMatchObject({ backend: 'test_keychain' });
    const [first, second, chain, device] = paths.map(({ id }) => id);
    for (const unlock of [
      () => vault.unlock(passphrase),
      () => vault.unlock(other),
      () => vault.unlockWithKeychain(),
      () => vault.unlockWithSecurityKey(device ?? '', prf()),
    ]) {
      vault.lock('asked');
      expect(valueOf(await unlock()).state).toBe('unlocked');
      expect(valueOf(vault.keys.list())).toEqual(before);
    }
    vault.lock('asked');
    const wrong = await vault.unlockWithSecurityKey(device ?? '', prf().fill(1));
    expect(wrong).toMatchObject({ error: { code: 'wrong_passphrase' } });
    expect(vault.state().unlockFailures).toBe(1);
    for (const id of [device, chain, second]) valueOf(await vault.paths.remove(passphrase, id ?? ''));
    expect(await vault.paths.remove(passphrase, first ?? '')).toMatchObject({ error: { code: 'wrong_state' } });
    expect(await vault.unlockWithKeychain()).toMatchObject({ error: { code: 'not_found' } });
    expect(await vault.unlockWithSecurityKey(device ?? '', prf())).toMatchObject({ error: { code: 'not_found' } });
    expect(await vault.unlock(other)).toMatchObject({ error: { code: 'wrong_passphrase' } });
    expect(kinds(one).filter((kind) => kind.startsWith('unlock-path'))).toHaveLength(6);
  });

  it('through a keychain that only obscures, or that is gone, are refused by name', async () => {
    const keychain = createFakeKeychain();
    const { vault } = open({ keychain });
    valueOf(await vault.create(passphrase));
    keychain.now = { available: false, backend: 'basic_text', reason: 'The keychain basic_text protects nothing.' };
    expect(await vault.paths.addKeychain(passphrase, 'x')).toMatchObject({
      error: { code: 'unavailable', message: expect.stringContaining('basic_text') },
    });
    keychain.now = { available: true, backend: 'gnome_libsecret' };
    valueOf(await vault.paths.addKeychain(passphrase, 'x'));
    vault.lock('asked');
    keychain.now = { available: false, backend: 'basic_text', reason: 'The keychain basic_text protects nothing.' };
    expect(await vault.unlockWithKeychain()).toMatchObject({ error: { code: 'unavailable' } });
    keychain.now = { available: true, backend: 'gnome_libsecret' };
    keychain.key.fill(9);
    expect(await vault.unlockWithKeychain()).toMatchObject({ error: { code: 'damaged' } });
  });

  it('do not change when the log cannot be written', async () => {
    let broken = false;
    const { vault } = open({
      wrapAudit: (audit) => ({
        ...audit,
        append: (event) => (broken ? err('disk_full', 'The disk is full.') : audit.append(event)),
      }),
    });
    valueOf(await vault.create(passphrase));
    broken = true;
    expect(await vault.paths.addPassphrase(passphrase, other, 'second')).toMatchObject({
      error: { code: 'disk_full' },
    });
    expect(await vault.paths.retune(passphrase, { memoryKib: 128, passes: 2 })).toMatchObject({
      error: { code: 'disk_full' },
    });
    broken = false;
    expect(valueOf(await vault.paths.list()).paths).toHaveLength(1);
    expect(vault.state().kdf).toMatchObject({ passes: 1 });
  });
});

describe('the cost of unlocking', () => {
  it('changes by wrapping the master key anew: no record is touched, and a later passphrase keeps it', async () => {
    const one = open();
    valueOf(await one.vault.create(passphrase));
    const records = () => {
      const database = new DatabaseSync(join(root, 'copy.db'), { readOnly: true });
      const rows = database
        .prepare("SELECT id, hex(nonce) AS nonce, hex(box) AS box FROM records WHERE id LIKE 'key/%'")
        .all();
      database.close();
      return rows;
    };
    one.vault.lock('asked');
    copyFileSync(join(root, 'vault.db'), join(root, 'copy.db'));
    const before = records();
    expect(await one.vault.paths.retune(passphrase, { memoryKib: 32, passes: 1 })).toMatchObject({
      error: { code: 'invalid_input' },
    });
    valueOf(await one.vault.paths.retune(passphrase, { memoryKib: 256, passes: 2 }));
    copyFileSync(join(root, 'vault.db'), join(root, 'copy.db'));
    expect(records()).toEqual(before);
    expect(one.vault.state().kdf).toMatchObject({ memoryMib: 0.25, passes: 2 });
    valueOf(await one.vault.unlock(passphrase));
    valueOf(await one.vault.changePassphrase(passphrase, other));
    expect(one.vault.state().kdf).toMatchObject({ memoryMib: 0.25, passes: 2 });
    expect(kinds(one)).toContain('derivation-changed');
  });

  it('is proposed from measurements, for the wanted time and never below the floor', async () => {
    const native = loadVaultCrypto();
    let now = 0;
    // A machine that takes 1 ms for a MiB and pass.
    const crypto = {
      ...native,
      async argon2id(_p: Uint8Array, _s: Uint8Array, { memoryKib, passes }: { memoryKib: number; passes: number }) {
        now += (memoryKib / 1024) * passes;
        return new Uint8Array(32);
      },
    };
    const floor = { memoryKib: 64 * 1024, passes: 2 };
    const input = { crypto, random: systemRandom, floor, stopwatch: () => now, memoryBytes: 64 * 2 ** 30 };
    const usual = await calibrate({ ...input, targetMs: 1000 });
    expect(usual.proposed).toEqual({ memoryMib: 256, passes: 3, expectedMs: 768 });
    expect((await calibrate({ ...input, targetMs: 100 })).proposed).toMatchObject({ memoryMib: 64, passes: 2 });
    const small = await calibrate({ ...input, targetMs: 3000, memoryBytes: 512 * 2 ** 20 });
    expect(small.proposed).toMatchObject({ memoryMib: 128, passes: 23 });
    const real = valueOf(await open().vault.paths.calibrate(100));
    expect(real.implementation).toBe('libsodium');
    expect(real.measured.every(({ milliseconds }) => milliseconds > 0)).toBe(true);
  });
});

describe('formats of the vault', () => {
  it('of version 1 open, are written as version 2, and keep keys and secrets', async () => {
    copyFileSync(join(import.meta.dirname, 'testing', 'vault-v1.db'), join(root, 'vault.db'));
    const one = open();
    const versionOf = () => /"version":(\d)/.exec(readFileSync(join(root, 'vault.db'), 'latin1'))?.[1];
    expect(versionOf()).toBe('1');
    valueOf(await one.vault.unlock(passphrase));
    const first = valueOf(one.vault.keys.list());
    expect(first).toMatchObject([
      {
        id: 'key/organisation',
        label: 'Organisation signing key',
        publicKey: '+/4aS93Vkfe7k2A5fDJ7TeXWh6qjGoeoWnN3naH04Do=',
      },
      { id: 'key/dataset', purpose: 'dataset-recipient', state: 'active', origin: 'made' },
    ]);
    expect(valueOf(one.vault.secrets.get('kept'))).toMatchObject({
      secret: new Uint8Array(20).fill(7),
      facts: { what: 'a secret of version 1' },
    });
    one.close();
    expect(versionOf()).toBe('2');
    const again = open();
    valueOf(await again.vault.unlock(passphrase));
    expect(valueOf(again.vault.keys.list())).toEqual(first);
  });

  it('that are newer are refused by name and left as they are', async () => {
    const one = open();
    valueOf(await one.vault.create(passphrase));
    one.close();
    const database = new DatabaseSync(join(root, 'vault.db'));
    const header = JSON.parse(String(database.prepare('SELECT json FROM header').get()?.['json'])) as object;
    database.prepare('UPDATE header SET json = ?').run(canonicalize({ ...header, version: 3, surprise: true }) ?? '');
    database.close();
    rmSync(join(root, 'vault.db.sha256'));
    const bytes = readFileSync(join(root, 'vault.db'));
    const again = open();
    expect(await again.vault.unlock(passphrase)).toMatchObject({
      error: { code: 'wrong_state', message: expect.stringContaining('newer Nacre (header format 3)') },
    });
    again.close();
    expect(readFileSync(join(root, 'vault.db'))).toEqual(bytes);
  });
});

describe('copies beside the vault', () => {
  it('are made when something changed, at most five, each readable; a removed way takes the older ones along', async () => {
    let now = Date.UTC(2026, 10, 22, 10);
    const one = open({ clock: () => now });
    valueOf(await one.vault.create(passphrase));
    for (let round = 0; round < 8; round++) {
      valueOf(one.vault.secrets.put(`s${round}`, new Uint8Array([round])));
      now += 60_000;
      valueOf(one.vault.lock('asked'));
      valueOf(await one.vault.unlock(passphrase));
    }
    const copies = valueOf(one.vault.copies());
    expect(copies).toHaveLength(5);
    expect(copies.every(({ readable }) => readable)).toBe(true);
    expect(copies[0]?.madeAt).toBe(new Date(now).toISOString());
    // Nothing changed: no copy.
    valueOf(one.vault.lock('asked'));
    expect(valueOf(one.vault.copies())).toEqual(copies);
    valueOf(await one.vault.unlock(passphrase));
    now += 60_000;
    valueOf(await one.vault.changePassphrase(passphrase, other));
    expect(valueOf(one.vault.copies())).toHaveLength(1);
    expect(readdirSync(join(root, 'vault-copies'))).toHaveLength(1);
    const [copy] = valueOf(one.vault.copies());
    const bytes = readFileSync(copy?.path ?? '');
    one.close();
    rmSync(join(root, 'vault.db'));
    const lost = open({ clock: () => now });
    const same = () => ok(null);
    valueOf(
      await lost.vault.recovery.backups.restore(
        copy?.path ?? '',
        { passphrase: other },
        { replace: false, apply: same, applyCopy: same },
      ),
    );
    valueOf(await lost.vault.unlock(other));
    expect(valueOf(lost.vault.secrets.list())).toHaveLength(8);
    expect(bytes.length).toBeGreaterThan(4096);
  });
});
