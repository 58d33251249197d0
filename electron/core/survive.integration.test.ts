import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FailureStatement } from '../contract/failure-receipt.ts';
import type { JobDraft } from '../contract/job.ts';
import type { Directory } from '../contract/wire.ts';
import type { RunView } from '../contract/views.ts';
import { NetworkProcess } from '../localnet/testing/network-process.ts';
import { agentPid } from './testing/agent-pid.ts';
import { openTestCore, secret, runEnd, taskEnd, value, waitFor, type TestCore } from './testing/harness.ts';

let folder = '';
let network: NetworkProcess;
let directory: Directory;
let test: TestCore;
let datasetId = '';

async function open(): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), 'nacre-survive-'));
  network = new NetworkProcess(folder);
  directory = await network.directory();
}

// Each test kills nodes and leaves programs behind: the next one gets a network of its own.
beforeEach(async () => {
  await open();
  test = await openTestCore({
    externalNetwork: join(folder, 'directory.json'),
    timeouts: { connectMs: 2000, idleMs: 5000, slowMs: 1500 },
    silenceMs: 4000,
  });
  value(await test.core.invoke('vault.create', { passphrase: secret() }));
  await waitFor(async () => value(await test.core.invoke('network.state', {})).state === 'running');
  const sealed = await taskEnd(
    test.core,
    value(await test.core.invoke('datasets.seal', { path: 'assets/data/digits.csv', name: 'digits', target: 'digit' })),
  );
  datasetId = sealed.resultId ?? '';
}, 120_000);
afterEach(async () => {
  await test.end();
  network.send({ command: 'stop', wipe: true });
  await network.exited;
  await rm(folder, { recursive: true, force: true });
}, 60_000);

async function launch(nodes: string[], changes: Partial<JobDraft> = {}): Promise<string> {
  const draft: JobDraft = {
    name: `on ${nodes.join(', ')}`,
    datasetId,
    program: {
      type: 'builtin',
      trainer: 'csv-classification',
      target: 'digit',
      hidden: [32],
      epochs: 60,
      batchSize: 64,
      learningRate: 0.01,
      heldOutShare: 0.2,
      seed: 1,
    },
    nodes,
    policyId: 'default',
    budget: { maximumUsd: 5, maximumSeconds: 300 },
    checkpointEverySteps: 100,
    evidenceRenewSeconds: 5,
    ...changes,
  };
  return value(await test.core.invoke('jobs.launch', { draft })).runId;
}

/** Found beforehand: a run does not wait until a process was looked up. */
async function killer(node: string): Promise<() => void> {
  const pid = await pidOf(node);
  return () => void process.kill(pid, 'SIGKILL');
}

function pidOf(node: string): Promise<number> {
  return agentPid(network.child.pid, directory.nodes.find(({ name }) => name === node)?.url ?? '');
}

async function reached(id: string, what: (run: RunView) => boolean): Promise<void> {
  await waitFor(async () => what(await view(id)), 120_000).catch(async () => {
    const { state, attempts, recovery, error } = await view(id);
    throw new Error(`waited in vain: ${JSON.stringify({ state, attempts, recovery, error })}`);
  });
}

const view = async (id: string): Promise<RunView> => value(await test.core.invoke('runs.get', { id }));
const checkpointed = (id: string) => reached(id, ({ checkpoints }) => checkpoints.length > 0);

async function receiptOf(id: string, attempt: number): Promise<FailureStatement> {
  const file = value(await test.core.invoke('runs.failureReceipt', { id, attempt }));
  const { payload } = JSON.parse(await readFile(file.path, 'utf8')) as { payload: string };
  return JSON.parse(Buffer.from(payload, 'base64').toString('utf8')) as FailureStatement;
}

describe('a run survives its nodes', () => {
  it('goes on elsewhere from the sealed checkpoint when the agent is killed', async () => {
    const kill = await killer('frankfurt-h100');
    const id = await launch(['frankfurt-h100', 'singapore-h100']);
    await checkpointed(id);
    const killedAt = Date.now();
    kill();
    await reached(id, (run) => run.attempts?.[0]?.outcome === 'failed');
    expect(Date.now() - killedAt).toBeLessThan(20_000);
    const run = await runEnd(test.core, id, 180_000);
    expect(run.error).toBeUndefined();
    expect(run.state).toBe('succeeded');
    expect(run.heldOutAccuracy).toBeGreaterThanOrEqual(0.93);
    const [first, second] = run.attempts ?? [];
    expect(first).toMatchObject({ outcome: 'failed', failureClass: 'node-unreachable', nodes: ['frankfurt-h100'] });
    expect(second).toMatchObject({ outcome: 'succeeded', nodes: ['singapore-h100'] });
    expect(second?.resumedFrom?.step).toBeGreaterThanOrEqual(100);
    expect(second?.jobId).not.toBe(first?.jobId);
    expect(second?.firstStep).toBe((second?.resumedFrom?.step ?? 0) + 1);

    const { predicate } = await receiptOf(id, 1);
    expect(predicate.failure.class).toBe('node-unreachable');
    expect(predicate.lastFrame?.node).toBe('frankfurt-h100');
    expect(predicate.steps).toMatchObject({ last: first?.lastStep, lost: first?.lostSteps });
    expect(predicate.steps.last - predicate.steps.lost).toBe(second?.resumedFrom?.step);
    expect(await test.core.invoke('runs.failureReceipt', { id, attempt: 2 })).toMatchObject({ ok: false });

    const pack = value(await test.core.invoke('reports.exportPack', { runId: id }));
    const verdict = value(await test.core.invoke('reports.verifyPack', { path: pack.path }));
    expect(verdict.status).toBe('warning');
    expect(verdict.summary?.attempts).toMatchObject([
      { number: 1, node: 'frankfurt-h100', failureClass: 'node-unreachable', lostSteps: first?.lostSteps },
    ]);
    expect(test.troubles).toEqual([]);
  }, 400_000);

  it('leaves a node that hangs', async () => {
    const id = await launch(['virginia-h200', 'singapore-h100']);
    await checkpointed(id);
    await network.setFault('virginia-h200', 'hang');
    await reached(id, (run) => run.attempts?.[0]?.outcome === 'failed');
    await network.setFault('virginia-h200', 'none');
    const run = await runEnd(test.core, id, 180_000);
    expect(run.state).toBe('succeeded');
    expect(run.attempts?.map(({ failureClass }) => failureClass)).toEqual(['node-hung', undefined]);
    const said = value(await test.core.invoke('runs.events', { id })).map(({ message }) => message);
    expect(said.filter((message) => /it may cost \$\d+\.\d+ a minute/.test(message))).toHaveLength(1);
  }, 500_000);

  it('leaves a node whose process is stopped, and is not confused when it wakes up again', async () => {
    const pid = await pidOf('virginia-h200');
    const id = await launch(['virginia-h200', 'singapore-h100']);
    await checkpointed(id);
    const stoppedAt = Date.now();
    process.kill(pid, 'SIGSTOP');
    try {
      await reached(id, (run) => run.attempts?.[0]?.outcome === 'failed');
      expect(Date.now() - stoppedAt).toBeLessThan(20_000);
      await reached(id, (run) => run.attempts?.[1]?.nodes[0] === 'singapore-h100');
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    const run = await runEnd(test.core, id, 180_000);
    expect(run.error).toBeUndefined();
    expect(run.attempts?.map(({ outcome }) => outcome)).toEqual(['failed', 'succeeded']);
    expect(run.attempts?.[0]).toMatchObject({ failureClass: 'node-unreachable', stopConfirmed: false });
  }, 400_000);

  it('does not repeat what its own program spoiled, and stops between two attempts', async () => {
    const bad = await runEnd(
      test.core,
      await launch(['singapore-h100', 'virginia-h200'], { program: { type: 'command', command: ['false'] } }),
    );
    expect(bad.attempts).toHaveLength(1);
    expect(bad.attempts?.[0]).toMatchObject({ failureClass: 'job-failed' });
    const pack = value(await test.core.invoke('reports.exportPack', { runId: bad.id }));
    const { checks, status } = value(await test.core.invoke('reports.verifyPack', { path: pack.path }));
    expect(status).toBe('warning');
    expect(checks.find((check) => check.id === 'attempt.1.end')).toMatchObject({
      outcome: 'pass',
      found: expect.stringContaining('exit code 1'),
    });

    const id = await launch(['virginia-h200']);
    await checkpointed(id);
    await network.setFault('virginia-h200', 'hang');
    await reached(id, (run) => run.recovery !== undefined);
    expect((await view(id)).recovery?.operatorUsdPerMinute).toBeGreaterThan(0);
    const stopped = value(await test.core.invoke('runs.stop', { id }));
    expect(stopped).toMatchObject({ state: 'stopped', error: { code: 'cancelled' } });
    expect(stopped.checkpoints.length).toBeGreaterThan(0);
    await network.setFault('virginia-h200', 'none');
  }, 400_000);

  it('waits for the vault, and ends by name when every node is lost', async () => {
    const pid = await pidOf('virginia-h200');
    const first = await killer('virginia-h200');
    const second = await killer('singapore-h100');
    const id = await launch(['virginia-h200', 'singapore-h100'], {
      program: { type: 'command', command: ['sh', '-c', 'echo \'{"step":1,"loss":1}\'; sleep 60'] },
    });
    await reached(id, (run) => run.lastStep === 1);
    value(await test.core.invoke('vault.lock', {}));
    const inMemory = async () => (await readdir('/dev/shm')).filter((name) => name.startsWith(`nacre-agent-${pid}-`));
    expect(await inMemory()).toHaveLength(1);
    first();
    // The command it ran and the plaintext it worked on are gone with the agent, not with the next one.
    await waitFor(async () => (await inMemory()).length === 0, 8000);
    await new Promise((wake) => setTimeout(wake, 8000));
    value(await test.core.invoke('vault.unlock', { passphrase: secret() }));
    const events = async () => value(await test.core.invoke('runs.events', { id })).map(({ message }) => message);
    expect((await events()).some((message) => message.includes('the lost node is not replaced'))).toBe(true);
    await reached(id, (run) => run.attempts?.[1]?.nodes[0] === 'singapore-h100');
    await reached(id, (run) => run.attempts?.[1]?.lastStep === 1);
    second();
    const run = await runEnd(test.core, id);
    expect(run).toMatchObject({ state: 'failed', error: { code: 'unavailable' } });
    expect(run.attempts?.map(({ failureClass }) => failureClass)).toEqual(['node-unreachable', 'node-unreachable']);
    expect((await receiptOf(id, 2)).predicate.steps).toMatchObject({ last: 1, lost: 1 });
    // What the owner hands over for a refund: it verifies, and says that there is no model.
    const pack = value(await test.core.invoke('reports.exportPack', { runId: id }));
    const verdict = value(await test.core.invoke('reports.verifyPack', { path: pack.path }));
    expect(verdict.status).toBe('warning');
    expect(verdict.checks.find((check) => check.id === 'outcome')).toMatchObject({ outcome: 'fail', required: false });
    expect(verdict.summary).toMatchObject({ outcome: 'failed' });
    expect(verdict.summary?.attempts?.map(({ node, lostSteps }) => [node, lostSteps])).toEqual([
      ['virginia-h200', 1],
      ['singapore-h100', 1],
    ]);
    expect(await test.core.invoke('reports.exportPdf', { runId: id })).toMatchObject({
      error: { code: 'wrong_state', message: expect.stringContaining('did not succeed') },
    });
  }, 400_000);
});
