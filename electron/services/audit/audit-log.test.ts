import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { hexToBytes } from '@noble/hashes/utils.js';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { auditKinds, type AuditBundle } from '../../contract/audit.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { verifyAuditBundle } from '../../domain/audit/bundle.ts';
import { checkpointText, noteOf, openNote } from '../../domain/audit/checkpoint.ts';
import { decodeEntry, encodeEntry } from '../../domain/audit/entry.ts';
import { createSigner } from '../../domain/dsse/dsse.ts';
import { verifyConsistency } from '../../domain/merkle/merkle.ts';
import { openStore, type Store } from '../store/store.ts';
import { openAuditLog, type AuditEvent, type AuditLog, type CheckpointSigner } from './audit-log.ts';

const clock = () => Date.UTC(2026, 10, 22, 10);
const key = createSigner(new Uint8Array(32).fill(7));
const other = createSigner(new Uint8Array(32).fill(8));
const signerOf = (signer: typeof key): CheckpointSigner => ({
  keyId: signer.keyId,
  publicKey: signer.publicKey,
  sign: (bytes) => ok(signer.sign(bytes)),
});
const event = (subject: string, kind: AuditEvent['kind'] = 'node-verified'): AuditEvent => ({
  kind,
  actor: 'core',
  subject,
  details: { digest: 'ab', checks: 12 },
  simulated: true,
});
const value = <T>(result: Result<T>): T => {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.value;
};

let root: string;
let store: Store;
const open = (): AuditLog => {
  store = value(openStore({ directory: root, clock, pid: 1 }));
  return value(openAuditLog({ store, clock }));
};
const reopen = (): AuditLog => {
  store.close();
  return open();
};
/** Changes the file as an attacker with write access would. */
const tamper = (sql: string) => {
  store.close();
  const database = new DatabaseSync(join(root, 'nacre.db'));
  database.exec('DROP TRIGGER audit_keep; DROP TRIGGER audit_stay');
  database.exec(sql);
  database.close();
  return open();
};

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nacre-audit-'));
});
afterEach(() => {
  store.close();
  rmSync(root, { recursive: true, force: true });
});

describe('the audit log', () => {
  it('keeps entries in order, tells listeners, and is the same after a restart', () => {
    const log = open();
    const heard: number[] = [];
    const stop = log.onEntry((entry) => heard.push(entry.index));
    for (const [index, kind] of auditKinds.entries()) expect(value(log.append(event('x', kind))).index).toBe(index);
    stop();
    value(log.append(event('last')));
    expect(heard).toEqual([...auditKinds.keys()]);
    const head = log.head();
    const again = reopen();
    expect(again.head()).toEqual(head);
    expect(value(again.verify())).toEqual(head);
    expect(value(again.newest(1))[0]?.entry).toEqual({
      version: 1,
      index: auditKinds.length,
      at: '2026-11-22T10:00:00.000Z',
      ...event('last'),
    });
    expect(value(again.list({ after: 3, limit: 2 })).map((row) => row.entry.index)).toEqual([4, 5]);
    expect(again.append({ ...event('x'), subject: '' })).toMatchObject({ error: { code: 'invalid_input' } });
    expect(again.append({ ...event('x'), details: { big: 'x'.repeat(20_000) } })).toMatchObject({
      error: { code: 'invalid_input' },
    });
    expect(again.head()).toEqual(head);
  });

  it('finds a changed, removed, reordered or added entry, names it, and takes no more', () => {
    const attacks: [string, string][] = [
      [`UPDATE audit_entries SET json = replace(json, '"subject":"n2"', '"subject":"n9"')`, 'entry 2'],
      ['DELETE FROM audit_entries WHERE position = 1', 'entry 1'],
      [
        'UPDATE audit_entries SET position = 9 WHERE position = 1; UPDATE audit_entries SET position = 1 WHERE position = 2; UPDATE audit_entries SET position = 2 WHERE position = 9',
        'entry 1',
      ],
    ];
    for (const [sql, named] of attacks) {
      const log = open();
      for (let index = 0; index < 4; index++) value(log.append(event(`n${index}`)));
      const changed = tamper(sql);
      expect(changed.verify()).toMatchObject({ error: { code: 'integrity', message: expect.stringContaining(named) } });
      expect(changed.append(event('more'))).toMatchObject({ error: { code: 'integrity' } });
      store.close();
      rmSync(root, { recursive: true });
    }
  });

  it('finds a log that was rewritten or cut behind its signed checkpoint', () => {
    const log = open();
    value(log.append(event('n0')));
    value(log.attachSigner(signerOf(key)));
    value(log.append(event('n1')));
    value(log.append(event('n2')));
    const head = log.head();
    expect(log.hasPrefix(head)).toBe(true);
    expect(log.hasPrefix({ size: 1, root: head.root })).toBe(false);
    const cut = tamper('DELETE FROM audit_entries WHERE position = 2');
    expect(cut.verify()).toMatchObject({ error: { code: 'integrity', details: { signed: 3, found: 2 } } });
    // Without the checkpoint too, only someone who remembers the head (the vault) can tell.
    store.close();
    const database = new DatabaseSync(join(root, 'nacre.db'));
    database.exec('DELETE FROM audit_checkpoints WHERE size = 3');
    database.close();
    const shortened = open();
    expect(shortened.verify(key.publicKey).ok).toBe(true);
    expect(shortened.hasPrefix(head)).toBe(false);
    expect(shortened.verify(other.publicKey)).toMatchObject({ error: { code: 'integrity' } });
    expect(shortened.attachSigner(signerOf(other))).toMatchObject({ error: { code: 'integrity' } });
  });

  it('signs every head while a key is there and catches up at the next unlock', () => {
    const log = open();
    expect(log.checkpoint()).toMatchObject({ error: { code: 'locked' } });
    value(log.append(event('before')));
    value(log.attachSigner(signerOf(key)));
    expect(value(openNote(value(log.checkpoint()), key.publicKey)).size).toBe(1);
    value(log.append(event('signed')));
    let locked = false;
    value(log.attachSigner({ ...signerOf(key), sign: (bytes) => (locked ? err('locked', 'x') : ok(key.sign(bytes))) }));
    locked = true;
    value(log.append(event('while locked')));
    expect(value(openNote(value(log.checkpoint()), key.publicKey)).size).toBe(2);
    expect(log.prove([2])).toMatchObject({ error: { code: 'locked' } });
    value(log.attachSigner(undefined));
    value(log.attachSigner(signerOf(key)));
    expect(value(openNote(value(log.checkpoint()), key.publicKey)).size).toBe(3);
    expect(value(log.prove([2])).proofs[0]?.entry.subject).toBe('while locked');
    expect(log.prove([3])).toMatchObject({ error: { code: 'not_found' } });
  });

  it('stops the act when the head cannot be signed, and forgets the entry', () => {
    const log = open();
    value(log.append(event('a')));
    value(log.attachSigner(signerOf(key)));
    const head = log.head();
    let broken = false;
    value(
      log.attachSigner({ ...signerOf(key), sign: (bytes) => (broken ? err('damaged', 'x') : ok(key.sign(bytes))) }),
    );
    broken = true;
    expect(log.append(event('b'))).toMatchObject({ error: { code: 'damaged' } });
    expect(log.head()).toEqual(head);
    broken = false;
    // An entry that its caller undid is gone from the tree as well.
    store.transaction(() => {
      value(log.append(event('undone')));
      return err('internal', 'no');
    });
    expect(value(log.append(event('b'))).index).toBe(1);
    expect(value(log.verify(key.publicKey)).size).toBe(2);
  });

  it('gives a pack proofs that stand alone; any change of them is refused', () => {
    const log = open();
    for (let index = 0; index < 13; index++) value(log.append(event(`n${index}`)));
    value(log.attachSigner(signerOf(key)));
    const bundle = value(log.prove([0, 5, 12]));
    const options = { publicKey: key.publicKey };
    expect(value(verifyAuditBundle(JSON.parse(JSON.stringify(bundle)), options)).entries.map((e) => e.subject)).toEqual(
      ['n0', 'n5', 'n12'],
    );
    expect(verifyAuditBundle(bundle, { publicKey: other.publicKey })).toMatchObject({ error: { code: 'integrity' } });
    const text = JSON.stringify(bundle);
    fc.assert(
      fc.property(fc.nat({ max: text.length - 1 }), fc.integer({ min: 33, max: 126 }), (position, code) => {
        const changed = text.slice(0, position) + String.fromCodePoint(code) + text.slice(position + 1);
        let parsed: unknown;
        try {
          parsed = JSON.parse(changed);
        } catch {
          return;
        }
        const result = verifyAuditBundle(parsed, options);
        // Only what means the same may pass.
        if (result.ok) expect(result.value.entries).toEqual(bundle.proofs.map((proof) => proof.entry));
        if (changed !== text && result.ok) expect(parsed).toEqual(bundle);
      }),
      { numRuns: 400 },
    );
  });

  it('proves that it only ever grew', () => {
    const log = open();
    for (let index = 0; index < 9; index++) value(log.append(event(`n${index}`)));
    const old = log.head();
    for (let index = 0; index < 8; index++) value(log.append(event(`m${index}`)));
    const now = log.head();
    const claim = {
      oldSize: old.size,
      newSize: now.size,
      oldRoot: hexToBytes(old.root),
      newRoot: hexToBytes(now.root),
      proof: value(log.consistency(old.size)).map(hexToBytes),
    };
    expect(verifyConsistency(claim)).toBe(true);
    expect(verifyConsistency({ ...claim, oldSize: 8 })).toBe(false);
    expect(log.consistency(99)).toMatchObject({ error: { code: 'not_found' } });
  });
});

describe('entries and notes', () => {
  it('have one text each', () => {
    const entry = { version: 1 as const, index: 0, at: '2026-11-22T10:00:00.000Z', ...event('x') };
    const text = value(encodeEntry(entry));
    expect(decodeEntry(text)).toEqual(ok(entry));
    expect(decodeEntry(` ${text}`)).toMatchObject({ error: { code: 'damaged' } });
    expect(decodeEntry(text.replace('"core"', '"core","extra":1'))).toMatchObject({ error: { code: 'damaged' } });
    fc.assert(fc.property(fc.string(), (junk) => !decodeEntry(junk).ok));
  });

  it('are read as C2SP notes, also beside a witness, and survive any text', () => {
    const head = { origin: 'nacre.audit/test', size: 3, root: new Uint8Array(32).fill(5) };
    const note = noteOf(head, key.publicKey, key.sign(new TextEncoder().encode(checkpointText(head))));
    expect(note).toMatch(/^nacre\.audit\/test\n3\n[\w+/]{43}=\n\n\u2014 nacre\.audit\/test [\w+/=]+\n$/);
    expect(openNote(note, key.publicKey)).toEqual(ok(head));
    const [text, signature] = note.split('\n\n');
    const witness = `\u2014 witness.example ${Buffer.alloc(68, 1).toString('base64')}`;
    expect(openNote(`${text}\n\n${witness}\n${signature}`, key.publicKey)).toEqual(ok(head));
    expect(openNote(note.replace('\n3\n', '\n4\n'), key.publicKey)).toMatchObject({ error: { code: 'integrity' } });
    expect(openNote(note.replace('\n3\n', '\n03\n'), key.publicKey)).toMatchObject({ error: { code: 'damaged' } });
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (junk) => !openNote(junk, key.publicKey).ok));
  });

  it('cannot be forged by a bundle of the wrong shape', () => {
    for (const junk of [
      null,
      1,
      {},
      { version: 1 },
      { version: 1, checkpoint: '', proofs: [] },
    ] as Partial<AuditBundle>[]) {
      expect(verifyAuditBundle(junk, { publicKey: key.publicKey }).ok).toBe(false);
    }
  });
});
