import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Result } from '../../contract/result.ts';
import { encodeHeader } from '../../domain/sealed/header.ts';
import { parseRecipient } from '../../domain/sealed/recipients.ts';
import { systemRandom } from '../../services/vault/system-random.ts';
import { openVault } from '../../services/vault/testing/vault-fixture.ts';
import type { DatasetRecord } from '../../services/datasets/dataset-record.ts';
import { createStores } from '../stores.ts';
import { openStore } from '../../services/store/store.ts';
import { openTestCore, secret, taskEnd, value } from './harness.ts';

/** Milliseconds of each round, and what they were measured over. */
export interface Measured {
  readonly count: number;
  readonly milliseconds: Readonly<Record<string, readonly number[]>>;
}

const searchesPerRound = 20;

const timed = (work: () => unknown): number => {
  const began = performance.now();
  work();
  return Math.round((performance.now() - began) * 100) / 100;
};
const need = <T>(result: Result<T>): T => value(result);

/** A vault with many keys: how long listing, searching and opening it take. Cheap derivation: that is measured apart. */
export async function measureRecords(directory: string, count: number, rounds: number): Promise<Measured> {
  mkdirSync(directory, { recursive: true });
  const { vault, close } = openVault(directory, { autoLockMs: 2 ** 31 - 1 });
  const milliseconds: Record<string, number[]> = { unlock: [] };
  const queries: Readonly<Record<string, { text?: string; limit?: number }>> = {
    list: { limit: 1000 },
    'search, one record': { text: `wallet ${count - 1} `, limit: 1000 },
    'search, part of a word in many': { text: 'llet 7', limit: 1000 },
    'search, no record': { text: 'no key has this name' },
  };
  try {
    need(await vault.create(secret()));
    need(
      vault.keys.createMany({ purpose: 'wallet', label: (index) => `Wallet ${index} of team ${index % 97}` }, count),
    );
    for (let round = 0; round < rounds; round++) {
      need(vault.lock('asked'));
      const began = performance.now();
      need(await vault.unlock(secret()));
      milliseconds['unlock']?.push(Math.round(performance.now() - began));
      // The first search after an unlock counts too: nothing is warmed up for it.
      for (let turn = 0; turn < searchesPerRound; turn++) {
        for (const [name, query] of Object.entries(queries)) {
          (milliseconds[name] ??= []).push(timed(() => need(vault.keys.list(query))));
        }
      }
    }
  } finally {
    close();
  }
  return { count, milliseconds };
}

/** A rotation of the dataset recipient over many datasets, each with a header of its own, through the whole core. */
export async function measureRewrap(profile: string, count: number): Promise<Measured & { perSecond: number }> {
  mkdirSync(profile, { recursive: true });
  const first = await openTestCore({ profile });
  need(await first.core.invoke('vault.create', { passphrase: secret() }));
  const [key] = need(await first.core.invoke('keys.list', { purpose: 'dataset-recipient' }));
  await first.core.close();
  fill(profile, count, key?.publicKey ?? '');
  const second = await openTestCore({ profile });
  try {
    need(await second.core.invoke('vault.unlock', { passphrase: secret() }));
    const began = performance.now();
    const rotated = need(
      await second.core.invoke('keys.rotate', { passphrase: secret(), purpose: 'dataset-recipient' }),
    );
    const task = rotated.task === undefined ? undefined : await taskEnd(second.core, rotated.task, 600_000);
    if (task?.state !== 'succeeded') throw new Error(task?.error?.message ?? 'no task');
    const took = Math.round(performance.now() - began);
    return { count, milliseconds: { rewrap: [took] }, perSecond: Math.round((count / took) * 1000) };
  } finally {
    await second.core.close();
  }
}

function fill(profile: string, count: number, recipientText: string): void {
  const random = systemRandom;
  const recipient = need(parseRecipient(recipientText));
  const store = need(openStore({ directory: profile, clock: Date.now, pid: process.pid }));
  const folder = join(profile, 'datasets');
  mkdirSync(folder, { recursive: true });
  const records: DatasetRecord[] = [];
  for (let index = 0; index < count; index++) {
    const id = `data-${index}`;
    const fileKey = random(16);
    const sealedPath = join(folder, `${id}.age`);
    // Only the header is read by a rewrap; the payload stands for any amount of sealed bytes.
    writeFileSync(sealedPath, Buffer.concat([encodeHeader([recipient.wrap(fileKey, random)], fileKey), random(64)]));
    records.push({
      version: 1,
      view: {
        id,
        name: `Dataset ${index}`,
        sourcePath: '',
        sealedPath,
        plainBytes: 1,
        sealedBytes: 300,
        parts: 1,
        partSize: 65_536,
        root: '0'.repeat(64),
        recipients: [recipientText],
        sealedAt: new Date().toISOString(),
      },
      manifest: {
        payloadType: 'application/vnd.nacre.manifest+json',
        payload: 'e30=',
        signatures: [{ keyid: 'an older key', sig: 'AA==' }],
      },
    });
  }
  need(createStores(store, () => undefined).datasets.putAll(records));
  store.close();
}
