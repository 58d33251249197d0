import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FollowedRun, MlflowExport } from '../contract/mlflow.ts';
import type { RunView } from '../contract/views.ts';
import { createMlflowClient, type MlflowClient } from '../networks/mlflow/mlflow-client.ts';
import {
  openReadyCore,
  runEnd,
  startTestNetwork,
  taskEnd,
  value,
  waitFor,
  type TestCore,
  type TestNetwork,
} from './testing/harness.ts';
import { lossyWay, startMlflow, type LossyWay, type RealMlflow } from './testing/mlflow-server.ts';

const inCi = process.env['CI'] === 'true' || process.env['CI'] === '1';
const python = spawnSync('python3', [
  '-c',
  'import sys; sys.exit(0 if (3, 10) <= sys.version_info[:2] <= (3, 13) else 1)',
]);
const possible = process.platform !== 'win32' && python.status === 0;
if (!possible && !inCi) console.warn('The MLflow suite is left out: there is no Python 3.10 to 3.13 here.');

let network: TestNetwork;
let test: TestCore;
let server: RealMlflow;
let way: LossyWay;
let client: MlflowClient;
let serverId: string;
let run: RunView;

// Under CI the suite runs whatever is missing, and fails where it cannot.
describe.skipIf(!possible && !inCi)('a real MLflow server', () => {
  beforeAll(async () => {
    [network, server] = await Promise.all([startTestNetwork(), startMlflow()]);
    way = await lossyWay(server.url);
    client = createMlflowClient({ base: new URL(server.url), timeoutMs: 20_000 });
    test = await openReadyCore(network);
    serverId = value(await test.core.invoke('mlflow.connect', { url: way.url })).id;
    const { runId } = value(await test.core.invoke('jobs.launchSample', {}));
    run = await runEnd(test.core, runId, 60_000);
    expect(run.state).toBe('succeeded');
  }, 400_000);
  afterAll(async () => {
    await test.end();
    await way.close();
    await Promise.all([network.stop(), server.stop()]);
  }, 60_000);

  const exportRun = async (): Promise<MlflowExport> => {
    const task = await taskEnd(
      test.core,
      value(await test.core.invoke('mlflow.export', { runId: run.id, server: serverId })),
      60_000,
    );
    expect([task.state, task.error]).toEqual(['succeeded', undefined]);
    const [exported] = value(await test.core.invoke('mlflow.exports', { runId: run.id }));
    if (exported === undefined) throw new Error('nothing was exported');
    return exported;
  };
  const historyOf = async (mlflowRunId: string, key: string) => {
    const points = [];
    let token: string | undefined;
    do {
      const page = value(await client.history(mlflowRunId, key, token));
      points.push(...page.items);
      token = page.next;
    } while (token !== undefined);
    return points;
  };

  it('gets a run once, although answers are lost in the middle', async () => {
    way.lose = (path, count) =>
      (path.endsWith('/log-batch') && count % 3 === 2) || (path.endsWith('/runs/create') && count === 1);
    const exported = await exportRun();
    way.lose = () => false;
    expect(exported.complete).toBe(true);
    const there = value(await client.run(exported.mlflowRunId));
    expect(there).toMatchObject({ name: run.name, status: 'FINISHED', deleted: false });
    const all = value(await client.searchRuns({ experimentId: there.experimentId }));
    expect(all.items).toHaveLength(1);
    const [loss] = value(await test.core.invoke('runs.series', { id: run.id, names: ['loss'], maximumPoints: 2000 }));
    const history = await historyOf(exported.mlflowRunId, 'loss');
    expect(history).toHaveLength(loss?.raw ?? -1);
    expect(new Set(history.map(({ step }) => step)).size).toBe(history.length);
    let points = 0;
    for (const { key } of there.latest) points += (await historyOf(exported.mlflowRunId, key)).length;
    expect(points).toBe(exported.points);
    expect(there.latest.map(({ key }) => key)).toEqual(
      expect.arrayContaining(['loss', 'system/gpu_0_utilization_percentage']),
    );
  }, 120_000);

  it('holds digests and parameters, and nothing of the data', async () => {
    const [exported] = value(await test.core.invoke('mlflow.exports', { runId: run.id }));
    const answer = await fetch(`${server.url}api/2.0/mlflow/runs/get?run_id=${exported?.mlflowRunId ?? ''}`);
    const text = await answer.text();
    const { data } = (
      JSON.parse(text) as { run: { data: Record<'tags' | 'params', { key: string; value: string }[]> } }
    ).run;
    const tags = Object.fromEntries(data.tags.map(({ key, value: told }) => [key, told]));
    expect(tags).toMatchObject({
      'nacre.run_id': run.id,
      'nacre.order_sha256': run.jobId,
      'nacre.model_sha256': run.modelSha256,
      'nacre.receipt_sha256': run.receipt?.statementSha256,
      'nacre.simulated': 'SIMULATED hardware',
      'nacre.state': 'succeeded',
    });
    expect(data.params.map(({ key }) => key)).toEqual(expect.arrayContaining(['epochs', 'learning_rate', 'seed']));
    expect(run.draft.program).toMatchObject({ target: 'diagnosis' });
    expect(text).not.toContain('diagnosis');
    expect(text).not.toContain(test.profile);
  });

  it('is not told anything twice by a second export', async () => {
    const [before] = value(await test.core.invoke('mlflow.exports', { runId: run.id }));
    const batches = way.counts.get('/api/2.0/mlflow/runs/log-batch') ?? 0;
    const again = await exportRun();
    expect(again).toMatchObject({ mlflowRunId: before?.mlflowRunId, points: before?.points });
    // Parameters and tags only.
    expect((way.counts.get('/api/2.0/mlflow/runs/log-batch') ?? 0) - batches).toBe(2);
    const kinds = value(await test.core.invoke('app.activity', { limit: 100 })).filter(({ verb }) =>
      verb.includes('MLflow'),
    );
    expect(kinds.length).toBe(2);
  }, 60_000);

  it('is followed read-only: pages, NaN and infinities, an end, and times when it is away', async () => {
    const experimentId = value(await client.createExperiment('theirs'));
    const theirs = value(await client.createRun({ experimentId, name: 'their run', startTime: Date.now(), tags: [] }));
    const log = async (from: number, until: number) => {
      for (let at = from; at < until; at += 1000) {
        const metrics = Array.from({ length: Math.min(1000, until - at) }, (_, i) => ({
          key: 'loss',
          value: 1 / (at + i + 1),
          timestamp: 1_700_000_000_000 + at + i,
          step: at + i,
        }));
        value(await client.logBatch(theirs.runId, { metrics }));
      }
    };
    await log(0, 6000);
    const listed = value(await test.core.invoke('mlflow.runs', { server: serverId, experimentId }));
    expect(listed.runs).toMatchObject([{ runId: theirs.runId, name: 'their run', status: 'RUNNING' }]);

    const pushed: FollowedRun[] = [];
    const unsubscribe = test.core.subscribe('mlflow.changed', (view) => pushed.push(view));
    const writes = [...way.counts]
      .filter(([path]) => /create|log-|update|set-tag/.test(path))
      .map(([, count]) => count);
    const { id } = value(await test.core.invoke('mlflow.follow', { server: serverId, mlflowRunId: theirs.runId }));
    const view = async () => value(await test.core.invoke('mlflow.followed', {})).find((each) => each.id === id);
    await waitFor(async () => (await view())?.points === 6000);

    await log(6000, 6500);
    value(
      await client.logBatch(theirs.runId, {
        metrics: [
          { key: 'odd', value: Number.NaN, timestamp: 1, step: 0 },
          { key: 'odd', value: Number.POSITIVE_INFINITY, timestamp: 2, step: 1 },
          { key: 'odd', value: 3, timestamp: 3, step: 2 },
        ],
      }),
    );
    await waitFor(async () => (await view())?.points === 6503);
    const series = value(
      await test.core.invoke('mlflow.series', { id, names: ['loss', 'odd', 'none'], maximumPoints: 400 }),
    );
    expect(series.map(({ raw }) => raw)).toEqual([6500, 3, 0]);
    expect(series[1]?.points.find(({ x }) => x === 0)?.y).toBeNull();
    expect(series[1]?.points.at(-1)).toMatchObject({ x: 2, y: 3 });

    await server.kill();
    await waitFor(async () => (await view())?.state === 'waiting');
    expect((await view())?.error?.code).toBe('unavailable');
    expect((await view())?.points).toBe(6503);
    await server.start();
    // Logged late, with an earlier time: it lies between what was read before.
    value(await client.logBatch(theirs.runId, { metrics: [{ key: 'loss', value: 9, timestamp: 1, step: 7000 }] }));
    value(await client.updateRun(theirs.runId, 'FINISHED', Date.now()));
    await waitFor(async () => (await view())?.state === 'ended', 60_000);
    expect(await view()).toMatchObject({ status: 'FINISHED', points: 6504, truncated: false });
    expect(pushed.some(({ state }) => state === 'waiting')).toBe(true);
    unsubscribe();
    const writesNow = [...way.counts]
      .filter(([path]) => /create|log-|update|set-tag/.test(path))
      .map(([, count]) => count);
    expect(writesNow).toEqual(writes);
    expect(value(await test.core.invoke('mlflow.unfollow', { id }))).toBe(true);
    expect(await view()).toBeUndefined();
  }, 180_000);

  it('is refused where its address is dangerous or none of MLflow’s', async () => {
    const connect = async (url: string) => {
      const made = await test.core.invoke('mlflow.connect', { url });
      return made.ok ? 'connected' : made.error.code;
    };
    expect(await connect('http://tracking.example:5000')).toBe('not_permitted');
    expect(await connect('http://user:password@127.0.0.1:5000')).toBe('invalid_input');
    expect(await connect(`${server.url}nowhere/`)).not.toBe('connected');
  });
});
