import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { JobDraft } from '../../contract/job.ts';
import type { Directory } from '../../contract/wire.ts';
import { NetworkProcess } from '../../localnet/testing/network-process.ts';
import { agentPid } from '../testing/agent-pid.ts';
import { openReadyCore, runEnd, taskEnd, value, waitFor, type TestCore } from '../testing/harness.ts';

/** Several workers on the local network, where the desk starts them; on Ray see core/ray-run.integration.test.ts. */
let folder = '';
let network: NetworkProcess;
let directory: Directory;
let test: TestCore;
let datasetId = '';

/** Rank 0 counts steps and writes checkpoints; the others are there. Ten seconds, less what it resumes from. */
const program = `
echo "rank $RANK of $WORLD_SIZE at $MASTER_ADDR:$MASTER_PORT"
step=\${RESUME_STEP:-0}
while [ $step -lt 100 ]; do
  step=$((step + 1))
  if [ "$RANK" = 0 ]; then
    echo "{\\"step\\":$step,\\"loss\\":1}"
    if [ $((step % 20)) = 0 ]; then echo $step > "$CHECKPOINT_DIR/at-$step"; fi
  fi
  sleep 0.1
done
if [ "$RANK" = 0 ]; then echo done > "$OUTPUT_DIR/model"; fi
`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nacre-workers-'));
  network = new NetworkProcess(folder);
  directory = await network.directory();
  test = await openReadyCore({ directory: join(folder, 'directory.json') } as Parameters<typeof openReadyCore>[0], {
    timeouts: { connectMs: 2000, idleMs: 5000, slowMs: 1500 },
    silenceMs: 4000,
  });
  const seal = { path: 'assets/data/digits.csv', name: 'digits', target: 'digit' };
  datasetId = (await taskEnd(test.core, value(await test.core.invoke('datasets.seal', seal)))).resultId ?? '';
}, 120_000);
afterAll(async () => {
  await test?.end();
  network.send({ command: 'stop', wipe: true });
  await network.exited;
  await rm(folder, { recursive: true, force: true });
}, 60_000);

async function launch(nodes: string[], workers: NonNullable<JobDraft['workers']>): Promise<string> {
  const draft: JobDraft = {
    name: `together on ${nodes.join(', ')}`,
    datasetId,
    program: { type: 'command', command: ['sh', '-c', program] },
    nodes,
    policyId: 'default',
    budget: { maximumUsd: 5, maximumSeconds: 120 },
    checkpointEverySteps: 20,
    evidenceRenewSeconds: 5,
    workers,
  };
  return value(await test.core.invoke('jobs.launch', { draft })).runId;
}

const view = async (id: string) => value(await test.core.invoke('runs.get', { id }));
const releasesOf = async (jobId: string) =>
  value(await test.core.invoke('audit.list', { after: -1, limit: 1000, kinds: ['key-released'] })).entries.filter(
    ({ details }) => details['jobId'] === jobId,
  );

it('trains on two attested nodes: a key, a rank and a receipt each; one refused node gets none of them', async () => {
  const id = await launch(['tokyo-h100', 'frankfurt-h100', 'singapore-h100'], { count: 2, minimum: 2 });
  const run = await runEnd(test.core, id, 60_000);
  expect(run.error).toBeUndefined();
  expect(run.state).toBe('succeeded');
  expect(run.attempts?.[0]?.nodes).toEqual(['frankfurt-h100', 'singapore-h100']);
  expect(run.workers).toMatchObject([
    { rank: 0, node: 'frankfurt-h100', state: 'succeeded' },
    { rank: 1, node: 'singapore-h100', state: 'succeeded' },
  ]);
  for (const { lastSignedAt } of run.workers ?? []) expect(Date.parse(lastSignedAt ?? '')).not.toBeNaN();
  const said = run.log.flatMap(({ node, line }) => (line.startsWith('rank') ? [`${node}: ${line}`] : []));
  expect(said).toHaveLength(2);
  expect(said.find((line) => line.startsWith('frankfurt'))).toMatch(/rank 0 of 2 at 127\.0\.0\.1:\d+$/);
  expect(said.find((line) => line.startsWith('singapore'))).toMatch(/rank 1 of 2/);
  expect((await releasesOf(run.jobId)).map(({ subject }) => subject).toSorted()).toEqual(run.attempts?.[0]?.nodes);
  expect(run.nodes.find(({ name }) => name === 'tokyo-h100')).toMatchObject({ trust: 'refused', keyReleased: false });
  expect(run.usdPerHour).toBeCloseTo(2.85 + 3.1);
  const pack = value(await test.core.invoke('reports.exportPack', { runId: id }));
  const verdict = value(await test.core.invoke('reports.verifyPack', { path: pack.path }));
  expect(verdict.checks.filter(({ outcome }) => outcome === 'fail')).toEqual([]);
  expect(verdict.checks.find(({ id }) => id === 'worker.1')).toMatchObject({ outcome: 'pass' });
  expect(verdict.summary?.nodes).toEqual(expect.arrayContaining(['frankfurt-h100', 'singapore-h100']));
}, 90_000);

it('goes on alone when the other worker is killed and the order allows it', async () => {
  const lost = directory.nodes.find(({ name }) => name === 'singapore-h100')?.url ?? '';
  const pid = await agentPid(network.child.pid, lost);
  const id = await launch(['frankfurt-h100', 'singapore-h100'], { count: 2, minimum: 1 });
  await waitFor(async () => (await view(id)).checkpoints.length > 0, 40_000);
  const killedAt = Date.now();
  process.kill(pid, 'SIGKILL');
  await waitFor(async () => (await view(id)).attempts?.[0]?.outcome === 'failed', 30_000);
  expect(Date.now() - killedAt).toBeLessThan(20_000);
  const run = await runEnd(test.core, id, 60_000);
  expect(run.error).toBeUndefined();
  const [first, second] = run.attempts ?? [];
  expect(first).toMatchObject({ failureClass: 'node-unreachable', nodes: ['frankfurt-h100', 'singapore-h100'] });
  expect(first?.cause).toContain('singapore-h100');
  expect(second).toMatchObject({ outcome: 'succeeded', nodes: ['frankfurt-h100'] });
  expect(run.workers).toMatchObject([{ rank: 0, node: 'frankfurt-h100', state: 'succeeded' }]);
  expect(second?.resumedFrom?.step).toBe((first?.lastStep ?? 0) - (first?.lostSteps ?? 0));
  expect(run.log.some(({ line }) => line.startsWith('rank 0 of 1'))).toBe(true);
}, 120_000);
