import { argon2 as nodeArgon2, createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { argon2idAsync } from '@noble/hashes/argon2.js';
import { createCore } from '../../core/create-core.ts';
import type { Core } from '../../core/types.ts';
import { measureRecords, measureRewrap } from '../../core/testing/vault-load.ts';
import { kdfDefault } from '../../contract/vault.ts';

const passphrase = 'correct horse battery staple';

/**
 * Unlocking at the default cost beside the same Argon2id parameters in OpenSSL (node:crypto) and in @noble/hashes, turn
 * about in every round of one run; a list and search over many records; and the rewrap of many datasets.
 *
 *     npm run -s bench -- vault [--rounds 5] [--records 100000] [--datasets 10000] [--slow-peer] [--only unlock|records|rewrap]
 */
export async function run(): Promise<unknown> {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: {
      rounds: { type: 'string', default: '5' },
      records: { type: 'string', default: '100000' },
      datasets: { type: 'string', default: '10000' },
      only: { type: 'string' },
      'slow-peer': { type: 'boolean', default: false },
    },
  });
  const folder = mkdtempSync(path.join(tmpdir(), 'nacre-bench-vault-'));
  try {
    const only = (name: string) => values.only === undefined || values.only === name;
    const rounds = Number(values.rounds);
    const records = only('records')
      ? await measureRecords(path.join(folder, 'records'), Number(values.records), rounds)
      : undefined;
    return {
      machine: { cpu: cpus()[0]?.model ?? 'unknown', threads: availableParallelism(), node: process.version },
      ...(only('unlock')
        ? { unlock: await measureUnlock(path.join(folder, 'unlock'), rounds, values['slow-peer']) }
        : {}),
      ...(records === undefined
        ? {}
        : { records: { count: records.count, milliseconds: spreads(records.milliseconds) } }),
      ...(only('rewrap') ? { rewrap: await measureRewrap(path.join(folder, 'rewrap'), Number(values.datasets)) } : {}),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
  readonly samples: number;
}

function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (place: number) => sorted[place] ?? Number.NaN;
  return { median: at(sorted.length >> 1), least: at(0), most: at(sorted.length - 1), samples: sorted.length };
}

const spreads = (figures: Readonly<Record<string, readonly number[]>>): Record<string, Spread> =>
  Object.fromEntries(Object.entries(figures).map(([name, values]) => [name, spread(values)]));

/** Whole unlocks and their peers, turn about. */
async function measureUnlock(profile: string, rounds: number, slowPeer: boolean): Promise<unknown> {
  const opened = await createCore({ profile, host: 'test' });
  if (!opened.ok) throw new Error(opened.error.message);
  const core = opened.value;
  const derive = promisify(nodeArgon2);
  const salt = createHash('sha256').update('salt').digest().subarray(0, 16);
  const { memoryKib, passes } = kdfDefault;
  const peers: Record<string, () => Promise<unknown>> = {
    'nacre, whole unlock': () => unlock(core),
    'node:crypto (OpenSSL)': () =>
      derive('argon2id', {
        message: passphrase,
        nonce: salt,
        parallelism: 1,
        tagLength: 32,
        memory: memoryKib,
        passes,
      }),
    ...(slowPeer
      ? { '@noble/hashes': () => argon2idAsync(passphrase, salt, { t: passes, m: memoryKib, p: 1, dkLen: 32 }) }
      : {}),
  };
  const figures: Record<string, number[]> = {};
  try {
    const made = await core.invoke('vault.create', { passphrase: new TextEncoder().encode(passphrase) });
    if (!made.ok) throw new Error(made.error.message);
    const names = Object.keys(peers);
    for (let round = 0; round < rounds; round++) {
      for (const name of round % 2 === 0 ? names : names.toReversed()) {
        await core.invoke('vault.lock', {});
        const began = performance.now();
        await peers[name]?.();
        (figures[name] ??= []).push(Math.round(performance.now() - began));
      }
    }
  } finally {
    await core.close();
  }
  const ours = figures['nacre, whole unlock'] ?? [];
  const peer = figures['node:crypto (OpenSSL)'] ?? [];
  return {
    cost: { memoryMib: memoryKib / 1024, passes, lanes: 1 },
    milliseconds: spreads(figures),
    // Of the two neighbours of each round, so that a slow moment of the machine falls on both.
    ratioToOpenSsl: spread(ours.map((took, round) => Math.round((took / (peer[round] ?? Number.NaN)) * 100) / 100)),
  };
}

async function unlock(core: Core): Promise<void> {
  const unlocked = await core.invoke('vault.unlock', { passphrase: new TextEncoder().encode(passphrase) });
  if (!unlocked.ok) throw new Error(unlocked.error.message);
}
