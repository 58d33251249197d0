import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AgentClient } from '../networks/agent-client/agent-client.ts';
import { frameSchema } from '../contract/wire.ts';
import { openReadyCore, runEnd, startTestNetwork, value, type TestCore, type TestNetwork } from './testing/harness.ts';

let network: TestNetwork;
let test: TestCore;
/** When the worker wrote the metrics of a step, by its own clock: the same machine's. */
const written = new Map<number, number>();

/** Looks at frames on their way, before the core does. */
function watching(client: AgentClient): AgentClient {
  return {
    ...client,
    events: (jobId, from, onFrames, signal) =>
      client.events(
        jobId,
        from,
        (frames) => {
          for (const { body, at } of frames.map((frame) => frameSchema.parse(frame))) {
            if (body.kind === 'metric' && !written.has(body.step)) written.set(body.step, Date.parse(at));
          }
          return onFrames(frames);
        },
        signal,
      ),
  };
}

beforeAll(async () => {
  network = await startTestNetwork();
  test = await openReadyCore(network, { wrapClient: watching });
}, 120_000);
afterAll(async () => {
  await test.end();
  await network.stop();
});

it('the live curve is less than a second behind the worker', async () => {
  const lags: number[] = [];
  const stop = test.core.subscribe('run.changed', ({ lastStep, state }) => {
    const at = written.get(lastStep);
    if (state === 'running' && at !== undefined) lags.push(Date.now() - at);
  });
  const { runId } = value(await test.core.invoke('jobs.launchSample', {}));
  const run = await runEnd(test.core, runId, 60_000);
  stop();
  expect(run.state).toBe('succeeded');
  expect(lags.length).toBeGreaterThan(3);
  const sorted = lags.toSorted((a, b) => a - b);
  expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(1000);
}, 90_000);
