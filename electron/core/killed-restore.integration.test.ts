import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Core } from './types.ts';
import { openTestCore, secret, value } from './testing/harness.ts';

const program = join(import.meta.dirname, 'testing', 'restore-process.ts');
const old = 'correct horse battery staple';
const next = 'another set of words';

interface Act {
  readonly method: 'backup.restore' | 'shares.recover';
  readonly backup: string;
  readonly shares: readonly string[];
  readonly passphrase: string;
  readonly replace: boolean;
}

let root: string;
let desk: string;
let backup: string;
let shares: string[];
let keys: string[];

const keysOf = async (core: Core) => value(await core.invoke('keys.list', {})).map(({ publicKey }) => publicKey);

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'nacre-killed-restore-'));
  desk = join(root, 'desk');
  backup = join(root, 'desk.nacre');
  const kit = join(root, 'kit');
  const test = await openTestCore({ profile: desk });
  value(await test.core.invoke('vault.create', { passphrase: secret() }));
  const holders = ['Alice', 'Bob', 'the safe'];
  const made = { passphrase: secret(), folder: kit, textFiles: true, threshold: 2, holders };
  value(await test.core.invoke('shares.make', made));
  value(await test.core.invoke('backup.create', { passphrase: secret(), path: backup }));
  keys = await keysOf(test.core);
  await test.core.close();
  shares = readdirSync(kit)
    .filter((name) => name.endsWith('.txt'))
    .map((name) => /NACRE-SHARE-2[\s\S]*/.exec(readFileSync(join(kit, name), 'utf8'))?.[0] ?? '')
    .slice(0, 2);
}, 60_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

function run(act: Act, profile: string, states: string, killAt: number) {
  return spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', program, profile, states, `${killAt}`], {
    input: JSON.stringify(act),
    encoding: 'utf8',
    timeout: 60_000,
  });
}

async function recoverBy(core: Core, act: Act) {
  const given = act.shares.map((text) => ({ text }));
  if (act.method === 'shares.recover') return core.invoke('shares.recover', { shares: given, next: secret(next) });
  return core.invoke('backup.restore', {
    path: act.backup,
    with: given.length === 0 ? { passphrase: secret(act.passphrase) } : { shares: given, next: secret(next) },
    replace: act.replace,
  });
}

/** Opens what a killed process left. The vault opens, or the act is done once more and then it does; keys are all there. */
async function comesBack(profile: string, act: Act): Promise<string> {
  const { core } = await openTestCore({ profile });
  try {
    const open = async () => {
      for (const passphrase of [act.passphrase, old]) {
        const unlocked = await core.invoke('vault.unlock', { passphrase: secret(passphrase) });
        if (unlocked.ok) return true;
        // Damaged only where a damaged vault still lies that was to be replaced.
        const expected = act.replace ? ['wrong_passphrase', 'damaged', 'not_found'] : ['wrong_passphrase', 'not_found'];
        expect(expected).toContain(unlocked.error.code);
      }
      return false;
    };
    const before = await open();
    if (!before) {
      value(await recoverBy(core, act));
      expect(await open()).toBe(true);
    }
    expect(await keysOf(core)).toEqual(keys);
    expect(value(await core.invoke('audit.verify', {})).whole).toBe(true);
    return before ? 'opened' : 'done again';
  } finally {
    await core.close();
  }
}

describe('a restore whose process is killed at any write', () => {
  const acts: [string, (profile: string) => Act][] = [
    [
      'from a backup by its passphrase, on a new machine',
      () => ({ method: 'backup.restore', backup, shares: [], passphrase: old, replace: false }),
    ],
    [
      'from a backup by shares, on a new machine',
      () => ({ method: 'backup.restore', backup, shares, passphrase: next, replace: false }),
    ],
    [
      'from a backup, over a damaged vault',
      (profile) => {
        cpSync(desk, profile, { recursive: true });
        writeFileSync(join(profile, 'vault.db'), 'rubbish'.repeat(1000));
        rmSync(join(profile, 'vault.db.sha256'), { force: true });
        return { method: 'backup.restore', backup, shares: [], passphrase: old, replace: true };
      },
    ],
    [
      'of the passphrase by shares alone',
      (profile) => {
        cpSync(desk, profile, { recursive: true });
        return { method: 'shares.recover', backup: '', shares, passphrase: next, replace: false };
      },
    ],
  ];

  it.each(acts)(
    '%s: leaves a profile that opens, or that can be restored again',
    async (name, prepare) => {
      const folder = mkdtempSync(join(root, 'act-'));
      const [profile, states, start] = ['profile', 'states', 'start'].map((part) => join(folder, part)) as [
        string,
        string,
        string,
      ];
      mkdirSync(profile);
      mkdirSync(states);
      const act = prepare(profile);
      cpSync(profile, start, { recursive: true });
      const done = run(act, profile, states, 0);
      expect(done.stderr).toBe('');
      const { states: count } = JSON.parse(done.stdout) as { states: number };
      expect(count).toBeGreaterThan(3);
      const outcomes = new Map<string, number>();
      for (let state = 0; state < count; state += 1) {
        const outcome = await comesBack(join(states, String(state)), act);
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }
      expect(outcomes.get('opened'), `the last state of "${name}" is open`).toBeGreaterThan(0);
      // The kept states are what a kill leaves: the same once more with real ones.
      for (const killAt of [2, Math.ceil(count / 2), count]) {
        const victim = mkdtempSync(join(folder, 'victim-'));
        cpSync(start, victim, { recursive: true });
        expect(run(act, victim, states, killAt).signal).toBe('SIGKILL');
        await comesBack(victim, act);
      }
    },
    180_000,
  );
});
