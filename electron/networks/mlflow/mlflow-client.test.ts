import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { metricKey, pointIdentity, pointsOf } from '../../domain/mlflow/export-points.ts';
import { createMlflowClient } from './mlflow-client.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function clientOf(listener: RequestListener, credentials?: { user?: string; secret: string }) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const base = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/below/`);
  return createMlflowClient({ base, timeoutMs: 400, ...(credentials === undefined ? {} : { credentials }) });
}

describe('an MLflow server', () => {
  it.each([
    ['a web page', 200, '<!doctype html><title>Sign in</title>', 'damaged'],
    ['a web page with 500', 500, '<html>Oops</html>', 'unavailable'],
    ['500', 500, '{"error_code":"INTERNAL_ERROR","message":"no"}', 'unavailable'],
    ['another form', 200, '{"run":{"info":{"run_id":"../../x"}}}', 'damaged'],
    ['no JSON', 200, 'mlflow', 'damaged'],
    ['401', 401, '', 'not_permitted'],
    ['what it does not have', 404, '{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"no"}', 'not_found'],
    ['what it has already', 400, '{"error_code":"RESOURCE_ALREADY_EXISTS","message":"no"}', 'already_exists'],
    ['another address', 302, '', 'unavailable'],
  ])('that answers %s is said to, and says no secret', async (_, status, text, code) => {
    const client = await clientOf(
      (request, response) => {
        request.resume();
        response.writeHead(status, { location: 'http://169.254.169.254/' }).end(text);
      },
      { secret: 'very-secret' },
    );
    const found = await client.run('abc');
    expect(found.ok ? '' : found.error.code).toBe(code);
    expect(JSON.stringify(found)).not.toContain('very-secret');
  });

  it('that is slow ends in a timeout', async () => {
    const client = await clientOf(() => undefined);
    const found = await client.experiments();
    expect(found.ok ? '' : found.error.code).toBe('timeout');
  });

  it('gets password or token in a header, never in the address', async () => {
    const seen: string[] = [];
    const listener: RequestListener = (request, response) => {
      seen.push(`${request.url ?? ''} ${request.headers.authorization ?? ''}`);
      response.end('{"experiments":[]}');
    };
    await (await clientOf(listener, { secret: 'token' })).experiments();
    await (await clientOf(listener, { user: 'me', secret: 'word' })).experiments();
    expect(seen).toEqual([
      '/below/api/2.0/mlflow/experiments/search Bearer token',
      `/below/api/2.0/mlflow/experiments/search Basic ${Buffer.from('me:word').toString('base64')}`,
    ]);
  });
});

describe('points', () => {
  it('keep NaN and infinities by name, and are the same each time', () => {
    const frame = {
      version: 1 as const,
      jobId: 'ab'.repeat(32),
      node: 'one',
      sequence: 4,
      previous: '00'.repeat(32),
      at: '2026-11-22T10:00:00.000Z',
      body: { kind: 'metric' as const, step: 3, values: { loss: 1 }, nonFinite: { other: '-Infinity' as const } },
      signature: '',
    };
    const points = pointsOf(frame, 'worker-1');
    expect(points.map(({ key, value }) => [key, value])).toEqual([
      ['worker-1/loss', 1],
      ['worker-1/other', Number.NEGATIVE_INFINITY],
    ]);
    expect(pointsOf(frame, 'worker-1').map(pointIdentity)).toEqual(points.map(pointIdentity));
    const stored = { ...points[1], value: -Number.MAX_VALUE } as (typeof points)[number];
    expect(pointIdentity(stored)).toBe(pointIdentity(points[1] as (typeof points)[number]));
  });

  it('have names that MLflow takes, and different names stay different', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 400 }),
        fc.string({ unit: 'binary', maxLength: 400 }),
        (a, b) => {
          const key = metricKey(a);
          expect(key).toMatch(/^[\w\-. :/]{1,250}$/);
          expect(key.split('/').every((part) => part !== '' && part !== '.' && part !== '..')).toBe(true);
          return a === b || key !== metricKey(b);
        },
      ),
    );
  });
});
