import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobDraft, Program } from '../contract/job.ts';
import {
  openReadyCore,
  openTestCore,
  secret,
  runEnd,
  startTestNetwork,
  taskEnd,
  value,
  waitFor,
  type TestCore,
  type TestNetwork,
} from './testing/harness.ts';

let network: TestNetwork;
let test: TestCore;
let datasetId = '';

beforeAll(async () => {
  network = await startTestNetwork();
  test = await openReadyCore(network, { timeouts: { connectMs: 5000, idleMs: 5000, slowMs: 1500 } });
  const sealed = await taskEnd(
    test.core,
    value(await test.core.invoke('datasets.seal', { path: 'assets/data/digits.csv', name: 'digits', target: 'digit' })),
  );
  datasetId = sealed.resultId ?? '';
}, 40_000);
afterAll(async () => {
  await test.end();
  await network.stop();
});

const training = (epochs: number): Program => ({
  type: 'builtin',
  trainer: 'csv-classification',
  target: 'digit',
  hidden: [32],
  epochs,
  batchSize: 64,
  learningRate: 0.01,
  heldOutShare: 0.2,
  seed: 1,
});

async function launch(
  node: string,
  program: Program,
  budget: Partial<JobDraft['budget']> = {},
  changes: Partial<JobDraft> = {},
): Promise<string> {
  const draft: JobDraft = {
    name: `on ${node}`,
    datasetId,
    program,
    nodes: [node],
    policyId: 'default',
    budget: { maximumUsd: 5, maximumSeconds: 120, ...budget },
    checkpointEverySteps: 200,
    evidenceRenewSeconds: 5,
    ...changes,
  };
  return value(await test.core.invoke('jobs.launch', { draft })).runId;
}

const running = (runId: string) =>
  waitFor(async () => value(await test.core.invoke('runs.get', { id: runId })).lastStep > 20);

describe('a run under way', () => {
  it('stops when asked, and keeps what it has', async () => {
    const runId = await launch('frankfurt-h100', training(5000));
    await running(runId);
    const stopped = value(await test.core.invoke('runs.stop', { id: runId }));
    expect(stopped).toMatchObject({ state: 'stopped', error: { code: 'cancelled' } });
    expect(stopped.costUsd).toBeGreaterThan(0);
    expect(await test.core.invoke('runs.stop', { id: runId })).toMatchObject({
      ok: false,
      error: { code: 'wrong_state' },
    });
    expect(await test.core.invoke('runs.exportModel', { id: runId })).toMatchObject({
      ok: false,
      error: { code: 'wrong_state' },
    });
    // An auditor may see what was done with the data until then; nothing of it says that there is a model.
    const pack = value(await test.core.invoke('reports.exportPack', { runId }));
    const verdict = value(await test.core.invoke('reports.verifyPack', { path: pack.path }));
    expect(verdict.checks.filter(({ outcome }) => outcome === 'fail').map(({ id }) => id)).toEqual(['outcome']);
    expect(verdict).toMatchObject({ status: 'warning', summary: { outcome: 'stopped' } });
    expect(verdict.summary?.modelSha256).toBeUndefined();
  });

  it('ends when its budget is spent', async () => {
    const runId = await launch('frankfurt-h100', training(5000), { maximumUsd: 0 });
    const run = await runEnd(test.core, runId);
    expect(run).toMatchObject({ state: 'failed', error: { code: 'denied_by_policy' } });
    expect(run.error?.message).toContain('budget');
  });

  it('carries metrics and failures of a program of one’s own', async () => {
    const good = await launch('frankfurt-h100', {
      type: 'command',
      command: [
        'sh',
        '-c',
        'ls "$DATASET_DIR" >/dev/null && echo \'{"step":1,"loss":0.5}\' && echo hello && echo x > "$OUTPUT_DIR/model.txt"',
      ],
    });
    const run = await runEnd(test.core, good);
    expect(run.error).toBeUndefined();
    expect(run).toMatchObject({ state: 'succeeded', lastMetrics: { loss: 0.5 } });
    expect(run.log.some(({ line }) => line.includes('hello'))).toBe(true);
    const bad = await runEnd(test.core, await launch('frankfurt-h100', { type: 'command', command: ['false'] }));
    expect(bad.state).toBe('failed');
    expect(bad.error?.message).toContain('failed on the node');
  });

  it('draws a gap while a node gives no evidence, and leaves one that turns bad', async () => {
    const runId = await launch('virginia-h200', training(5000), {}, { maximumAttempts: 1 });
    await running(runId);
    const lane = async () => value(await test.core.invoke('runs.get', { id: runId })).nodes[0]?.lane ?? [];
    await network.setFault('virginia-h200', 'hang');
    await waitFor(async () => (await lane()).some(({ state }) => state === 'gap'));
    await network.setFault('virginia-h200', 'stale-nonce');
    await waitFor(async () => (await lane()).some(({ state }) => state === 'refused'));
    await network.setFault('virginia-h200', 'none');
    const run = await runEnd(test.core, runId);
    expect(run).toMatchObject({ state: 'failed', error: { code: 'attestation_failed' } });
    expect(run.attempts?.[0]).toMatchObject({ failureClass: 'evidence-refused', stopConfirmed: true });
    expect(run.nodes[0]?.trust).toBe('refused');
    expect(run.nodes[0]?.lane.map(({ state }) => state)).toEqual(['verified', 'gap', 'refused']);
  });

  it('is followed while the vault is locked and after a restart; what waits is signed at unlock', async () => {
    // Long enough for a renewal of the evidence while the vault is locked.
    const runId = await launch('singapore-h100', training(80));
    await running(runId);
    await test.core.close();

    const second = await openTestCore({ profile: test.profile, externalNetwork: network.directory });
    test = second;
    const money = async () => value(await second.core.invoke('app.state', {})).money.usdPerHour;
    expect(await money()).toBeGreaterThan(0);
    expect(await second.core.invoke('runs.get', { id: runId })).toMatchObject({ ok: false, error: { code: 'locked' } });
    await waitFor(async () => (await money()) === 0, 120_000);

    value(await second.core.invoke('vault.unlock', { passphrase: secret() }));
    const run = value(await second.core.invoke('runs.get', { id: runId }));
    expect(run.error).toBeUndefined();
    expect(run.state).toBe('succeeded');
    expect(run.heldOutAccuracy).toBeGreaterThanOrEqual(0.93);
    expect(run.receipt?.countersignedAt).toBeDefined();
    expect(run.nodes[0]?.lane.length).toBeGreaterThan(1);
    const evidence = value(await second.core.invoke('evidence.list', { limit: 100 }));
    expect(evidence.every(({ ear }) => ear.split('.').length === 3)).toBe(true);
    const pack = value(await second.core.invoke('reports.exportPack', { runId }));
    expect(value(await second.core.invoke('reports.verifyPack', { path: pack.path })).status).toBe('warning');
    expect(second.troubles).toEqual([]);
  }, 180_000);
});
