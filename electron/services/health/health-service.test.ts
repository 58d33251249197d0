import { afterEach, describe, expect, it } from 'vitest';
import type { NodeHealth } from '../../contract/health.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { parseExposition, type Sample } from '../../domain/health/exposition.ts';
import { createHealthService, type HealthService, type Scrape } from './health-service.ts';

let time = 1_000_000;
let service: HealthService | undefined;
afterEach(async () => {
  await service?.close();
});

const samplesOf = (text: string): readonly Sample[] => {
  const parsed = parseExposition(text);
  return parsed.ok ? parsed.value.samples : [];
};
const line = (celsius: number, uuid = 'GPU-a') =>
  samplesOf(`DCGM_FI_DEV_GPU_TEMP{gpu="0",UUID="${uuid}",DCGM_FI_DRIVER_VERSION="1"} ${celsius}`);

function make(ask: () => Promise<Result<Scrape[]>> = async () => ok([])) {
  const changes: NodeHealth[] = [];
  service = createHealthService({
    clock: () => time,
    nodes: () => ['one', 'two'],
    attested: (node) => (node === 'one' ? { uuids: ['GPU-a'], drivers: ['1'] } : undefined),
    ask,
    onChange: (view) => changes.push(view),
    pollMs: 5,
  });
  return { service, changes };
}
const view = (of: HealthService, node = 'one'): NodeHealth => {
  const found = of.get(node);
  if (!found.ok) throw new Error(found.error.message);
  return found.value;
};

describe('health of nodes', () => {
  it('shows what the agent says, and that another GPU is charted than was attested', () => {
    const made = make();
    expect(view(made.service)).toMatchObject({ state: 'never', gpus: [], worst: 'none' });
    made.service.record('one', ok(line(40)));
    expect(view(made.service)).toMatchObject({ state: 'fresh', source: 'agent', worst: 'none' });
    expect(view(made.service).identity.map(({ outcome }) => outcome)).toEqual(['pass', 'pass', 'pass']);
    made.service.record('one', ok(line(40, 'GPU-x')));
    expect(view(made.service).alerts.map(({ id, level }) => [id, level])).toEqual([['identity.uuid', 'critical']]);
    expect(made.changes.at(-1)?.worst).toBe('critical');
  });

  it('says that figures are stale, and why; a gap in the chart is a gap', () => {
    const made = make();
    made.service.record('one', ok(line(40)));
    time += 10_000;
    made.service.record('one', err('timeout', 'It did not answer.'));
    expect(view(made.service)).toMatchObject({ state: 'fresh', error: { code: 'timeout' } });
    time += 10_000;
    expect(view(made.service)).toMatchObject({ state: 'stale', worst: 'warning' });
    expect(view(made.service).alerts[0]?.detail).toContain('It did not answer.');
    time += 1000;
    made.service.record('one', ok(line(41)));
    expect(view(made.service)).toMatchObject({ state: 'fresh', worst: 'none' });
    const drawn = made.service.series('one', ['DCGM_FI_DEV_GPU_TEMP', 'DCGM_FI_DEV_POWER_USAGE'], 100);
    expect(drawn.ok && drawn.value[0]?.series.map(({ points }) => points.map(({ y }) => y))).toEqual([
      [40, null, 41],
      [],
    ]);
    expect(made.service.get('three').ok).toBe(false);
  });

  it('asks an added source, prefers it to the agent, backs off when it fails, and forgets it', async () => {
    let fails = false;
    let asked = 0;
    const made = make(async () => {
      asked += 1;
      return fails ? err('unavailable', 'gone') : ok([{ node: 'one', samples: line(90), takenAt: time }]);
    });
    made.service.record('one', ok(line(40)));
    made.service.setSources([{ id: 's', kind: 'exporter', url: 'https://x/', accepted: [], node: 'one' }]);
    await expect.poll(() => view(made.service).source).toBe('s');
    expect(view(made.service)).toMatchObject({ worst: 'warning' });
    expect(made.service.sources()).toMatchObject([{ id: 's', state: 'answering' }]);
    fails = true;
    await expect.poll(() => made.service.sources()[0]?.state).toBe('failed');
    asked = 0;
    await new Promise((wake) => setTimeout(wake, 120));
    expect(asked).toBeLessThan(8);
    made.service.setSources([]);
    expect(view(made.service)).toMatchObject({ source: 'agent', worst: 'none' });
  });

  it('takes the machine from a node exporter and the GPUs from the agent; each source that dies is said for itself', async () => {
    const host = samplesOf('node_load1 3\nnode_memory_MemTotal_bytes 8');
    let fails = false;
    const made = make(async () =>
      fails ? err('unavailable', 'gone') : ok([{ node: 'one', samples: host, takenAt: time, simulated: true }]),
    );
    made.service.record('one', ok(line(40)));
    made.service.setSources([{ id: 'machine', kind: 'exporter', url: 'https://x/', accepted: [], node: 'one' }]);
    await expect.poll(() => view(made.service).host['node_load1']).toBe(3);
    expect(view(made.service)).toMatchObject({
      source: 'agent',
      simulated: true,
      state: 'fresh',
      hostFrom: { source: 'machine', state: 'fresh' },
      gpus: [{ fields: { DCGM_FI_DEV_GPU_TEMP: 40 } }],
    });
    fails = true;
    const last = new Date(time).toISOString().slice(11, 19);
    await expect.poll(() => made.service.sources()[0]?.state).toBe('failed');
    time += 20_000;
    made.service.record('one', ok(line(41)));
    expect(view(made.service)).toMatchObject({ state: 'fresh', hostFrom: { state: 'stale' }, worst: 'warning' });
    expect(view(made.service).alerts.map(({ title }) => title)).toEqual([
      `figures of the machine are stale, the last of ${last} UTC`,
    ]);
  });

  it('does not let the agent speak for an added source that died or no longer names a GPU', async () => {
    let answer: Result<Scrape[]> = ok([{ node: 'one', samples: line(50), takenAt: time }]);
    const made = make(async () => answer);
    made.service.record('one', ok(line(40)));
    made.service.setSources([{ id: 's', kind: 'exporter', url: 'https://x/', accepted: [], node: 'one' }]);
    await expect.poll(() => view(made.service).source).toBe('s');
    answer = ok([{ node: 'one', samples: samplesOf('node_load1 1'), takenAt: time }]);
    await expect.poll(() => view(made.service).gpus).toEqual([]);
    expect(view(made.service).identity.map(({ outcome }) => outcome)).toEqual(['unknown', 'unknown', 'unknown']);
    answer = err('unavailable', 'gone');
    await expect.poll(() => made.service.sources()[0]?.state).toBe('failed');
    time += 20_000;
    made.service.record('one', ok(line(40)));
    expect(view(made.service)).toMatchObject({ source: 's', state: 'stale' });
  });

  it('asks a failed source at once when told to, and at the usual pace again when it answers', async () => {
    let asked = 0;
    let fails = true;
    const made = make(async () => {
      asked += 1;
      return fails ? err('unavailable', 'gone') : ok([{ node: 'one', samples: line(50), takenAt: time }]);
    });
    made.service.setSources([{ id: 's', kind: 'exporter', url: 'https://x/', accepted: [], node: 'one' }]);
    await expect.poll(() => asked).toBeGreaterThan(4);
    fails = false;
    const found = await made.service.askNow('s');
    expect(found.ok && found.value).toMatchObject({ id: 's', state: 'answering' });
    const before = asked;
    await expect.poll(() => asked - before).toBeGreaterThan(3);
    expect((await made.service.askNow('other')).ok).toBe(false);
  });
});
