import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTestCore, secret, taskEnd, value, type TestCore } from '../testing/harness.ts';

let test: TestCore;
beforeEach(async () => {
  test = await openTestCore();
  value(await test.core.invoke('vault.create', { passphrase: secret() }));
});
afterEach(() => test.end());

const seal = async (name: string) => {
  const path = join(test.profile, `${name}.csv`);
  writeFileSync(path, `a,b,class\n${'1,2,x\n3,4,y\n'.repeat(20)}`);
  const task = await taskEnd(test.core, value(await test.core.invoke('datasets.seal', { path, name })));
  expect(task.state).toBe('succeeded');
  return value(await test.core.invoke('datasets.list', {})).find((dataset) => dataset.name === name);
};

describe('rotation with datasets', () => {
  it('rewraps them, signs their manifests again, and a revocation knows what it touches', async () => {
    const { core } = test;
    const dataset = await seal('one');
    const bytes = readFileSync(dataset?.sealedPath ?? '');
    const effects = value(await core.invoke('keys.effects', { id: 'key/dataset' }));
    expect(effects.datasets).toEqual([{ id: dataset?.id, name: 'one' }]);
    for (const purpose of ['signing', 'dataset-recipient'] as const) {
      const rotated = value(await core.invoke('keys.rotate', { passphrase: secret(), purpose }));
      const task = rotated.task === undefined ? undefined : await taskEnd(core, rotated.task);
      expect(task).toMatchObject({ kind: 'rewrap', state: 'succeeded' });
    }
    const [after] = value(await core.invoke('datasets.list', {}));
    const [active] = value(await core.invoke('keys.list', { purpose: 'dataset-recipient' })).filter(
      ({ state }) => state === 'active',
    );
    expect(after?.recipients).toEqual([active?.publicKey]);
    expect(readFileSync(dataset?.sealedPath ?? '').equals(bytes)).toBe(true);
    expect(value(await core.invoke('datasets.verify', { id: dataset?.id ?? '' })).whole).toBe(true);
    const missed = await core.invoke('keys.revoke', {
      passphrase: secret('wrong words'),
      id: 'key/organisation',
      reason: 'x',
    });
    expect(missed).toMatchObject({ error: { code: 'wrong_passphrase' } });
    for (const id of ['key/organisation', 'key/dataset']) {
      value(await core.invoke('keys.revoke', { passphrase: secret(), id, reason: 'rotated' }));
    }
    // The manifest is signed by the new key: it is believed without the revoked one.
    expect(value(await core.invoke('datasets.verify', { id: dataset?.id ?? '' })).whole).toBe(true);
    expect(value(await core.invoke('audit.verify', {})).whole).toBe(true);
    expect(test.troubles).toEqual([]);
  });

  it('refuses to revoke a key that a dataset still needs, unless it may be lost', async () => {
    const { core } = test;
    const dataset = await seal('one');
    await seal('two');
    // Its header cannot be read, so it stays with the old key.
    writeFileSync(dataset?.sealedPath ?? '', 'no age file');
    const rotated = value(await core.invoke('keys.rotate', { passphrase: secret(), purpose: 'dataset-recipient' }));
    const task = rotated.task === undefined ? undefined : await taskEnd(core, rotated.task);
    expect(task).toMatchObject({ state: 'failed', error: { message: expect.stringContaining('1 of 2 datasets') } });
    const wanted = { passphrase: secret(), id: 'key/dataset', reason: 'lost laptop' };
    expect(await core.invoke('keys.revoke', wanted)).toMatchObject({
      error: { code: 'wrong_state', details: { datasets: [dataset?.id] } },
    });
    const revoked = value(await core.invoke('keys.revoke', { ...wanted, passphrase: secret(), evenIfNeeded: true }));
    expect(revoked).toMatchObject({
      key: { state: 'revoked', reason: 'lost laptop' },
      datasets: [{ id: dataset?.id }],
    });
  });
});

describe('the ledger', () => {
  it('is filtered by kind, key, job and time, and exported with proofs', async () => {
    const { core, profile } = test;
    await seal('one');
    const list = async (filter: object) =>
      value(await core.invoke('audit.list', { after: -1, limit: 1000, ...filter })).entries.map(({ kind }) => kind);
    expect(await list({ kinds: ['dataset-sealed'] })).toEqual(['dataset-sealed']);
    const used = await list({ key: 'key/organisation' });
    expect(used.length).toBeGreaterThan(0);
    expect(new Set(used)).toEqual(new Set(['key-used']));
    expect(await list({ job: 'no such job' })).toEqual([]);
    expect(await list({ until: '2000-01-01T00:00:00Z' })).toEqual([]);
    expect(await list({ since: '2000-01-01T00:00:00Z' })).toEqual(await list({}));
    const path = join(profile, 'ledger.json');
    const written = value(await core.invoke('audit.export', { path, kinds: ['vault-created', 'dataset-sealed'] }));
    expect(written.entries).toBe(2);
    const bundle = JSON.parse(readFileSync(path, 'utf8')) as { proofs: unknown[]; checkpoint: string };
    expect(bundle.proofs).toHaveLength(2);
    expect(await core.invoke('audit.export', { path })).toMatchObject({ error: { code: 'already_exists' } });
  });
});
