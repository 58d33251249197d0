import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createArtifactFolder } from './artifact-folder.ts';
import { parseFilter, parseOrder } from './search.ts';
import { startTrackingServer, type TrackingServer } from './tracking-server.ts';
import { createTrackingStore, latest, trackingLimits, type MetricPoint } from './tracking-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'nacre-mlflow-'));
const logged: MetricPoint[] = [];
let time = 1_000;
let drawn = 0;
const store = createTrackingStore({
  clock: () => (time += 1),
  random: (bytes) => new Uint8Array(bytes).fill((drawn += 1)),
  onMetrics: (points) => void logged.push(...points),
});
let server: TrackingServer;

beforeAll(async () => {
  const artifacts = createArtifactFolder(join(folder, 'artifacts'));
  server = await startTrackingServer({ store, artifacts, random: (bytes) => new Uint8Array(bytes).fill(9) });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function call(method: string, path: string, body?: unknown, token = server.token) {
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, json: (text === '' ? {} : JSON.parse(text)) as Record<string, never> };
}
const api = (name: string) => `/api/2.0/mlflow/${name}`;
const newRun = async (name: string): Promise<string> => {
  const { json } = await call('POST', api('runs/create'), { experiment_id: '0', run_name: name });
  return (json['run'] as unknown as { info: { run_id: string } }).info.run_id;
};

describe('the tracking server of a job', () => {
  it('opens for the token of the job alone', async () => {
    for (const token of ['', 'wrong', server.token.slice(0, -1), `${server.token}x`]) {
      const { status, json } = await call('POST', api('experiments/search'), {}, token);
      expect([status, json['error_code']]).toEqual([401, 'UNAUTHENTICATED']);
    }
    expect((await call('POST', api('experiments/search'), {})).status).toBe(200);
  });

  it('charts the first run under plain names and others under their own', async () => {
    const [first, second] = [await newRun('first'), await newRun('second')];
    logged.length = 0;
    await call('POST', api('runs/log-metric'), { run_id: first, key: 'loss', value: 0.5, timestamp: 1, step: 3 });
    await call('POST', api('runs/log-batch'), {
      run_id: second,
      metrics: [{ key: 'loss', value: 'NaN', timestamp: '2', step: '4' }],
    });
    expect(logged).toEqual([
      { key: 'loss', value: 0.5, timestamp: 1, step: 3 },
      { key: 'second/loss', value: Number.NaN, timestamp: 2, step: 4 },
    ]);
    const { json } = await call('GET', `${api('runs/get')}?run_id=${second}`);
    expect(json['run']).toMatchObject({ data: { metrics: [{ key: 'loss', value: 'NaN', step: 4 }] } });
  });

  it('pages the history of a metric', async () => {
    const id = await newRun('pages');
    const metrics = Array.from({ length: 5 }, (_, step) => ({ key: 'x', value: step, timestamp: 1, step }));
    await call('POST', api('runs/log-batch'), { run_id: id, metrics });
    const at = `${api('metrics/get-history')}?run_id=${id}&metric_key=x&max_results=3`;
    const { json } = await call('GET', at);
    expect(json['metrics']).toHaveLength(3);
    expect(json['next_page_token']).toBe('3');
    expect((await call('GET', `${at}&page_token=3`)).json['metrics']).toHaveLength(2);
  });

  it.each([
    ['a step below 0', { metrics: [{ key: 'x', value: 1, timestamp: 1, step: -1 }] }],
    ['a figure that is a word', { metrics: [{ key: 'x', value: 'much', timestamp: 1, step: 1 }] }],
    ['a key without a name', { params: [{ key: '', value: 'a' }] }],
    ['a value without end', { params: [{ key: 'a', value: 'x'.repeat(trackingLimits.valueCharacters + 1) }] }],
  ])('refuses %s and keeps nothing of the batch', async (_, batch) => {
    const id = await newRun('refused');
    logged.length = 0;
    const { status, json } = await call('POST', api('runs/log-batch'), {
      run_id: id,
      tags: [{ key: 't', value: 'v' }],
      ...batch,
    });
    expect([status, json['error_code']]).toEqual([400, 'INVALID_PARAMETER_VALUE']);
    expect(logged).toEqual([]);
    const found = store.run(id);
    expect(found.ok && found.value.tags.has('t')).toBe(false);
  });

  it('logs a parameter once', async () => {
    const id = await newRun('parameters');
    const log = (value: string) => call('POST', api('runs/log-parameter'), { run_id: id, key: 'lr', value });
    expect((await log('0.1')).status).toBe(200);
    expect((await log('0.1')).status).toBe(200);
    expect((await log('0.2')).status).toBe(400);
  });

  it.each(['..%2f..%2fescape', '%2e%2e/escape', 'a%00b', 'a/../../../escape', '%zz'])(
    'keeps %s out of the disk',
    async (path) => {
      const { status } = await call('PUT', `/api/2.0/mlflow-artifacts/artifacts/${path}`, 'x');
      // The URL parser takes plain dots away by itself: what is left names nothing here.
      expect([400, 404]).toContain(status);
    },
  );

  it('keeps artifacts byte for byte', async () => {
    await call('PUT', '/api/2.0/mlflow-artifacts/artifacts/0/r/artifacts/sub/a%20b.txt', 'hello');
    expect(readFileSync(join(folder, 'artifacts/0/r/artifacts/sub/a b.txt'), 'utf8')).toBe('hello');
    const { json } = await call('GET', '/api/2.0/mlflow-artifacts/artifacts?path=0/r/artifacts/sub');
    expect(json['files']).toEqual([{ path: 'a b.txt', is_dir: false, file_size: 5 }]);
  });

  it('says what it does not serve, and survives bodies that are none', async () => {
    expect((await call('POST', api('registered-models/create'), {})).json['error_code']).toBe('ENDPOINT_NOT_FOUND');
    expect((await call('POST', api('runs/create'), '{')).status).toBe(400);
    expect((await call('POST', api('runs/create'), ' '.repeat(5 * 1024 ** 2))).status).toBe(400);
    expect((await call('GET', `${api('runs/get')}?run_id=nobody`)).json['error_code']).toBe('RESOURCE_DOES_NOT_EXIST');
  });
});

describe('filters', () => {
  const run = () => {
    const found = store.runs()[0];
    if (found === undefined) throw new Error('there is a run');
    return found;
  };
  it.each([
    ['metrics.loss < 0.6', true],
    ["metrics.loss < 0.6 and attributes.status = 'RUNNING'", true],
    ["metrics.loss < 0.6 AND run_name != 'first'", false],
    ['metrics.missing < 0.6', false],
    ["tags.`mlflow.runName` = 'first'", true],
    ['', true],
  ])('%s is %s', (filter, expected) => {
    const test = parseFilter(filter);
    expect(test.ok && test.value(run())).toBe(expected);
  });

  it.each(["metrics.loss < 'a'", 'tags.a LIKE 1', "attributes.status = 'A' or 1", 'metrics.'])(
    '%s is refused',
    (filter) => {
      expect(parseFilter(filter).ok).toBe(false);
    },
  );

  it('survive any text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        expect(typeof parseFilter(text).ok).toBe('boolean');
        expect(typeof parseOrder([text]).ok).toBe('boolean');
      }),
    );
  });

  it('take the last point of the last step as the value', () => {
    const point = (step: number, value: number) => ({ key: 'x', value, timestamp: 0, step });
    expect(latest([point(1, 1), point(3, 2), point(3, 4), point(2, 9)])?.value).toBe(4);
  });
});
