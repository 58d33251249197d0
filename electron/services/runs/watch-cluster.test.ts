import { describe, expect, it } from 'vitest';
import type { NacreError } from '../../contract/result.ts';
import type { ClusterSighting, RunPorts } from './ports.ts';
import { sleep } from './retry.ts';
import type { RunState } from './run-state.ts';
import { watchCluster } from './watch-cluster.ts';

type Worker = { rank: number; node: string; state: string };

/** A scheduler that says one thing and ends; what the nodes signed is in `workers`. */
async function told(sighting: Partial<ClusterSighting>, workers: Worker[]): Promise<NacreError | undefined> {
  const view = {
    cluster: { network: 'n', submissionId: 's', status: 'RUNNING', nodes: workers.map(({ node }) => ({ node })) },
    workers,
    log: [],
  };
  const state = {
    record: { view },
    change: (work: (record: { view: typeof view }) => void) => work({ view }),
    event: () => undefined,
  } as unknown as RunState;
  const seen: ClusterSighting = { status: 'FAILED', nodes: [], lines: [], ...sighting };
  const clusters = { watch: async (_: string, __: unknown, onSight: (s: ClusterSighting) => void) => onSight(seen) };
  const stop = new AbortController();
  let error: NacreError | undefined;
  const ports = { clock: Date.now, clusters } as unknown as RunPorts;
  await watchCluster(state, ports, (found) => void (error = found), stop.signal);
  await sleep(2800, stop.signal);
  stop.abort();
  return error;
}

describe.concurrent('a scheduler that gives up', () => {
  it('before a worker signed that it runs ends the attempt, with its own reason and the node that it names', async () => {
    const lines = ['rank 0 began on a', 'rank 1 on b could not begin: Ray had no free place there within 25 s'];
    const workers = [
      { rank: 0, node: 'a', state: 'accepted' },
      { rank: 1, node: 'b', state: 'accepted' },
    ];
    const error = await told({ lines }, workers);
    expect(error?.details).toEqual({ node: 'b', failureClass: 'worker-not-started' });
    expect(error?.message).toContain('Ray says: Ray had no free place there within 25 s');
  });

  it('without a word of its driver is quoted by the message of the job', async () => {
    const message = 'runtime_env setup failed: no such package';
    const error = await told({ message }, [{ rank: 0, node: 'a', state: 'accepted' }]);
    expect(error).toMatchObject({ message: expect.stringContaining(message), details: { node: 'a' } });
  });

  it('cannot end what the nodes sign that they do, nor blame a node that runs', async () => {
    const lines = ['rank 0 on a could not begin: it says so'];
    expect(await told({ lines }, [{ rank: 0, node: 'a', state: 'running' }])).toBeUndefined();
    const mixed = [
      { rank: 0, node: 'a', state: 'running' },
      { rank: 1, node: 'b', state: 'accepted' },
    ];
    expect((await told({ lines }, mixed))?.details?.['node']).toBe('b');
  });
});
