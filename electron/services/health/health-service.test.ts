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
});
