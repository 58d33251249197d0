import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ok } from '../../contract/result.ts';
import { openVault, valueOf, type OpenVault } from './testing/vault-fixture.ts';
import { openVaultFile } from './vault-file.ts';

const passphrase = 'four random words here';
const other = 'another set of words';
const program = join(import.meta.dirname, 'testing', 'vault-process.ts');

let root: string;
let master: string;
let backup: string;
// Many rounds of a process each: slow where the machine is shared.
const patience = 120_000;
const processes: ChildProcessWithoutNullStreams[] = [];

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'nacre-damage-'));
  master = join(root, 'master');
  mkdirSync(master);
  const made = openVault(master);
  valueOf(await made.vault.create(passphrase));
  for (let index = 0; index < 12; index++) {
    valueOf(made.vault.secrets.put(`s${index}`, new Uint8Array(700).fill(index), { number: String(index) }));
  }
  valueOf(made.vault.secrets.delete('s5'));
  // A header with every kind of slot that needs no device.
  valueOf(await made.vault.paths.addPassphrase(passphrase, other, 'the second'));
  const noPages = { takeBack: async () => undefined };
  const rule = { threshold: 2, holders: ['Alice', 'Bob', 'the safe'] };
  valueOf(await made.vault.recovery.makeShares(passphrase, rule, async () => ({ ok: true, value: noPages })));
  backup = join(root, 'master.nacre');
  const input = { path: backup, offline: false, logHead: made.audit.head, collect: () => ok(new Uint8Array(3)) };
  valueOf(await made.vault.recovery.backups.create(passphrase, input));
  made.close();
  const file = valueOf(openVaultFile(join(master, 'vault.db'), { readOnly: true }));
  expect(JSON.parse(valueOf(file.readHeader()))).toMatchObject({ version: 2 });
  file.close();
});
afterAll(() => {
  for (const process of processes) process.kill('SIGKILL');
  rmSync(root, { recursive: true, force: true });
});

/** Opens a copy of the vault after `change` and says how it went: whole, or which error named what. */
async function tryWith(
  change: (directory: string) => void,
  afterwards: 'restored' | 'left' = 'left',
): Promise<{ outcome: string; message: string; place: unknown }> {
  const directory = mkdtempSync(join(root, 'copy-'));
  for (const name of ['vault.db', 'vault.db.sha256', 'nacre.db'])
    copyFileSync(join(master, name), join(directory, name));
  change(directory);
  const opened = openVault(directory);
  try {
    const unlocked = await opened.vault.unlock(passphrase);
    if (!unlocked.ok && afterwards === 'restored') {
      const how = { replace: true, apply: () => ok(null), applyCopy: () => ok(null) };
      valueOf(await opened.vault.recovery.backups.restore(backup, { passphrase }, how));
      valueOf(await opened.vault.unlock(passphrase));
      expect(contentOf(opened)).toBe(11);
    }
    if (unlocked.ok) return { outcome: 'whole', message: String(contentOf(opened)), place: undefined };
    const { code, message, details } = unlocked.error;
    return { outcome: code, message, place: details?.['place'] };
  } finally {
    opened.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Number of secrets, each of which is what was put there. */
function contentOf({ vault }: OpenVault): number {
  const names = valueOf(vault.secrets.list());
  for (const id of names) {
    const { secret, facts } = valueOf(vault.secrets.get(id));
    expect(secret).toEqual(new Uint8Array(700).fill(Number(facts['number'])));
  }
  return names.length;
}

const flipByte = (path: string, position: number, flip: number) => {
  const bytes = readFileSync(path);
  bytes[position] = (bytes[position] ?? 0) ^ flip;
  writeFileSync(path, bytes);
};
const alter = (directory: string, sql: string) => {
  const database = new DatabaseSync(join(directory, 'vault.db'));
  database.exec(sql);
  database.close();
  rmSync(join(directory, 'vault.db.sha256'));
};

describe('a damaged vault', () => {
  it('is whole when nothing happened to it', async () => {
    expect(await tryWith(() => undefined)).toMatchObject({ outcome: 'whole', message: '11' });
  });

  it(
    'is found and named for a change of any single byte, and a backup brings it back',
    async () => {
      const size = readFileSync(join(master, 'vault.db')).length;
      const places = ['header', 'records', 'index', 'file'];
      const seen = new Set<string>();
      await fc.assert(
        fc.asyncProperty(fc.nat({ max: size - 1 }), fc.integer({ min: 1, max: 255 }), async (position, flip) => {
          const found = await tryWith((directory) => flipByte(join(directory, 'vault.db'), position, flip), 'restored');
          seen.add(String(found.place));
          // A version number that became larger reads as a newer format; everything else is damage.
          if (found.outcome === 'wrong_state') expect(found.message).toContain('newer');
          else {
            expect(found.outcome).toBe('damaged');
            // Where SQLite itself cannot read on, what is named is the file.
            if (found.place === undefined) expect(found.message).toContain('vault.db');
            else expect(places, found.message).toContain(found.place);
          }
        }),
        { numRuns: 80 },
      );
      expect(seen.size, 'more than one kind of damage was met').toBeGreaterThan(1);
    },
    patience,
  );

  it(
    'never gives wrong content and never crashes, also without the checksum of a clean lock',
    async () => {
      const size = readFileSync(join(master, 'vault.db')).length;
      const outcomes = new Set<string>();
      await fc.assert(
        fc.asyncProperty(fc.nat({ max: size - 1 }), fc.integer({ min: 1, max: 255 }), async (position, flip) => {
          const found = await tryWith((directory) => {
            rmSync(join(directory, 'vault.db.sha256'));
            flipByte(join(directory, 'vault.db'), position, flip);
          });
          outcomes.add(found.outcome);
          expect(['whole', 'damaged', 'wrong_state']).toContain(found.outcome);
          if (found.outcome === 'whole') expect(found.message).toBe('11');
        }),
        { numRuns: 150 },
      );
      expect(outcomes).toContain('damaged');
    },
    patience,
  );

  it('names what is damaged: header, record, missing record, swapped or older record', async () => {
    const header = await tryWith((directory) =>
      alter(directory, `UPDATE header SET json = replace(json, '"passes":1', '"passes":2')`),
    );
    expect(header).toMatchObject({ outcome: 'damaged', place: 'header', message: expect.stringContaining('checksum') });
    const box = `UPDATE records SET box = zeroblob(length(box)) WHERE id = `;
    expect(await tryWith((directory) => alter(directory, `${box}'secret/s3'`))).toMatchObject({
      outcome: 'damaged',
      place: 'records',
      message: 'Damaged in the vault: record "secret/s3".',
    });
    expect(await tryWith((directory) => alter(directory, `${box}'secret/s3'; ${box}'key/dataset'`))).toMatchObject({
      message: 'Damaged in the vault: records "key/dataset", "secret/s3".',
    });
    expect(await tryWith((directory) => alter(directory, `DELETE FROM records WHERE id = 'secret/s3'`))).toMatchObject({
      outcome: 'damaged',
      place: 'index',
    });
    expect(
      await tryWith((directory) =>
        alter(
          directory,
          `CREATE TEMP TABLE t AS SELECT * FROM records WHERE id = 'secret/s3';
           UPDATE records SET (nonce, box) = (SELECT nonce, box FROM temp.t) WHERE id = 'secret/s4'`,
        ),
      ),
    ).toMatchObject({ place: 'records', message: expect.stringContaining('secret/s4') });
    expect(await tryWith((directory) => alter(directory, `DELETE FROM header`))).toMatchObject({ outcome: 'damaged' });
    expect(await tryWith((directory) => alter(directory, `DROP TABLE records`))).toMatchObject({ outcome: 'damaged' });
    expect(await tryWith((directory) => writeFileSync(join(directory, 'vault.db'), ''))).toMatchObject({
      outcome: 'damaged',
    });
    expect(
      await tryWith((directory) =>
        writeFileSync(join(directory, 'vault.db'), readFileSync(join(master, 'vault.db')).subarray(0, 9000)),
      ),
    ).toMatchObject({ outcome: 'damaged' });
  });

  it('is told from one whose record was put back from an older copy', async () => {
    const directory = mkdtempSync(join(root, 'older-'));
    for (const name of ['vault.db', 'nacre.db']) copyFileSync(join(master, name), join(directory, name));
    const opened = openVault(directory);
    valueOf(await opened.vault.unlock(passphrase));
    valueOf(opened.vault.secrets.put('s3', new Uint8Array(700).fill(99)));
    opened.close();
    const database = new DatabaseSync(join(directory, 'vault.db'));
    database.exec(`ATTACH '${join(master, 'vault.db')}' AS old;
      UPDATE main.records SET (nonce, box) = (SELECT nonce, box FROM old.records WHERE id = 'secret/s3') WHERE id = 'secret/s3'`);
    database.close();
    rmSync(join(directory, 'vault.db.sha256'));
    const again = openVault(directory);
    expect(await again.vault.unlock(passphrase)).toMatchObject({
      error: { code: 'damaged', details: { place: 'index' } },
    });
    again.close();
  });
});

describe('a vault whose process is killed', () => {
  it(
    'opens afterwards with everything that was acknowledged',
    async () => {
      const directory = join(root, 'killed');
      mkdirSync(directory);
      let secrets = -1;
      let rounds = 0;
      // Killed by progress and not by time, so that a busy machine tests as much as an idle one.
      for (const [round, steps] of [1, 2, 3, 5, 7, 9, 11, 13].entries()) {
        const child = spawn(process.execPath, [program, directory, passphrase, other]);
        processes.push(child);
        const lines = createInterface({ input: child.stdout });
        await new Promise<void>((resolve, reject) => {
          let seen = 0;
          lines.on('line', (line) => {
            const said = JSON.parse(line) as { secret?: number; error?: unknown };
            if (said.error !== undefined) reject(new Error(line));
            secrets = Math.max(secrets, said.secret ?? -1);
            seen += 1;
            if (seen === steps) resolve();
          });
          lines.on('close', () => reject(new Error('the process ended by itself')));
        });
        await new Promise((resolve) => setTimeout(resolve, round / 2));
        child.kill('SIGKILL');
        await once(child, 'close');
        const opened = openVault(directory);
        const first = await opened.vault.unlock(passphrase);
        if (!first.ok) expect(first.error.code).toBe('wrong_passphrase');
        // A passphrase change is either done or not: one of the two opens it.
        if (!first.ok) valueOf(await opened.vault.unlock(other));
        for (let number = 0; number <= secrets; number++) {
          expect(valueOf(opened.vault.secrets.get(`s${number}`)).secret[0]).toBe(number % 256);
        }
        opened.close();
        rounds += 1;
      }
      expect(rounds).toBe(8);
      expect(secrets).toBeGreaterThan(10);
    },
    patience,
  );

  it(
    'is absent or whole when it was killed while being made',
    async () => {
      for (const delay of [60, 90, 110, 130, 150, 170, 190, 220]) {
        const directory = mkdtempSync(join(root, 'born-'));
        const child = spawn(process.execPath, [program, directory, passphrase]);
        processes.push(child);
        await new Promise((resolve) => setTimeout(resolve, delay));
        child.kill('SIGKILL');
        await once(child, 'close');
        const opened = openVault(directory);
        const { state } = opened.vault.state();
        expect(['absent', 'locked']).toContain(state);
        valueOf(state === 'absent' ? await opened.vault.create(passphrase) : await opened.vault.unlock(passphrase));
        opened.close();
      }
    },
    patience,
  );
});
