import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Policy } from '../../contract/policy.ts';
import type { Core } from '../types.ts';
import {
  openReadyCore,
  openTestCore,
  secret,
  startTestNetwork,
  taskEnd,
  value,
  type TestCore,
  type TestNetwork,
} from '../testing/harness.ts';

let network: TestNetwork;
let test: TestCore;
let builtin: Policy;

beforeAll(async () => {
  network = await startTestNetwork();
  test = await openReadyCore(network);
  builtin = value(await test.core.invoke('policies.list', {}))[0]?.policy as Policy;
}, 60_000);
afterAll(async () => {
  await test.end();
  await network.stop();
});

const text = (policy: unknown) => JSON.stringify(policy, null, 2);
const mine = (change: Partial<Policy> = {}): Policy => ({ ...builtin, id: 'mine', name: 'Mine', ...change });
const save = (core: Core, policy: unknown, basis: number, note = '') =>
  core.invoke('policies.save', { text: text(policy), basis, note });
const code = async (result: Promise<{ ok: boolean; error?: { code: string } }>) => (await result).error?.code;
const policyEntries = async (core: Core) =>
  value(await core.invoke('audit.list', { after: -1, limit: 500 })).entries.filter(
    ({ kind }) => kind === 'policy-changed',
  );

describe('policies of a desk', () => {
  it('are kept in signed, logged versions that make one chain', async () => {
    const { core } = test;
    const first = value(await save(core, mine(), 0, 'from the local one'));
    expect(first).toMatchObject({ number: 1, builtin: false, retired: false });
    const second = value(await save(core, mine({ evidenceMaxAgeSeconds: 60 }), 1, 'fresher'));
    expect(second).toMatchObject({ number: 2 });
    const history = value(await core.invoke('policies.history', { id: 'mine' }));
    expect(history.map(({ number, note }) => [number, note])).toEqual([
      [2, 'fresher'],
      [1, 'from the local one'],
    ]);
    expect(history[0]).toMatchObject({ previous: history[1]?.documentSha256, digest: second.digest });
    expect(history[0]?.changes).toMatchObject([{ place: 'evidenceMaxAgeSeconds', effect: 'stricter' }]);
    const logged = (await policyEntries(core)).filter(({ subject }) => subject === 'mine');
    expect(logged.map(({ details }) => details['document'])).toEqual(
      history.map((one) => one.documentSha256).toReversed(),
    );
  });

  it('are not changed on an old version, by a copy of the newest, or under a reserved or bad id', async () => {
    const { core } = test;
    expect(await code(save(core, mine({ evidenceMaxAgeSeconds: 90 }), 1))).toBe('wrong_state');
    expect(await code(save(core, mine({ evidenceMaxAgeSeconds: 60 }), 2))).toBe('invalid_input');
    expect(await code(save(core, mine({ id: 'local-network' }), 0))).toBe('wrong_state');
    expect(await code(save(core, mine({ id: 'default' }), 0))).toBe('wrong_state');
    expect(await code(save(core, mine({ id: '../up' }), 0))).toBe('invalid_input');
    const bad = await save(core, { ...mine({ id: 'bad' }), acceptDebug: true }, 0);
    expect(bad.ok ? '' : bad.error.message).toMatch(
      /Line \d+, column \d+: acceptDebug: There is no field "acceptDebug"/,
    );
    expect(value(await core.invoke('policies.list', {})).map(({ policy }) => policy.id)).toEqual([
      'local-network',
      'mine',
    ]);
  });

  it('are retired, then not offered to a run, and stay readable', async () => {
    const { core } = test;
    value(await save(core, mine({ id: 'old', name: 'Old' }), 0));
    expect(value(await core.invoke('policies.retire', { id: 'old', basis: 1 }))).toMatchObject({
      retired: true,
      number: 2,
    });
    const sealed = value(await core.invoke('datasets.seal', { path: 'assets/data/breast_cancer.csv', name: 'cancer' }));
    const draft = {
      name: 'x',
      datasetId: (await taskEnd(core, sealed)).resultId ?? '',
      program: {
        type: 'builtin',
        trainer: 'csv-classification',
        target: 'diagnosis',
        hidden: [],
        epochs: 1,
        batchSize: 8,
        learningRate: 0.01,
        heldOutShare: 0.2,
        seed: 1,
      },
      nodes: [],
      policyId: 'old',
      budget: { maximumUsd: 1, maximumSeconds: 60 },
      checkpointEverySteps: 100,
      evidenceRenewSeconds: 30,
    } as const;
    const launched = await core.invoke('jobs.launch', {
      draft: { ...draft, nodes: [], program: { ...draft.program, hidden: [] } },
    });
    expect(launched.ok ? '' : launched.error.message).toContain('is retired');
    expect(value(await core.invoke('policies.history', { id: 'old' }))).toHaveLength(2);
    expect(value(await core.invoke('policies.list', {})).at(-1)).toMatchObject({ retired: true });
  });

  it('travel as signed files: to the same organisation whole, to another only with its key', async () => {
    const { core, profile } = test;
    const file = join(profile, 'mine.nacre-policy.json');
    const exported = value(await core.invoke('policies.export', { id: 'mine', path: file }));
    expect(exported).toMatchObject({ path: file });
    expect(await code(core.invoke('policies.import', { path: file }))).toBe('already_exists');
    expect(await code(core.invoke('policies.export', { id: 'local-network' }))).toBe('wrong_state');
    const author =
      value(await core.invoke('policies.list', {})).find(({ policy }) => policy.id === 'mine')?.author ?? '';
    const other = await openTestCore();
    try {
      value(await other.core.invoke('vault.create', { passphrase: secret() }));
      const refused = await other.core.invoke('policies.import', { path: file });
      expect(refused.ok ? '' : refused.error).toMatchObject({ code: 'integrity', details: { authors: [author] } });
      const changed = (await readFile(file, 'utf8')).replace(/"payload": "(.{40})./, '"payload": "$1A');
      await writeFile(join(profile, 'changed.json'), changed);
      expect((await other.core.invoke('policies.import', { path: join(profile, 'changed.json'), author })).ok).toBe(
        false,
      );
      expect(value(await other.core.invoke('policies.list', {}))).toEqual([]);
      const taken = value(await other.core.invoke('policies.import', { path: file, author }));
      expect(taken).toMatchObject({ number: 1, policy: { id: 'mine', evidenceMaxAgeSeconds: 60 } });
      expect(taken.author).not.toBe(author);
    } finally {
      await other.end();
    }
  });
});

describe('archived evidence under another policy', () => {
  const evidenceOf = async (core: Core, node: string) => {
    const found = value(await core.invoke('nodes.evidence', { node }));
    if (found === null) throw new Error(`no evidence of ${node}`);
    return found;
  };

  it('shows what changes, row by row, and why a measurement differs', async () => {
    const { core } = test;
    await taskEnd(core, value(await core.invoke('nodes.verify', {})));
    const nodes = value(await core.invoke('nodes.list', {}));
    const good = await evidenceOf(core, nodes.find(({ trust }) => trust === 'verified')?.name ?? '');
    const entries = value(await core.invoke('evidence.list', { limit: 1000 })).length;
    // Under the policy that it was asked under nothing changes.
    const same = value(await core.invoke('evidence.reappraise', { id: good.id, policyId: 'default', at: 'then' }));
    expect(same).toMatchObject({
      changes: [],
      differences: [],
      before: { status: 'affirming' },
      after: { status: 'affirming' },
      simulated: true,
    });
    // Under one that wants another image it fails at that row alone, and the difference is named.
    const strict = mine({ snp: { ...builtin.snp, measurements: ['00'.repeat(48)] } });
    const later = value(await core.invoke('evidence.reappraise', { id: good.id, text: text(strict), at: 'now' }));
    expect(later.changes).toMatchObject([{ part: 'cpu0', id: 'snp.measurement', before: 'pass', after: 'fail' }]);
    expect(later.after.status).toBe('contraindicated');
    expect(later.differences).toMatchObject([
      { register: 'MEASUREMENT', nearest: { of: 'what policy local-network allows' } },
    ]);
    // And a node that was refused for its image passes under a policy that names that image.
    const changed = await evidenceOf(core, 'tokyo-h100');
    const found = changed.verification.submodules[0]?.measurements['measurement'] ?? '';
    const differences = value(await core.invoke('evidence.differences', { id: changed.id }));
    expect(differences).toMatchObject([{ attester: 'cpu0', check: 'snp.measurement', found }]);
    const named = mine({ snp: { ...builtin.snp, measurements: [found] } });
    expect(
      value(await core.invoke('evidence.reappraise', { id: changed.id, text: text(named), at: 'then' })),
    ).toMatchObject({
      before: { status: 'contraindicated' },
      after: { status: 'affirming' },
    });
    // Debug is refused by any policy.
    const debug = await evidenceOf(core, 'saopaulo-h100');
    expect(
      value(await core.invoke('evidence.reappraise', { id: debug.id, policyId: 'mine', at: 'then' })).after.status,
    ).toBe('contraindicated');
    // Nothing was stored, and nothing was sent.
    expect(value(await core.invoke('evidence.list', { limit: 1000 }))).toHaveLength(entries);
    expect(test.sent.every(({ call }) => ['evidence', 'close', 'metrics'].includes(call))).toBe(true);
    expect(await code(core.invoke('evidence.reappraise', { id: good.id, at: 'now' }))).toBe('invalid_input');
    expect(await code(core.invoke('evidence.reappraise', { id: 'ev-none', policyId: 'mine', at: 'now' }))).toBe(
      'not_found',
    );
  }, 60_000);
});

describe('a store that was tampered with', () => {
  it('offers no policy whose versions are not those of the log', async () => {
    const { core, profile } = test;
    await core.close();
    const database = new DatabaseSync(join(profile, 'nacre.db'));
    expect(() => database.exec("DELETE FROM items WHERE collection = 'policy-versions'")).toThrow(/append-only/);
    // Whoever owns the disk can take the triggers away; the log still tells.
    database.exec('DROP TRIGGER policy_versions_stay');
    database.exec("DELETE FROM items WHERE collection = 'policy-versions' AND id = 'mine/000002'");
    database.close();
    const again = await openTestCore({ profile, externalNetwork: network.directory });
    try {
      value(await again.core.invoke('vault.unlock', { passphrase: secret() }));
      expect(value(await again.core.invoke('policies.list', {})).map(({ policy }) => policy.id)).toEqual([
        'local-network',
        'old',
      ]);
      expect(JSON.stringify(again.troubles)).toContain('not those that were logged');
      expect(await code(again.core.invoke('policies.history', { id: 'mine' }))).toBe('integrity');
      expect(await code(save(again.core, mine({ evidenceMaxAgeSeconds: 120 }), 1))).toBe('integrity');
    } finally {
      await again.core.close();
      await rm(join(profile, 'policies'), { recursive: true, force: true });
    }
  });
});
