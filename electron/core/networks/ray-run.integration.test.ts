import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FailureStatement } from '../../contract/failure-receipt.ts';
import type { JobDraft } from '../../contract/job.ts';
import type { RunView } from '../../contract/views.ts';
import { connectRay } from '../../networks/ray/ray-client.ts';
import { killRayNode, testRayClient } from '../../networks/ray/testing/client-suite.ts';
import { startCluster, type RayCluster } from '../../networks/ray/testing/cluster.ts';
import { submitWorkers, watchWorkers } from '../../networks/ray/workers.ts';
import { agentPid } from '../testing/agent-pid.ts';
import { openReadyCore, runEnd, taskEnd, value, waitFor, type TestCore } from '../testing/harness.ts';

/** Runs over a real Ray cluster: head, four workers, and beside each the agent of a SIMULATED node. */
const inCi = process.env['CI'] === 'true' || process.env['CI'] === '1';
const python = spawnSync('python3', [
  '-c',
  'import sys; sys.exit(0 if (3, 10) <= sys.version_info[:2] <= (3, 13) else 1)',
]);
const possible = process.platform === 'linux' && python.status === 0;
if (!possible && !inCi) console.warn('Runs over Ray are left out: there is no Python 3.10 to 3.13 here.');

/** Ray would take it as any other; its evidence names another image. */
const refused = 'tokyo-h100';
const honest = ['frankfurt-h100', 'virginia-h200', 'singapore-h100'];

const folder = mkdtempSync(join(tmpdir(), 'nw-'));
let stopCluster: (() => Promise<void>) | undefined;
let cluster: RayCluster;
let test: TestCore;
let network = '';
let datasetId = '';

const view = async (id: string): Promise<RunView> => value(await test.core.invoke('runs.get', { id }));
const portOf = (name: string) => cluster.workers.find((worker) => worker.name === name)?.agentPort ?? 0;

async function launch(changes: Partial<JobDraft>, script = '--epochs 12 --pause 1.2'): Promise<string> {
  const draft: JobDraft = {
    name: 'digits over Ray',
    datasetId,
    program: { type: 'command', command: ['sh', '-c', `exec python3 "$DATASET_DIR"/digits_ddp.py ${script}`] },
    nodes: [],
    policyId: 'default',
    budget: { maximumUsd: 5, maximumSeconds: 240 },
    checkpointEverySteps: 20,
    evidenceRenewSeconds: 10,
    workers: { count: 2, minimum: 2 },
    network,
    ...changes,
  };
  return value(await test.core.invoke('jobs.launch', { draft })).runId;
}

async function killWorker(name: string): Promise<void> {
  const localnet = cluster.pids.find(({ what }) => what === 'the local network')?.pid;
  const agent = await agentPid(localnet, `https://127.0.0.1:${portOf(name)}`);
  const ranks = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && parentOf(pid) === agent);
  expect(ranks.length).toBeGreaterThan(0);
  process.kill(agent, 'SIGKILL');
  for (const rank of ranks) {
    try {
      process.kill(-Number(rank), 'SIGKILL');
    } catch {
      // The agent's guard was there first.
    }
  }
  const node = cluster.workers.find((worker) => worker.name === name)?.pid ?? 0;
  process.kill(-node, 'SIGKILL');
}

function parentOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}

// Under CI the suite runs whatever is missing, and fails where it cannot.
describe.skipIf(!possible && !inCi)('a run over a real Ray cluster', () => {
  beforeAll(async () => {
    const started = await startCluster(folder, [refused, ...honest]);
    stopCluster = started.stop;
    cluster = started.cluster;
    test = await openReadyCore(cluster, {
      timeouts: { connectMs: 2000, idleMs: 5000, slowMs: 3000 },
      silenceMs: 6000,
    });
    const input = { kind: 'ray', url: cluster.url, tokenPath: cluster.tokenPath } as const;
    network = value(await test.core.invoke('networks.connect', input)).id;
    // Code and data in one sealed folder: nothing of a job is in what Ray gets.
    const pack = 'assets/python/examples/digits-pytorch';
    const sealed = value(await test.core.invoke('datasets.seal', { path: pack, name: 'digits with its script' }));
    datasetId = (await taskEnd(test.core, sealed)).resultId ?? '';
  }, 400_000);

  afterAll(async () => {
    await test?.end();
    await stopCluster?.();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  // First, while all of its nodes live.
  testRayClient(() => cluster);

  it('trains on two attested workers, loses one, and ends on another from the sealed checkpoint', async () => {
    const id = await launch({ nodes: [refused, ...honest] });
    await waitFor(async () => (await view(id)).checkpoints.length > 1, 90_000).catch(async () => {
      throw new Error(JSON.stringify(await view(id), undefined, 1).slice(0, 6000));
    });
    // Somewhere between two checkpoints, so that there is something to lose.
    await waitFor(async () => {
      const { checkpoints, lastStep } = await view(id);
      return lastStep > (checkpoints.at(-1)?.step ?? 0);
    });
    const before = await view(id);
    expect(before.cluster).toMatchObject({ network, status: 'RUNNING' });
    const killedAt = Date.now();
    await killWorker('virginia-h200');
    await waitFor(async () => (await view(id)).attempts?.[0]?.outcome === 'failed', 25_000);
    const noticed = Date.now() - killedAt;
    expect(noticed).toBeLessThan(20_000);
    const run = await runEnd(test.core, id, 200_000);
    expect(
      run.error,
      run.log
        .slice(-12)
        .map(({ line }) => line)
        .join('\n'),
    ).toBeUndefined();
    expect(run.state).toBe('succeeded');

    const [first, second] = run.attempts ?? [];
    expect(first).toMatchObject({ failureClass: 'node-unreachable', nodes: ['frankfurt-h100', 'virginia-h200'] });
    expect(second).toMatchObject({ outcome: 'succeeded', nodes: ['frankfurt-h100', 'singapore-h100'] });
    const file = value(await test.core.invoke('runs.failureReceipt', { id, attempt: 1 }));
    const { payload } = JSON.parse(readFileSync(file.path, 'utf8')) as { payload: string };
    const { predicate } = JSON.parse(Buffer.from(payload, 'base64').toString('utf8')) as FailureStatement;
    expect(predicate.node.name).toBe('virginia-h200');
    expect(predicate.lastFrame?.node).toBe('virginia-h200');
    // The signed metrics of rank 0, and the checkpoint that the next attempt began from, say the same.
    expect(predicate.steps.metrics?.node).toBe('frankfurt-h100');
    const charted = value(
      await test.core.invoke('runs.series', { id, names: ['loss'], node: 'frankfurt-h100', maximumPoints: 2000 }),
    );
    expect(charted[0]?.points.some(({ x }) => Math.abs(x - predicate.steps.last) <= 10)).toBe(true);
    expect(predicate.steps.lost).toBe(predicate.steps.last - (second?.resumedFrom?.step ?? 0));
    expect(predicate.steps.last).toBe(first?.lastStep);
    expect(predicate.steps.lost).toBeGreaterThan(0);
    expect(run.log.some(({ line }) => line.startsWith('resumed from checkpoint-'))).toBe(true);

    // The pack has the chains of both attempts and all three nodes; its verification computes the lost steps from them again.
    const pack = value(await test.core.invoke('reports.exportPack', { runId: id }));
    const verdict = value(await test.core.invoke('reports.verifyPack', { path: pack.path }));
    expect(verdict.checks.filter(({ outcome }) => outcome === 'fail')).toEqual([]);
    expect(verdict.summary?.attempts?.[0]).toMatchObject({ node: 'virginia-h200', lostSteps: predicate.steps.lost });

    const accuracy = run.lastMetrics['held_out_accuracy'] ?? 0;
    expect(accuracy).toBeGreaterThanOrEqual(0.93);
    expect(run.nodes.find(({ name }) => name === refused)).toMatchObject({ trust: 'refused', keyReleased: false });
    const { entries } = value(
      await test.core.invoke('audit.list', { after: -1, limit: 1000, kinds: ['key-released'] }),
    );
    const released = entries.map(({ subject, details }) => `${String(details['rank'])} ${subject}`).toSorted();
    expect(released).toEqual(['0 frankfurt-h100', '0 frankfurt-h100', '1 singapore-h100', '1 virginia-h200']);
    const seconds = ((Date.parse(run.endedAt ?? '') - Date.parse(run.createdAt)) / 1000).toFixed(0);
    process.stdout.write(
      `two workers over Ray: killed one noticed after ${(noticed / 1000).toFixed(1)} s, ${predicate.steps.lost} steps lost, ` +
        `held-out accuracy ${accuracy.toFixed(4)} after ${seconds} s in all\n`,
    );
  }, 400_000);

  it('has no work for a node without a key, though Ray schedules on it', async () => {
    const client = value(await connectRay({ url: cluster.url, token: readFileSync(cluster.tokenPath, 'utf8') }));
    const driver = readFileSync('assets/python/ray_driver.py');
    const jobId = 'ab'.repeat(32);
    const plan = { jobId, workers: [{ node: refused, port: portOf(refused) }], ticket: 'cd'.repeat(32) };
    const submissionId = value(await submitWorkers(client, driver, plan));
    const lines: string[] = [];
    let status = '';
    const look = { submissionId, nodes: [refused] };
    const see: Parameters<typeof watchWorkers>[2] = (sight) => {
      status = sight.status;
      lines.push(...sight.lines);
    };
    await watchWorkers(client, look, see, AbortSignal.timeout(60_000));
    expect(status).toBe('FAILED');
    expect(lines.join('\n')).toContain('the agent beside rank 0 refused: There is no job abababababab');
    const only = { nodes: [refused], workers: { count: 1, minimum: 1 } };
    const run = await runEnd(test.core, await launch(only), 60_000);
    expect(run).toMatchObject({ state: 'failed', error: { code: 'attestation_failed' } });
    expect(run.attempts?.[0]?.nodes).toEqual([]);
    expect(run.cluster).toBeUndefined();
  }, 120_000);

  it('tells a script that exits with 1 from a node that is lost, and a node that is not there', async () => {
    const program = { type: 'command', command: ['sh', '-c', 'echo "no such optimizer" >&2; exit 1'] } as const;
    const run = await runEnd(
      test.core,
      await launch({ program: { ...program, command: [...program.command] } }),
      60_000,
    );
    expect(run).toMatchObject({ state: 'failed' });
    expect(run.attempts).toHaveLength(1);
    expect(run.attempts?.[0]).toMatchObject({ failureClass: 'job-failed' });
    expect(run.error?.message).toContain('1');
    await expect(launch({ nodes: ['virginia-h200', 'frankfurt-h100'] })).rejects.toThrow(/virginia-h200/);
    await expect(launch({ workers: { count: 1, minimum: 2 } })).rejects.toThrow(/workers/);
  }, 120_000);

  it('leaves a node on which Ray has no place for a worker, says why, and ends on others', async () => {
    // Ray's node beside frankfurt is full: its one CPU belongs to somebody else's job.
    const client = value(await connectRay({ url: cluster.url, token: readFileSync(cluster.tokenPath, 'utf8') }));
    const labels = { 'nacre-node': 'frankfurt-h100' };
    const taken = { entrypoint: 'sleep 300', submissionId: 'somebody-else', labels, cpus: 1 };
    const other = value(await client.submit(taken));
    await waitFor(async () => value(await client.job(other)).status === 'RUNNING', 60_000);
    const command = ['sh', '-c', 'echo \'{"step":1,"loss":1}\'; echo weights > "$OUTPUT_DIR/model.bin"'];
    const nodes = ['frankfurt-h100', 'singapore-h100'];
    const id = await launch({ program: { type: 'command', command }, nodes, workers: { count: 1, minimum: 1 } });
    await waitFor(async () => (await view(id)).attempts?.[0]?.from !== undefined, 60_000);
    const heldAt = Date.now();
    await waitFor(async () => (await view(id)).attempts?.[0]?.outcome === 'failed', 90_000);
    process.stdout.write(
      `a worker without a place was given up after ${((Date.now() - heldAt) / 1000).toFixed(1)} s\n`,
    );
    const run = await runEnd(test.core, id, 90_000);
    value(await client.stop(other));
    expect(run.error).toBeUndefined();
    const [first, second] = run.attempts ?? [];
    expect(first).toMatchObject({ failureClass: 'worker-not-started', nodes: ['frankfurt-h100'] });
    expect(first?.cause).toContain('Ray had no free place there within 25 s');
    expect(second).toMatchObject({ outcome: 'succeeded', nodes: ['singapore-h100'] });
    const file = value(await test.core.invoke('runs.failureReceipt', { id, attempt: 1 }));
    const { payload } = JSON.parse(readFileSync(file.path, 'utf8')) as { payload: string };
    const { predicate } = JSON.parse(Buffer.from(payload, 'base64').toString('utf8')) as FailureStatement;
    expect(predicate).toMatchObject({ failure: { class: 'worker-not-started' }, node: { name: 'frankfurt-h100' } });
    const pack = value(await test.core.invoke('reports.exportPack', { runId: id }));
    const verdict = value(await test.core.invoke('reports.verifyPack', { path: pack.path }));
    expect(verdict.checks.filter(({ outcome }) => outcome === 'fail')).toEqual([]);
  }, 300_000);

  it('shows a killed node as dead, in Ray’s own words, within 20 s', () => killRayNode(cluster, refused), 40_000);

  it('goes on when the dashboard goes down in the middle of a run', async () => {
    const id = await launch({}, '--epochs 8 --pause 1');
    await waitFor(async () => (await view(id)).checkpoints.length > 0, 60_000);
    process.kill(-cluster.head, 'SIGKILL');
    const run = await runEnd(test.core, id, 90_000);
    expect(run.error).toBeUndefined();
    expect(run).toMatchObject({ state: 'succeeded', cluster: { status: 'unknown' } });
    const list = value(await test.core.invoke('networks.list', {}));
    expect(list[0]).toMatchObject({ id: network, state: 'failed', error: { code: 'unavailable' } });
  }, 180_000);
});
