import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { combine } from 'shamir-secret-sharing';
import { DatabaseSync } from 'node:sqlite';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadVaultCrypto } from './crypto.ts';
import { joinShares, readShare, shareDigest } from './shares.ts';
import { openVault, valueOf, type OpenVault } from './testing/vault-fixture.ts';

const passphrase = 'four random words here';
const other = 'another set of words';
const rule = { threshold: 2, shares: 3 };

let root: string;
let opened: OpenVault[];
const open = (name: string): OpenVault => {
  const directory = join(root, name);
  mkdirSync(directory, { recursive: true });
  const vault = openVault(directory);
  opened.push(vault);
  return vault;
};
/** A vault with one secret in it. */
const filled = async (name: string): Promise<OpenVault> => {
  const made = open(name);
  valueOf(await made.vault.create(passphrase));
  valueOf(made.vault.secrets.put('run/1', new Uint8Array([1, 2, 3])));
  return made;
};
const code = (result: { ok: boolean; error?: { code: string } }) => (result.ok ? 'ok' : result.error?.code);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nacre-recovery-'));
  opened = [];
});
afterEach(() => {
  for (const vault of opened) vault.close();
  rmSync(root, { recursive: true, force: true });
});

describe('shares', () => {
  it('set a new passphrase: any two of three, on a locked vault', async () => {
    const { vault, audit } = await filled('a');
    const keys = valueOf(vault.keys.list());
    const texts = valueOf(await vault.recovery.makeShares(passphrase, rule));
    expect(texts).toHaveLength(3);
    vault.lock('asked');
    let current = passphrase;
    for (const [round, pair] of [
      [0, 1],
      [2, 0],
      [1, 2],
    ].entries()) {
      const next = `the words of round ${round}`;
      valueOf(
        await vault.recovery.recover(
          pair.map((index) => texts[index] ?? ''),
          next,
        ),
      );
      expect(vault.unlocked()).toBe(false);
      expect(code(await vault.unlock(current))).toBe('wrong_passphrase');
      valueOf(await vault.unlock(next));
      vault.lock('asked');
      current = next;
    }
    valueOf(await vault.unlock(current));
    expect(valueOf(vault.keys.list())).toMatchObject(keys.map(({ id, publicKey }) => ({ id, publicKey })));
    const log = JSON.stringify(valueOf(audit.list({ after: -1, limit: 100 })));
    expect(log).toContain('shares-made');
    expect(log).toContain('recovery shares');
    for (const text of texts) {
      expect(log).toContain(shareDigest(valueOf(readShare(text))));
      expect(log.toLowerCase()).not.toContain(text.toLowerCase().slice(12));
    }
  });

  it('are refused by name: too few, typing error, twice, other set, other vault', async () => {
    const { vault } = await filled('a');
    const stranger = await filled('b');
    const old = valueOf(await vault.recovery.makeShares(passphrase, rule));
    const texts = valueOf(await vault.recovery.makeShares(passphrase, rule));
    const foreign = valueOf(await stranger.vault.recovery.makeShares(passphrase, rule));
    const [first = '', second = ''] = texts;
    const at = first.length - 5;
    const typo = `${first.slice(0, at)}${first[at] === 'Q' ? 'P' : 'Q'}${first.slice(at + 1)}`;
    const attempts: [string[], string][] = [
      [[], '0 of 2'],
      [[first], '1 of 2'],
      [[first, typo], 'Share 2: The recovery share has a typing error'],
      [[first, ` ${first.toLowerCase()}\n`], 'Share 2 is there twice'],
      [[first, old[1] ?? ''], 'another set'],
      [[first, foreign[1] ?? ''], 'another vault'],
      [['hello', second], 'Share 1: This is not'],
      [old, 'do not open'],
      [foreign, 'do not open'],
    ];
    for (const [given, message] of attempts) {
      expect(await vault.recovery.recover(given, other)).toMatchObject({
        ok: false,
        error: { message: expect.stringContaining(message) },
      });
    }
    expect(valueOf(vault.recovery.checkShare(second))).toEqual({ state: 'current', threshold: 2, shares: 3 });
    expect(valueOf(vault.recovery.checkShare(old[0] ?? '')).state).toBe('replaced');
    expect(valueOf(vault.recovery.checkShare(foreign[0] ?? '')).state).toBe('foreign');
    expect(code(vault.recovery.checkShare(typo))).toBe('invalid_input');
    for (const bad of [
      { threshold: 1, shares: 3 },
      { threshold: 4, shares: 3 },
      { threshold: 2, shares: 17 },
      { threshold: 2.5, shares: 3 },
    ]) {
      expect(code(await vault.recovery.makeShares(passphrase, bad))).toBe('invalid_input');
    }
    expect(code(await vault.recovery.makeShares('wrong', rule))).toBe('wrong_passphrase');
    vault.lock('asked');
    expect(code(await vault.recovery.makeShares(passphrase, rule))).toBe('locked');
    valueOf(await vault.unlock(passphrase));
  });

  it('survive a change of the passphrase, and every text is read or refused', async () => {
    const { vault } = await filled('a');
    const texts = valueOf(await vault.recovery.makeShares(passphrase, { threshold: 3, shares: 5 }));
    valueOf(await vault.changePassphrase(passphrase, other));
    valueOf(await vault.recovery.recover(texts.slice(2), 'and one more passphrase'));
    const [text = ''] = texts;
    fc.assert(
      fc.property(
        fc.nat({ max: text.length - 1 }),
        fc.constantFrom(...'QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L'),
        (at, letter) => {
          const changed = text.slice(0, at) + letter + text.slice(at + 1);
          expect(readShare(changed).ok).toBe(changed === text);
        },
      ),
    );
    fc.assert(fc.property(fc.string(), (junk) => !readShare(junk).ok));
    fc.assert(fc.property(fc.string(), (junk) => !readShare(`NACRE-SHARE-1${junk}`).ok));
  });

  it('are put together as the published algorithm does', async () => {
    // Shares 1, 2 and 3 of f(x) = s + 5x over GF(2^8) mod x^8+x^4+x^3+x+1 for the secret s = 0x2a, worked by hand.
    const secret = await combine([Uint8Array.of(0x2a ^ 5, 1), Uint8Array.of(0x2a ^ 10, 2)]);
    expect(secret).toEqual(Uint8Array.of(0x2a));
    expect(await combine([Uint8Array.of(0x2a ^ 10, 2), Uint8Array.of(0x2a ^ 15, 3)])).toEqual(Uint8Array.of(0x2a));
    expect(await joinShares([], loadVaultCrypto())).toMatchObject({ error: { code: 'invalid_input' } });
  });
});

describe('a backup', () => {
  it('is opened on a fresh machine by two of three shares, after the first one is lost', async () => {
    const { vault } = await filled('desk');
    const keys = valueOf(vault.keys.list());
    const texts = valueOf(await vault.recovery.makeShares(passphrase, rule));
    const path = join(root, 'backup.nacre');
    expect(code(await vault.recovery.exportBackup('wrong', path))).toBe('wrong_passphrase');
    const written = valueOf(await vault.recovery.exportBackup(passphrase, path));
    expect(written.bytes).toBe(statSync(path).size);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(code(await vault.recovery.exportBackup(passphrase, path))).toBe('already_exists');
    expect(readdirSync(root).toSorted()).toEqual(['backup.nacre', 'desk']);

    const fresh = open('new-desk');
    expect(valueOf(await fresh.vault.recovery.restoreBackup(path)).state).toBe('locked');
    valueOf(await fresh.vault.recovery.recover(texts.slice(1), other));
    valueOf(await fresh.vault.unlock(other));
    expect(valueOf(fresh.vault.keys.list()).map((key) => key.publicKey)).toEqual(keys.map((key) => key.publicKey));
    expect(valueOf(fresh.vault.secrets.get('run/1')).secret).toEqual(new Uint8Array([1, 2, 3]));
    expect(valueOf(fresh.audit.list({ after: -1, limit: 9 })).map((row) => row.entry.kind)).toEqual([
      'vault-restored',
      'passphrase-changed',
      'vault-unlocked',
    ]);
    // The new desk locks and opens like any other, and the old one still does.
    fresh.vault.lock('asked');
    valueOf(await fresh.vault.unlock(other));
    valueOf(vault.lock('asked'));
    valueOf(await vault.unlock(passphrase));
  });

  it('takes the place of a damaged vault, which is kept, and never of a good one unasked', async () => {
    const made = await filled('desk');
    const path = join(root, 'backup.nacre');
    valueOf(await made.vault.recovery.exportBackup(passphrase, path));
    expect(code(await made.vault.recovery.restoreBackup(path))).toBe('already_exists');
    made.close();
    const database = new DatabaseSync(join(root, 'desk', 'vault.db'));
    database.exec(`UPDATE records SET box = zeroblob(60) WHERE id = 'key/dataset'`);
    database.close();
    const hurt = open('desk');
    expect(code(await hurt.vault.unlock(passphrase))).toBe('damaged');
    expect(code(await hurt.vault.recovery.restoreBackup(path))).toBe('already_exists');
    valueOf(await hurt.vault.recovery.restoreBackup(path, { replace: true }));
    valueOf(await hurt.vault.unlock(passphrase));
    expect(valueOf(hurt.vault.secrets.list())).toEqual(['run/1']);
    hurt.close();
    writeFileSync(join(root, 'desk', 'vault.db'), 'rubbish'.repeat(1000));
    const worse = open('desk');
    valueOf(await worse.vault.recovery.restoreBackup(path));
    valueOf(await worse.vault.unlock(passphrase));
    expect(readdirSync(join(root, 'desk')).filter((name) => name.includes('replaced'))).toHaveLength(1);
  });

  it('that is damaged or missing is refused before anything is replaced', async () => {
    const made = await filled('desk');
    const path = join(root, 'backup.nacre');
    valueOf(await made.vault.recovery.exportBackup(passphrase, path));
    const whole = readFileSync(path);
    const fresh = open('new-desk');
    for (const bytes of [Buffer.from(''), Buffer.from('x'.repeat(5000)), whole.subarray(0, whole.length / 2)]) {
      writeFileSync(path, bytes);
      expect(code(await fresh.vault.recovery.restoreBackup(path))).toBe('damaged');
      expect(readFileSync(path)).toEqual(bytes);
    }
    expect(code(await fresh.vault.recovery.restoreBackup(join(root, 'none')))).toBe('not_found');
    expect(existsSync(join(root, 'new-desk', 'vault.db'))).toBe(false);
    expect(fresh.vault.state().state).toBe('absent');
  });
});
