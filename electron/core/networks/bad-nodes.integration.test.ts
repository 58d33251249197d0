import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobDraft } from '../../contract/job.ts';
import type { NodeFault } from '../../contract/local-network.ts';
import type { ErrorCode } from '../../contract/result.ts';
import {
  openReadyCore,
  runEnd,
  startTestNetwork,
  taskEnd,
  value,
  type TestCore,
  type TestNetwork,
} from '../testing/harness.ts';

let network: TestNetwork;
let test: TestCore;
let datasetId = '';

beforeAll(async () => {
  network = await startTestNetwork();
  test = await openReadyCore(network, {
    timeouts: { connectMs: 3000, idleMs: 3000, slowMs: 1500 },
    transferPatience: { attempts: 4, firstDelayMs: 200, maximumDelayMs: 1000 },
  });
  const sealed = await taskEnd(
    test.core,
    value(await test.core.invoke('datasets.seal', { path: 'assets/data/breast_cancer.csv', name: 'cancer' })),
  );
  datasetId = sealed.resultId ?? '';
}, 40_000);
afterAll(async () => {
  await test.end();
  await network.stop();
});

function draftFor(node: string): JobDraft {
  return {
    name: `on ${node}`,
    datasetId,
    program: {
      type: 'builtin',
      trainer: 'csv-classification',
      target: 'diagnosis',
      hidden: [],
      epochs: 2,
      batchSize: 64,
      learningRate: 0.01,
      heldOutShare: 0.2,
      seed: 1,
    },
    nodes: [node],
    policyId: 'default',
    budget: { maximumUsd: 5, maximumSeconds: 60 },
    checkpointEverySteps: 1000,
    evidenceRenewSeconds: 30,
  };
}

async function launch(node: string) {
  test.sent.length = 0;
  const { runId } = value(await test.core.invoke('jobs.launch', { draft: draftFor(node) }));
  const run = await runEnd(test.core, runId);
  return { run, calls: new Set(test.sent.map(({ call }) => call)) };
}

describe('no key leaves for a node that does not prove itself', () => {
  it.each([
    ['saopaulo-h100', 'debug'],
    ['helsinki-h200', 'tcb'],
    ['tokyo-h100', 'measurement'],
  ])('%s', async (node, reason) => {
    const { run, calls } = await launch(node);
    expect(run).toMatchObject({ state: 'failed', error: { code: 'attestation_failed' } });
    expect(run.nodes[0]).toMatchObject({ trust: 'refused', keyReleased: false });
    expect(run.nodes[0]?.reason).toContain(reason);
    expect(calls).toEqual(new Set(['evidence', 'close']));
  });

  it.each<[NodeFault, ErrorCode, RegExp]>([
    ['stale-nonce', 'attestation_failed', /nonce|challenge|report|fresh|binding/i],
    ['relay', 'attestation_failed', /key|challenge|report|relay|another|bind/i],
    ['swapped-gpu', 'attestation_failed', /gpu/i],
    ['wrong-tls-key', 'attestation_failed', /another key than the one in the evidence/i],
    ['hang', 'timeout', /virginia-h200/],
    ['garbage', 'unavailable', /virginia-h200 answers garbage/],
  ])('%s', async (fault, code, words) => {
    const node = 'virginia-h200';
    await network.setFault(node, fault);
    try {
      const { run, calls } = await launch(node);
      expect(run.error?.code, run.error?.message).toBe(code);
      expect(run.error?.message).toMatch(words);
      expect(run.nodes.every(({ keyReleased }) => !keyReleased)).toBe(true);
      expect(calls).toEqual(new Set(['evidence', 'close']));
    } finally {
      await network.setFault(node, 'none');
    }
  });

  it('a node that cuts every upload gets the sealed parts it took, and no key', async () => {
    await network.setFault('virginia-h200', 'close-mid-upload');
    const { run, calls } = await launch('virginia-h200');
    await network.setFault('virginia-h200', 'none');
    expect(run).toMatchObject({ state: 'failed', error: { code: 'unavailable' } });
    expect(run.nodes[0]).toMatchObject({ trust: 'verified', keyReleased: false });
    expect(calls.has('putPart')).toBe(true);
    expect(calls.has('submitJob')).toBe(false);
  });

  it('is in the log: no release beside those of good runs', async () => {
    const { entries } = value(await test.core.invoke('audit.list', { after: -1, limit: 1000 }));
    expect(entries.filter(({ kind }) => kind === 'key-released')).toEqual([]);
    expect(entries.filter(({ kind }) => kind === 'node-refused').length).toBeGreaterThanOrEqual(7);
    const { run } = await launch('virginia-h200');
    expect(run.error).toBeUndefined();
    expect(run.state).toBe('succeeded');
  });

  it('takes the next candidate when the first is refused', async () => {
    const draft = { ...draftFor('tokyo-h100'), nodes: ['tokyo-h100', 'frankfurt-h100'] };
    const { runId } = value(await test.core.invoke('jobs.launch', { draft }));
    const run = await runEnd(test.core, runId);
    expect(run.state, run.error?.message).toBe('succeeded');
    expect(run.nodes).toMatchObject([
      { name: 'tokyo-h100', trust: 'refused', keyReleased: false },
      { name: 'frankfurt-h100', trust: 'verified', keyReleased: true },
    ]);
  });
});
