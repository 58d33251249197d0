import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openVault, valueOf, type OpenVault } from './testing/vault-fixture.ts';

const passphrase = 'four random words here';

let root: string;
let opened: OpenVault[];
const open = (): OpenVault => {
  const vault = openVault(root);
  opened.push(vault);
  return vault;
};
const files = ['vault.db', 'nacre.db'] as const;
const keep = (name: string, only: readonly string[] = files) => {
  for (const file of only) copyFileSync(join(root, file), join(root, `${file}.${name}`));
};
const putBack = (name: string, only: readonly string[]) => {
  for (const file of only) {
    for (const suffix of ['.sha256', '-wal', '-shm']) rmSync(join(root, `${file}${suffix}`), { force: true });
    copyFileSync(join(root, `${file}.${name}`), join(root, file));
  }
};
const session = async () => {
  const one = open();
  valueOf(
    one.vault.state().state === 'absent' ? await one.vault.create(passphrase) : await one.vault.unlock(passphrase),
  );
  valueOf(one.vault.secrets.put('s', new Uint8Array([1])));
  one.close();
};
/** Changes an entry as somebody with the file would: the guards do not stop who can drop them. */
const forge = () => {
  const database = new DatabaseSync(join(root, 'nacre.db'));
  database.exec(
    `DROP TRIGGER audit_keep; UPDATE audit_entries SET json = replace(json, 'vault-created', 'vault-unlocked') WHERE position = 0;`,
  );
  database.close();
};

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nacre-moments-'));
  opened = [];
});
afterEach(() => {
  for (const vault of opened) vault.close();
  rmSync(root, { recursive: true, force: true });
});

describe('vault and log of different moments', () => {
  it('are told apart: an older vault beside a newer log, and the reverse', async () => {
    await session();
    keep('old');
    await session();
    keep('new');
    putBack('old', ['vault.db']);
    const first = open();
    expect(await first.vault.unlock(passphrase)).toMatchObject({
      error: { code: 'integrity', message: 'The vault is an older copy: it was locked 1 times, the audit log says 2.' },
    });
    first.close();
    putBack('new', ['vault.db']);
    putBack('old', ['nacre.db']);
    const second = open();
    expect(await second.vault.unlock(passphrase)).toMatchObject({ error: { code: 'integrity' } });
    second.close();
    putBack('new', files);
    const third = open();
    valueOf(await third.vault.unlock(passphrase));
    third.close();
    // Both of one older moment are consistent: nothing inside the profile can tell.
    putBack('old', files);
    valueOf(await open().vault.unlock(passphrase));
  });
});

describe('a log that somebody changed', () => {
  it('keeps the vault locked until it is set aside; it stays in the store and the new one names it', async () => {
    await session();
    forge();
    const one = open();
    expect(await one.vault.unlock(passphrase)).toMatchObject({ error: { code: 'integrity' } });
    expect(await one.vault.setAsideLog('wrong words here')).toMatchObject({ ok: false });
    const { root: oldRoot, size } = one.audit.head();
    valueOf(await one.vault.setAsideLog(passphrase));
    const entries = valueOf(one.audit.list({ after: -1, limit: 10 })).map(({ entry }) => entry);
    expect(entries.map(({ kind }) => kind)).toEqual(['log-set-aside', 'vault-unlocked']);
    expect(entries[0]).toMatchObject({
      subject: 'audit_entries_1',
      details: { oldSize: size, oldRoot, damage: 'Audit entry 0 was changed after it was written.' },
    });
    valueOf(one.vault.keys.signWith('job-order', ({ sign }) => sign(new Uint8Array(3))));
    one.close();
    const database = new DatabaseSync(join(root, 'nacre.db'), { readOnly: true });
    expect(database.prepare('SELECT count(*) AS n FROM audit_entries_1').get()?.['n']).toBe(size);
    database.close();
    const writer = new DatabaseSync(join(root, 'nacre.db'));
    for (const table of ['audit_entries_1', 'audit_entries']) {
      expect(() => writer.exec(`DELETE FROM ${table}`)).toThrow('append-only');
      expect(() => writer.exec(`UPDATE ${table} SET json = ''`)).toThrow('append-only');
    }
    writer.close();
    const again = open();
    valueOf(await again.vault.unlock(passphrase));
    const { publicKey } = valueOf(again.vault.keys.signer('audit'));
    expect(valueOf(again.audit.verify(publicKey)).size).toBeGreaterThan(3);
    again.vault.lock('asked');
    expect(await again.vault.setAsideLog(passphrase)).toMatchObject({ error: { code: 'wrong_state' } });
    again.close();
    // A second time: the kept logs do not collide.
    const database2 = new DatabaseSync(join(root, 'nacre.db'));
    database2.exec(`DROP TRIGGER audit_keep; UPDATE audit_entries SET json = '{}' WHERE position = 1;`);
    database2.close();
    const last = open();
    valueOf(await last.vault.setAsideLog(passphrase));
    expect(valueOf(last.audit.list({ after: -1, limit: 1 }))[0]?.entry.subject).toBe('audit_entries_2');
  });
});
