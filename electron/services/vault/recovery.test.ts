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
import { DatabaseSync } from 'node:sqlite';
import { combine } from 'shamir-secret-sharing';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { err, ok, type Result } from '../../contract/result.ts';
import { decodeShare, encodeShare } from '../../domain/recovery/share-text.ts';
import { decodeBackup, encodeBackup } from './backup-file.ts';
import { loadVaultCrypto } from './crypto.ts';
import { joinShares, shareDigest } from './shares.ts';
import { openVault, valueOf, type OpenVault } from './testing/vault-fixture.ts';

const passphrase = 'four random words here';
const other = 'another set of words';
const rule = { threshold: 2, holders: ['Alice', 'Bob', 'the safe'] };
const profile = new TextEncoder().encode('what the core keeps beside the vault');

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
const sharesOf = async ({ vault }: OpenVault, of = rule): Promise<string[]> => {
  const texts: string[] = [];
  const made = await vault.recovery.makeShares(passphrase, of, async (_, shares) => {
    texts.push(...shares.map(encodeShare));
    return ok({ takeBack: async () => undefined });
  });
  valueOf(made);
  return texts;
};
const backUp = ({ vault, audit }: OpenVault, path: string, own?: string, key = passphrase) =>
  vault.recovery.backups.create(key, {
    path,
    ownPassphrase: own,
    offline: false,
    logHead: audit.head,
    collect: () => ok(profile),
  });
/** Restores and answers what was applied. */
const restore = (
  { vault }: OpenVault,
  path: string,
  by: Parameters<OpenVault['vault']['recovery']['backups']['restore']>[1] = { passphrase },
  replace = false,
): Promise<Result<string>> =>
  vault.recovery.backups.restore(path, by, {
    replace,
    apply: (bytes) => ok(new TextDecoder().decode(bytes)),
    applyCopy: () => ok('copy'),
  });

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
    const made = await filled('a');
    const { vault, audit } = made;
    const keys = valueOf(vault.keys.list());
    const texts = await sharesOf(made);
    expect(texts).toHaveLength(3);
    vault.lock('asked');
    let current = passphrase;
    for (const [round, pair] of [
      [0, 1],
      [2, 0],
      [1, 2],
    ].entries()) {
      const next = `the words of round ${round}`;
      const given = pair.map((index) => texts[index] ?? '');
      valueOf(await vault.recovery.recover(given, next));
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
    for (const text of texts) {
      const share = valueOf(decodeShare(text));
      expect(log).toContain(shareDigest(share));
      expect(log).not.toContain(Buffer.from(share.bytes).toString('hex'));
      expect(readFileSync(join(root, 'a', 'vault.db')).includes(Buffer.from(share.bytes))).toBe(false);
    }
  });

  it('are refused by name: too few, typing error, twice, other set, other vault', async () => {
    const made = await filled('a');
    const { vault } = made;
    const old = await sharesOf(made);
    const texts = await sharesOf(made);
    const foreign = await sharesOf(await filled('b'));
    const [first = '', second = ''] = texts;
    const typo = `${first.slice(0, -1)}${first.endsWith('Q') ? 'P' : 'Q'}`;
    const attempts: [string[], string][] = [
      [[], '0 of 2'],
      [[first], '1 of 2'],
      [[first, typo], 'Share 2: Group 26 has a typing error'],
      [[first, ` ${first.toLowerCase()}\n`], 'Share 2 is there twice'],
      [[first, old[1] ?? ''], 'Share 2 is of another set'],
      [[first, foreign[1] ?? ''], 'Share 2 is of another vault'],
      [['hello', second], 'Share 1: '],
      [old, 'do not open'],
      [foreign, 'do not open'],
    ];
    for (const [given, message] of attempts) {
      expect(await vault.recovery.recover(given, other)).toMatchObject({
        ok: false,
        error: { message: expect.stringContaining(message) },
      });
    }
    expect(valueOf(vault.recovery.checkShare(second))).toMatchObject({ state: 'current', index: 2, holder: 'Bob' });
    expect(valueOf(vault.recovery.checkShare(old[0] ?? '')).state).toBe('replaced');
    expect(valueOf(vault.recovery.checkShare(foreign[0] ?? '')).state).toBe('foreign');
    // Made up by somebody who knows vault and set, which are no secrets.
    const forged = encodeShare({ ...valueOf(decodeShare(first)), bytes: new Uint8Array(33).fill(7) });
    expect(valueOf(vault.recovery.checkShare(forged)).state).toBe('foreign');
    expect(code(await vault.recovery.recover([forged, second], other))).toBe('wrong_passphrase');
    expect(code(vault.recovery.checkShare(typo))).toBe('invalid_input');
    const never = () => Promise.reject(new Error('nothing is delivered'));
    for (const bad of [
      { threshold: 1, holders: ['a', 'b', 'c'] },
      { threshold: 4, holders: ['a', 'b', 'c'] },
      { threshold: 2, holders: Array.from({ length: 17 }, String) },
      { threshold: 2.5, holders: ['a', 'b', 'c'] },
    ]) {
      expect(code(await vault.recovery.makeShares(passphrase, bad, never))).toBe('invalid_input');
    }
    expect(code(await vault.recovery.makeShares('wrong', rule, never))).toBe('wrong_passphrase');
    vault.lock('asked');
    expect(code(await vault.recovery.makeShares(passphrase, rule, never))).toBe('locked');
  });

  it('are rehearsed without changing anything but the date, which is logged', async () => {
    const made = await filled('a');
    const { vault, audit } = made;
    const [first = '', , third = ''] = await sharesOf(made);
    expect(valueOf(vault.recovery.set())?.rehearsedAt).toBeUndefined();
    expect(code(await vault.recovery.rehearse([first]))).toBe('invalid_input');
    const rehearsed = valueOf(await vault.recovery.rehearse([third, first]));
    expect(rehearsed).toMatchObject({ rehearsedAt: '2026-11-22T10:00:00.000Z', rehearsedWith: [3, 1] });
    expect(valueOf(audit.newest(1))[0]?.entry).toMatchObject({ kind: 'shares-rehearsed', subject: rehearsed.setId });
    vault.lock('asked');
    valueOf(await vault.unlock(passphrase));
    expect(valueOf(vault.recovery.set())).toEqual(rehearsed);
    // A new set was never rehearsed, and the old pages open nothing.
    const fresh = await sharesOf(made);
    expect(valueOf(vault.recovery.set())?.rehearsedAt).toBeUndefined();
    expect(code(await vault.recovery.rehearse([first, third]))).toBe('wrong_passphrase');
    valueOf(await vault.recovery.rehearse(fresh.slice(0, 2)));
  });

  it('that could not be handed out change nothing', async () => {
    const made = await filled('a');
    const [first = '', second = ''] = await sharesOf(made);
    const refused = await made.vault.recovery.makeShares(passphrase, rule, async () => err('disk_full', 'No room.'));
    expect(code(refused)).toBe('disk_full');
    valueOf(await made.vault.recovery.rehearse([first, second]));
  });

  it('survive a change of the passphrase', async () => {
    const made = await filled('a');
    const texts = await sharesOf(made, { threshold: 3, holders: ['1', '2', '3', '4', '5'] });
    valueOf(await made.vault.changePassphrase(passphrase, other));
    valueOf(await made.vault.recovery.recover(texts.slice(2), 'and one more passphrase'));
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
    const made = await filled('desk');
    const { vault } = made;
    const keys = valueOf(vault.keys.list());
    const texts = await sharesOf(made);
    const path = join(root, 'backup.nacre');
    expect(code(await backUp(made, path, undefined, 'wrong'))).toBe('wrong_passphrase');
    const written = valueOf(await backUp(made, path));
    expect(written.bytes).toBe(statSync(path).size);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(code(await backUp(made, path))).toBe('already_exists');
    expect(readdirSync(root).toSorted()).toEqual(['backup.nacre', 'desk']);
    expect(readdirSync(join(root, 'desk')).filter((name) => /backup|incoming/.test(name))).toEqual([]);

    const fresh = open('new-desk');
    const one = await restore(fresh, path, { shares: texts.slice(0, 1), next: other });
    expect(one).toMatchObject({ error: { message: '1 of 2 shares are there.' } });
    const foreign = await sharesOf(await filled('stranger'));
    expect(await restore(fresh, path, { shares: foreign.slice(1), next: other })).toMatchObject({
      error: { code: 'wrong_passphrase', message: 'These shares are of another vault than the backup.' },
    });
    expect(await restore(fresh, path, { shares: [texts[0] ?? '', foreign[1] ?? ''], next: other })).toMatchObject({
      error: { message: 'Share 2 is of another vault.' },
    });
    expect(fresh.vault.state().state).toBe('absent');
    expect(valueOf(await restore(fresh, path, { shares: texts.slice(1), next: other }))).toContain('core keeps');
    expect(fresh.vault.state().state).toBe('locked');
    expect(code(await fresh.vault.unlock(passphrase))).toBe('wrong_passphrase');
    valueOf(await fresh.vault.unlock(other));
    expect(valueOf(fresh.vault.keys.list()).map((key) => key.publicKey)).toEqual(keys.map((key) => key.publicKey));
    expect(valueOf(fresh.vault.secrets.get('run/1')).secret).toEqual(new Uint8Array([1, 2, 3]));
    expect(valueOf(fresh.audit.list({ after: -1, limit: 9 })).map((row) => row.entry.kind)).toEqual([
      'vault-restored',
      'passphrase-changed',
      'unlock-failed',
      'vault-unlocked',
    ]);
    // The new desk locks and opens like any other, and the old one still does.
    fresh.vault.lock('asked');
    valueOf(await fresh.vault.unlock(other));
    valueOf(vault.lock('asked'));
    valueOf(await vault.unlock(passphrase));
  });

  it('has a passphrase of its own where one was chosen', async () => {
    const made = await filled('desk');
    const path = join(root, 'backup.nacre');
    valueOf(await backUp(made, path, other));
    const fresh = open('new-desk');
    expect(code(await restore(fresh, path))).toBe('wrong_passphrase');
    expect(valueOf(await fresh.vault.recovery.backups.open(path, other))).toMatchObject({ profile, records: 3 });
    valueOf(await restore(fresh, path, { passphrase: other }));
    valueOf(await fresh.vault.unlock(other));
    made.vault.lock('asked');
    valueOf(await made.vault.unlock(passphrase));
  });

  it('takes the place of a damaged vault, which is kept, and never of a good one unasked', async () => {
    const made = await filled('desk');
    const path = join(root, 'backup.nacre');
    valueOf(await backUp(made, path));
    expect(code(await restore(made, path))).toBe('already_exists');
    made.close();
    const database = new DatabaseSync(join(root, 'desk', 'vault.db'));
    database.exec(`UPDATE records SET box = zeroblob(60) WHERE id = 'key/dataset'`);
    database.close();
    const hurt = open('desk');
    expect(code(await hurt.vault.unlock(passphrase))).toBe('damaged');
    expect(code(await restore(hurt, path))).toBe('already_exists');
    valueOf(await restore(hurt, path, { passphrase }, true));
    valueOf(await hurt.vault.unlock(passphrase));
    expect(valueOf(hurt.vault.secrets.list())).toEqual(['run/1']);
    hurt.close();
    writeFileSync(join(root, 'desk', 'vault.db'), 'rubbish'.repeat(1000));
    const worse = open('desk');
    valueOf(await restore(worse, path));
    valueOf(await worse.vault.unlock(passphrase));
    expect(readdirSync(join(root, 'desk')).filter((name) => name.includes('replaced'))).toHaveLength(1);
  });

  it('with any single byte damaged is refused, naming the place; so is one that is cut or longer', async () => {
    const made = await filled('desk');
    const path = join(root, 'backup.nacre');
    valueOf(await backUp(made, path));
    const whole = new Uint8Array(readFileSync(path));
    const head = 20 + new DataView(whole.buffer).getUint32(16) + 32;
    const vaultEnd = head + valueOf(decodeBackup(whole)).head.vault.bytes;
    const placeOf = (at: number) => (at < 16 ? 'mark' : at < head ? 'head' : at < vaultEnd ? 'vault' : 'profile');
    const found = (bytes: Uint8Array) => {
      const read = decodeBackup(bytes);
      return read.ok ? 'ok' : `${read.error.code} ${String(read.error.details?.['place'])}`;
    };
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const hurt = whole.with(at, (whole[at] ?? 0) ^ flip);
        expect(found(hurt)).toBe(`damaged ${placeOf(at)}`);
      }),
      { numRuns: 300 },
    );
    // Every byte of mark and head, and some of the rest.
    for (let at = 0; at < whole.length; at += at < head ? 1 : 997) {
      expect(found(whole.with(at, (whole[at] ?? 0) ^ 1))).toBe(`damaged ${placeOf(at)}`);
    }
    fc.assert(
      fc.property(fc.nat(whole.length - 1), (length) => found(whole.subarray(0, length)).startsWith('damaged')),
      { numRuns: 50 },
    );
    expect(found(Uint8Array.from([...whole, 0]))).toBe('damaged length');
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (junk) => !decodeBackup(junk).ok));

    const fresh = open('new-desk');
    for (const bytes of [new Uint8Array(0), whole.subarray(0, 5000), whole.with(head + 100, 1)]) {
      writeFileSync(path, bytes);
      expect(code(await restore(fresh, path))).toBe('damaged');
    }
    expect(code(await restore(fresh, join(root, 'none')))).toBe('not_found');
    expect(existsSync(join(root, 'new-desk', 'vault.db'))).toBe(false);
    expect(fresh.vault.state().state).toBe('absent');
  }, 60_000);

  it('is not mixed of two, nor restored when the rest of it is refused', async () => {
    const made = await filled('desk');
    const [a, b] = [join(root, 'a.nacre'), join(root, 'b.nacre')];
    valueOf(await backUp(made, a));
    valueOf(made.vault.secrets.put('run/2', new Uint8Array(8)));
    valueOf(await backUp(made, b));
    const [first, second] = [a, b].map((path) => valueOf(decodeBackup(readFileSync(path))));
    if (first === undefined || second === undefined) throw new Error('a backup is missing');
    // Every digest fits; only the key tells that the two parts were never together.
    const { vault } = second;
    const mixed = { ...first.head, vault: second.head.vault };
    writeFileSync(a, encodeBackup(mixed, vault, first.profile));
    const fresh = open('new-desk');
    expect(await restore(fresh, a)).toMatchObject({ error: { code: 'damaged', details: { place: 'profile' } } });
    const refused = await fresh.vault.recovery.backups.restore(
      b,
      { passphrase },
      { replace: false, apply: () => err('wrong_state', 'another history'), applyCopy: () => ok(null) },
    );
    expect(code(refused)).toBe('wrong_state');
    expect(fresh.vault.state().state).toBe('absent');
    expect(readdirSync(join(root, 'new-desk')).filter((name) => name.startsWith('vault'))).toEqual([]);
  });
});
