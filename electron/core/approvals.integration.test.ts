import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Member } from '../contract/approval.ts';
import type { JobDraft } from '../contract/job.ts';
import type { RunView } from '../contract/views.ts';
import {
  openReadyCore,
  openTestCore,
  secret,
  runEnd,
  taskEnd,
  startTestNetwork,
  value,
  waitFor,
  type TestCore,
  type TestNetwork,
} from './testing/harness.ts';

let network: TestNetwork;
let folder: string;
beforeAll(async () => {
  network = await startTestNetwork();
  folder = await mkdtemp(join(tmpdir(), 'nacre-carry-'));
}, 30_000);
afterAll(async () => {
  await network.stop();
  await rm(folder, { recursive: true, force: true });
});

let desk: TestCore;
let alice: TestCore;
let bob: TestCore;
let carried = 0;

/** Each of them has a vault of their own; only files go between them. */
beforeEach(async () => {
  desk = await openReadyCore(network);
  [alice, bob] = await Promise.all([offlineCustodian(), offlineCustodian()]);
  const members: Member[] = [
    { name: 'Desk', publicKey: await keyOf(desk), roles: ['launcher', 'admin'] },
    { name: 'Alice', publicKey: await keyOf(alice), roles: ['custodian'] },
    { name: 'Bob', publicKey: await keyOf(bob), roles: ['custodian'] },
  ];
  const action = { approvals: 2, requesterCounts: false, validSeconds: 600 };
  const actions = {
    'key-release': action,
    override: action,
    export: action,
    'policy-change': action,
    'members-change': action,
  };
  value(await desk.core.invoke('members.set', { organisation: 'Hospital', members, actions }));
  const rule = await exported(desk, { what: 'members', form: 'file' });
  for (const custodian of [alice, bob]) value(await custodian.core.invoke('approvals.import', { paths: [rule] }));
}, 30_000);
afterEach(async () => {
  await Promise.all([desk.end(), alice.end(), bob.end()]);
});

async function offlineCustodian(): Promise<TestCore> {
  const fresh = await openTestCore();
  value(await fresh.core.invoke('custody.makeOffline', {}));
  await fresh.core.close();
  const test = await openTestCore({ profile: fresh.profile });
  value(await test.core.invoke('vault.create', { passphrase: secret() }));
  return test;
}

async function keyOf({ core }: TestCore): Promise<string> {
  return value(await core.invoke('members.show', {})).own.publicKey;
}

async function exported(
  { core }: TestCore,
  input: { what: 'request' | 'answer' | 'members'; form: 'file' | 'png'; id?: string },
): Promise<string> {
  const path = join(folder, `${(carried += 1)}.${input.form}`);
  return value(await core.invoke('approvals.export', { ...input, path })).path;
}

/** Carries a request to a custodian, has it signed there, and carries the answer back. */
async function approve(custodian: TestCore, id: string, form: 'file' | 'png'): Promise<void> {
  const request = await exported(desk, { what: 'request', form, id });
  value(await custodian.core.invoke('approvals.import', { paths: [request] }));
  value(await custodian.core.invoke('approvals.answer', { id, decision: 'approve' }));
  const answer = await exported(custodian, { what: 'answer', form, id });
  value(await desk.core.invoke('approvals.import', { paths: [answer] }));
}

async function waiting(runId: string): Promise<NonNullable<RunView['approval']>> {
  let run: RunView | undefined;
  await waitFor(async () => {
    run = value(await desk.core.invoke('runs.get', { id: runId }));
    if (run.error !== undefined) throw new Error(run.error.message);
    return run.approval !== undefined;
  });
  if (run?.approval === undefined) throw new Error('not waiting');
  return run.approval;
}

const released = () => desk.sent.filter(({ call }) => call === 'submitJob').length;

describe('a key release under a rule', () => {
  it('waits for two custodians, one by file and one by picture, then goes on', async () => {
    const { runId } = value(await desk.core.invoke('jobs.launchSample', {}));
    const { requestId } = await waiting(runId);
    expect(value(await desk.core.invoke('app.state', {})).approvals.waiting).toBe(1);
    await approve(alice, requestId, 'file');
    await waitFor(async () => (await waiting(runId)).have === 1);
    expect(released(), 'one of two is not enough').toBe(0);
    await approve(bob, requestId, 'png');
    const run = await runEnd(desk.core, runId);
    expect(run.error).toBeUndefined();
    expect(run.state).toBe('succeeded');
    expect(run.approval).toBeUndefined();
    expect(released()).toBe(1);
    expect(value(await desk.core.invoke('approvals.get', { id: requestId }))).toMatchObject({ state: 'used' });
    const kinds = value(await desk.core.invoke('audit.list', { after: -1, limit: 200 })).entries.map(
      ({ kind }) => kind,
    );
    expect(kinds.indexOf('approval-used')).toBe(kinds.indexOf('key-released') - 1);

    // The model is the next thing that may not leave by one hand alone.
    const asked = await desk.core.invoke('runs.exportModel', { id: runId });
    expect(asked).toMatchObject({ ok: false, error: { code: 'approval_missing' } });
    const id = asked.ok ? '' : String(asked.error.details?.['requestId']);
    await approve(alice, id, 'file');
    await approve(bob, id, 'file');
    value(await desk.core.invoke('runs.exportModel', { id: runId }));
    expect((await desk.core.invoke('runs.exportModel', { id: runId })).ok, 'twice').toBe(false);
  }, 60_000);

  it('is refused with one approval missing, and no key leaves', async () => {
    const { runId } = value(await desk.core.invoke('jobs.launchSample', {}));
    const { requestId } = await waiting(runId);
    await approve(alice, requestId, 'file');
    value(await desk.core.invoke('approvals.withdraw', { id: requestId }));
    const run = await runEnd(desk.core, runId);
    expect(run).toMatchObject({ state: 'failed', error: { code: 'approval_missing' } });
    expect(run.error?.message).toContain('1 of 2');
    expect(released()).toBe(0);
  }, 60_000);

  it('ends when a custodian refuses', async () => {
    const { runId } = value(await desk.core.invoke('jobs.launchSample', {}));
    const { requestId } = await waiting(runId);
    const request = await exported(desk, { what: 'request', form: 'file', id: requestId });
    value(await bob.core.invoke('approvals.import', { paths: [request] }));
    value(await bob.core.invoke('approvals.answer', { id: requestId, decision: 'refuse', reason: 'not this data' }));
    value(
      await desk.core.invoke('approvals.import', {
        paths: [await exported(bob, { what: 'answer', form: 'png', id: requestId })],
      }),
    );
    expect(await runEnd(desk.core, runId)).toMatchObject({ state: 'failed', error: { code: 'approval_missing' } });
    expect(released()).toBe(0);
  }, 60_000);

  it('goes on after Nacre was closed while it waited', async () => {
    const { runId } = value(await desk.core.invoke('jobs.launchSample', {}));
    const { requestId } = await waiting(runId);
    await desk.core.close();
    const again = await openTestCore({ profile: desk.profile, externalNetwork: network.directory });
    desk = again;
    value(await desk.core.invoke('vault.unlock', { passphrase: secret() }));
    expect((await waiting(runId)).requestId).toBe(requestId);
    await approve(alice, requestId, 'file');
    await approve(bob, requestId, 'file');
    await waitFor(async () => value(await desk.core.invoke('network.state', {})).state === 'running');
    value(await desk.core.invoke('runs.resume', { id: runId }));
    const run = await runEnd(desk.core, runId);
    expect(run.error).toBeUndefined();
    expect(run.state).toBe('succeeded');
    expect(await desk.core.invoke('runs.resume', { id: runId })).toMatchObject({ error: { code: 'wrong_state' } });
  }, 60_000);

  it('covers one attempt: when the node is lost, the next waits for custodians who know that', async () => {
    const sealed = value(await desk.core.invoke('datasets.seal', { path: 'assets/data/digits.csv', name: 'digits' }));
    const datasetId = (await taskEnd(desk.core, sealed)).resultId ?? '';
    const draft: JobDraft = {
      name: 'lost',
      datasetId,
      program: { type: 'command', command: ['sh', '-c', 'echo \'{"step":1,"loss":1}\'; sleep 60'] },
      nodes: ['virginia-h200', 'singapore-h100'],
      policyId: 'default',
      budget: { maximumUsd: 5, maximumSeconds: 300 },
      checkpointEverySteps: 100,
      evidenceRenewSeconds: 5,
    };
    const { runId } = value(await desk.core.invoke('jobs.launch', { draft }));
    const first = await waiting(runId);
    await approve(alice, first.requestId, 'file');
    await approve(bob, first.requestId, 'file');
    await waitFor(async () => value(await desk.core.invoke('runs.get', { id: runId })).lastStep === 1);
    try {
      await network.setFault('virginia-h200', 'stale-nonce');
      await waitFor(async () => {
        const { approval } = value(await desk.core.invoke('runs.get', { id: runId }));
        return approval !== undefined && approval.requestId !== first.requestId;
      }, 60_000);
      const second = await waiting(runId);
      expect(released()).toBe(1);
      const shown = value(await desk.core.invoke('approvals.get', { id: second.requestId }));
      expect(JSON.stringify(shown)).toContain('an earlier node of this run had the key and was given up');
      await approve(alice, second.requestId, 'file');
      expect(released()).toBe(1);
      await approve(bob, second.requestId, 'file');
      await waitFor(async () => {
        const { attempts } = value(await desk.core.invoke('runs.get', { id: runId }));
        return attempts?.[1]?.nodes[0] === 'singapore-h100';
      }, 60_000);
      expect(released()).toBe(2);
    } finally {
      await network.setFault('virginia-h200', 'none');
      await desk.core.invoke('runs.stop', { id: runId });
    }
  }, 180_000);

  it('can be stopped while it waits, also after a restart, and takes its request back', async () => {
    const { runId } = value(await desk.core.invoke('jobs.launchSample', {}));
    const { requestId } = await waiting(runId);
    await desk.core.close();
    desk = await openTestCore({ profile: desk.profile, externalNetwork: network.directory });
    value(await desk.core.invoke('vault.unlock', { passphrase: secret() }));
    expect(value(await desk.core.invoke('runs.stop', { id: runId })).state).toBe('stopped');
    expect(value(await desk.core.invoke('approvals.get', { id: requestId })).state).toBe('withdrawn');
  }, 60_000);
});

describe('other acts under a rule', () => {
  it('a policy changes, and a secret key leaves, only with the quorum', async () => {
    const { core } = desk;
    await waitFor(async () => value(await core.invoke('policies.list', {})).length > 0);
    const [builtin] = value(await core.invoke('policies.list', {}));
    const text = JSON.stringify({ ...builtin?.policy, id: 'ward-7', name: 'Ward 7' });
    const asked = await core.invoke('policies.save', { text, basis: 0 });
    expect(asked).toMatchObject({ ok: false, error: { code: 'approval_missing' } });
    const id = asked.ok ? '' : String(asked.error.details?.['requestId']);
    await approve(alice, id, 'file');
    expect((await core.invoke('policies.save', { text, basis: 0 })).ok, 'one of two').toBe(false);
    await approve(bob, id, 'file');
    const other = JSON.stringify({ ...builtin?.policy, id: 'ward-7', name: 'Ward 8' });
    expect((await core.invoke('policies.save', { text: other, basis: 0 })).ok, 'another text').toBe(false);
    value(await core.invoke('policies.save', { text, basis: 0 }));
    expect(value(await core.invoke('approvals.get', { id })).state).toBe('used');

    const path = join(folder, 'identity.txt');
    const leaving = await core.invoke('keys.exportIdentity', { passphrase: secret(), path });
    expect(leaving).toMatchObject({ ok: false, error: { code: 'approval_missing' } });
    await expect(stat(path)).rejects.toThrow('ENOENT');
    const keyRequest = leaving.ok ? '' : String(leaving.error.details?.['requestId']);
    await approve(alice, keyRequest, 'file');
    await approve(bob, keyRequest, 'file');
    const slip = await core.invoke('keys.exportIdentity', { passphrase: secret('not the passphrase'), path });
    expect(slip).toMatchObject({ ok: false, error: { code: 'wrong_passphrase' } });
    // The slip spent nothing.
    value(await core.invoke('keys.exportIdentity', { passphrase: secret(), path }));
    expect((await stat(path)).size).toBeGreaterThan(50);

    // A backup holds every key: it leaves like one.
    const backup = join(folder, 'desk.nacre');
    const own = () => ({ passphrase: secret(), path: backup, ownPassphrase: secret('another set of words') });
    const saving = await core.invoke('backup.create', own());
    expect(saving).toMatchObject({ ok: false, error: { code: 'approval_missing' } });
    await expect(stat(backup)).rejects.toThrow('ENOENT');
    const backupRequest = saving.ok ? '' : String(saving.error.details?.['requestId']);
    const shown = value(await core.invoke('approvals.get', { id: backupRequest }));
    expect(JSON.stringify(shown)).toContain('a backup of the vault');
    await approve(alice, backupRequest, 'file');
    expect((await core.invoke('backup.create', own())).ok, 'one of two').toBe(false);
    await approve(bob, backupRequest, 'file');
    const withVaults = await core.invoke('backup.create', { passphrase: secret(), path: backup });
    expect(withVaults, 'another way to open it').toMatchObject({ ok: false, error: { code: 'approval_missing' } });
    await expect(stat(backup)).rejects.toThrow('ENOENT');
    value(await core.invoke('backup.create', own()));
    expect((await stat(backup)).size).toBeGreaterThan(1000);
    await rm(backup);
    expect((await core.invoke('backup.create', own())).ok, 'an approval is used once').toBe(false);
  }, 60_000);
});

describe('an offline custody profile', () => {
  it('shows all of a release, and does nothing that needs a network', async () => {
    const { runId, jobId } = value(await desk.core.invoke('jobs.launchSample', {}));
    const { requestId, expiresAt } = await waiting(runId);
    const request = await exported(desk, { what: 'request', form: 'png', id: requestId });
    value(await alice.core.invoke('approvals.import', { paths: [request] }));
    const shown = value(await alice.core.invoke('approvals.get', { id: requestId }));
    expect(shown).toMatchObject({ canAnswer: true, simulated: true, warnings: [], expiresAt });
    const words = JSON.stringify(shown.sections);
    const [dataset] = value(await desk.core.invoke('datasets.list', {}));
    const [policy] = value(await desk.core.invoke('policies.list', {}));
    const run = value(await desk.core.invoke('runs.get', { id: runId }));
    const node = run.nodes.find(({ trust }) => trust === 'verified');
    const measurement = policy?.policy.snp.measurements[0];
    for (const part of [dataset?.name, dataset?.root, policy?.digest, node?.name, measurement, jobId, expiresAt]) {
      expect(words, String(part)).toContain(part ?? 'missing');
    }
    expect(value(await alice.core.invoke('app.state', {}))).toMatchObject({ offline: true });
    for (const [name, input] of [
      ['network.start', {}],
      ['nodes.verify', {}],
      ['jobs.launchSample', {}],
      ['runs.stop', { id: runId }],
      ['datasets.seal', { path: '/tmp', name: 'x' }],
      ['members.set', { organisation: 'x', members: [], actions: {} }],
    ] as const) {
      const answer = await alice.core.call(name, input);
      expect(answer.ok, name).toBe(false);
      if (!answer.ok) expect(['wrong_state', 'invalid_input', 'denied_by_policy'], name).toContain(answer.error.code);
    }
    expect(alice.sent).toEqual([]);
    value(await desk.core.invoke('runs.stop', { id: runId }));
  }, 60_000);

  it('is made only of a new profile', async () => {
    expect(await desk.core.invoke('custody.makeOffline', {})).toMatchObject({ error: { code: 'wrong_state' } });
  });
});

/** The newest evidence of a node. */
async function latest(node: string) {
  const found = value(await desk.core.invoke('evidence.list', { limit: 50 })).find(
    ({ verification }) => verification.node === node,
  );
  if (found === undefined) throw new Error(`no evidence of ${node}`);
  return found;
}

async function launchOn(node: string, datasetId: string): Promise<string> {
  const program: JobDraft['program'] = {
    type: 'builtin',
    trainer: 'csv-classification',
    target: 'diagnosis',
    hidden: [],
    epochs: 2,
    batchSize: 64,
    learningRate: 0.01,
    heldOutShare: 0.2,
    seed: 1,
  };
  const draft = {
    name: `on ${node}`,
    datasetId,
    program,
    nodes: [node],
    policyId: 'default',
    budget: { maximumUsd: 5, maximumSeconds: 60 },
    checkpointEverySteps: 1000,
    evidenceRenewSeconds: 30,
  };
  return value(await desk.core.invoke('jobs.launch', { draft })).runId;
}

describe('roles', () => {
  it('are enforced in the core, whoever calls', async () => {
    const test = await openTestCore();
    value(await test.core.invoke('vault.create', { passphrase: secret() }));
    const own = await keyOf(test);
    const action = { approvals: 1, requesterCounts: true, validSeconds: 600 };
    const members: Member[] = [{ name: 'Eve', publicKey: own, roles: ['admin', 'custodian'] }];
    value(await test.core.invoke('members.set', { organisation: 'O', members, actions: { 'members-change': action } }));
    expect(await test.core.invoke('jobs.launchSample', {})).toMatchObject({
      ok: false,
      error: { code: 'denied_by_policy', details: { needs: ['launcher'], has: ['admin', 'custodian'] } },
    });
    value(await test.core.invoke('runs.list', {}));
    await test.end();
  }, 30_000);
});

describe('an override', () => {
  const node = 'helsinki-h200';

  it('lets one run on a node with old firmware, and every paper says so', async () => {
    const sealed = await taskEnd(
      desk.core,
      value(await desk.core.invoke('datasets.seal', { path: 'assets/data/breast_cancer.csv', name: 'cancer' })),
    );
    const launch = () => launchOn(node, sealed.resultId ?? '');
    const refused = await runEnd(desk.core, await launch());
    expect(refused).toMatchObject({ state: 'failed', error: { code: 'attestation_failed' } });
    const evidence = await latest(node);
    const wish = { evidenceId: evidence.id, justification: 'New firmware comes on Monday.', hours: 1 };
    const asked = value(await desk.core.invoke('approvals.requestOverride', wish));
    expect(asked.warnings).toContain('A key would go to a node that did not pass the policy.');
    await approve(alice, asked.id, 'file');
    await approve(bob, asked.id, 'file');

    const runId = await launch();
    const { requestId } = await waiting(runId);
    await approve(alice, requestId, 'file');
    await approve(bob, requestId, 'file');
    const run = await runEnd(desk.core, runId);
    expect(run.error).toBeUndefined();
    expect(run.nodes[0]).toMatchObject({
      trust: 'warning',
      keyReleased: true,
      override: { requestId: asked.id, approvedBy: ['Alice', 'Bob'] },
    });
    expect(run.nodes[0]?.lane[0]?.state).toBe('overridden');
    expect(value(await desk.core.invoke('approvals.get', { id: asked.id })).state).toBe('used');

    const pack = value(await desk.core.invoke('reports.exportPack', { runId }));
    const verdict = value(await desk.core.invoke('reports.verifyPack', { path: pack.path }));
    const failed = verdict.checks.filter(({ outcome, required }) => required && outcome !== 'pass');
    expect(failed).toEqual([]);
    expect(verdict.status).toBe('warning');
    expect(verdict.checks.find(({ reason }) => reason === 'released-by-override')?.detail).toMatch(/Alice, Bob/);

    const again = await runEnd(desk.core, await launch());
    expect(again, 'a second run').toMatchObject({ state: 'failed', error: { code: 'attestation_failed' } });
  }, 60_000);

  it('is not even asked for a debug guest', async () => {
    await taskEnd(desk.core, value(await desk.core.invoke('nodes.verify', { node: 'saopaulo-h100' })));
    const evidence = await latest('saopaulo-h100');
    const wish = { evidenceId: evidence.id, justification: 'Please.', hours: 1 };
    const asked = await desk.core.invoke('approvals.requestOverride', wish);
    expect(asked).toMatchObject({ ok: false, error: { code: 'denied_by_policy' } });
    expect(asked.ok ? '' : asked.error.message).toContain('debug');
  }, 30_000);
});
