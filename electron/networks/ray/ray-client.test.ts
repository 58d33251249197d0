import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { isLoopback, parseRayAddress } from './address.ts';
import { LogRing } from './log-tail.ts';
import { buildPackage, packageLimit } from './package.ts';
import { connectRay } from './ray-client.ts';

const token = 'f00d'.repeat(16);
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

type Reply = (request: IncomingMessage, response: ServerResponse) => void;

/** A server that gives what Ray 2.60 was recorded to give, unless a test says otherwise. */
async function dashboard(changes: Readonly<Record<string, Reply>> = {}): Promise<string> {
  const recorded: Record<string, Reply> = {
    '/api/authentication_mode': (_, response) => response.end('{"authentication_mode": "token"}'),
    '/api/version': (request, response) => {
      const given = request.headers.authorization;
      if (given === undefined) response.writeHead(401).end('Unauthorized: Missing authentication token');
      else if (given !== `Bearer ${token}`) response.writeHead(403).end('Forbidden: Invalid authentication token');
      else response.end('{"version": "4", "ray_version": "2.60.0", "ray_commit": "b7f4", "session_name": "session_x"}');
    },
  };
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const reply = changes[path] ?? recorded[path];
    if (reply === undefined) response.writeHead(404).end('404: Not Found');
    else reply(request, response);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const codeOf = (result: { ok: boolean; error?: { code: string } }) => (result.ok ? 'ok' : result.error?.code);

describe('connecting', () => {
  it('names a missing and a wrong token, and never says which token it was', async () => {
    const url = await dashboard();
    const missing = await connectRay({ url });
    expect(missing.ok ? '' : missing.error.details?.['reason']).toBe('token-missing');
    const wrong = await connectRay({ url, token: 'secret-but-wrong' });
    expect(wrong.ok ? '' : wrong.error.details?.['reason']).toBe('token-wrong');
    expect(JSON.stringify(wrong)).not.toContain('secret-but-wrong');
    expect((await connectRay({ url, token })).ok).toBe(true);
  });

  it('refuses plain http to another machine before anything is sent, with the reason', async () => {
    const refused = await connectRay({ url: 'http://192.0.2.7:8265', token, timeoutMs: 200 });
    expect(codeOf(refused)).toBe('denied_by_policy');
    expect(refused.ok ? '' : refused.error.message).toContain('runs code on every node');
    const accepted = await connectRay({
      url: 'http://192.0.2.7:8265',
      token,
      timeoutMs: 200,
      accepted: ['plain-http'],
    });
    expect(['timeout', 'unavailable']).toContain(codeOf(accepted));
  });

  it('refuses a dashboard without authentication, also one that only says it has some', async () => {
    const version = (_: IncomingMessage, response: ServerResponse) =>
      void response.end('{"version": "4", "ray_version": "2.44.1"}');
    const disabled = {
      '/api/authentication_mode': (_: IncomingMessage, r: ServerResponse) => void r.writeHead(404).end(),
    };
    for (const changes of [{ '/api/version': version }, { '/api/version': version, ...disabled }]) {
      const url = await dashboard(changes);
      const refused = await connectRay({ url, token });
      expect(refused.ok ? '' : refused.error.message).toContain('remote code execution');
      const accepted = await connectRay({ url, accepted: ['no-authentication'] });
      expect(accepted.ok && accepted.value.dangers).toEqual(['no-authentication']);
    }
  });

  it('does not follow a redirect, where the token would go along', async () => {
    let asked = 0;
    const elsewhere = await dashboard({ '/api/version': (_, response) => void (asked++, response.end('{}')) });
    const url = await dashboard({
      '/api/version': (request, response) =>
        request.headers.authorization === undefined
          ? response.writeHead(401).end()
          : response.writeHead(307, { location: `${elsewhere}/api/version` }).end(),
    });
    expect(codeOf(await connectRay({ url, token }))).toBe('unavailable');
    expect(asked).toBe(0);
  });

  it('survives garbage, endless answers, silence, and nobody there', async () => {
    const garbage = await dashboard({ '/api/authentication_mode': (_, r) => void r.end('<html>\0\xff') });
    expect(codeOf(await connectRay({ url: garbage, token }))).toBe('damaged');
    const endless = await dashboard({
      '/api/authentication_mode': (_, response) => {
        const piece = Buffer.alloc(1024 ** 2, 0x20);
        const more = (): void => void response.write(piece, (error) => error ?? more());
        more();
      },
    });
    expect(codeOf(await connectRay({ url: endless, token }))).toBe('damaged');
    const silent = await dashboard({ '/api/authentication_mode': () => undefined });
    expect(codeOf(await connectRay({ url: silent, token, timeoutMs: 150 }))).toBe('timeout');
    const stop = AbortSignal.timeout(50);
    expect(codeOf(await connectRay({ url: silent, token }, stop))).toBe('cancelled');
    const gone = await dashboard();
    await closing.pop()?.();
    const down = await connectRay({ url: gone, token });
    expect(down.ok ? '' : down.error.message).toContain('ECONNREFUSED');
  });
});

describe('a package over the size limit', () => {
  it('is refused with its size before anything is asked or sent', async () => {
    const asked: string[] = [];
    const note: Reply = (request, response) => {
      asked.push(`${request.method ?? ''} ${request.url ?? ''}`);
      response.writeHead(404).end();
    };
    const small = [{ path: 'train.py', bytes: new Uint8Array(10) }];
    const large = [{ path: 'data.bin', bytes: new Uint8Array(packageLimit + 1) }];
    const made = buildPackage(small);
    const url = await dashboard({ [`/api/packages/gcs/${made.ok ? made.value.name : ''}`]: note });
    const client = await connectRay({ url, token });
    if (!client.ok) throw new Error(client.error.message);
    const refused = await client.value.upload(large);
    expect(refused).toMatchObject({
      error: { code: 'invalid_input', message: expect.stringContaining('100.0 MiB; 100 MiB is the most') },
    });
    expect(refused.ok ? '' : refused.error.hint).toContain('sealed');
    expect(asked).toEqual([]);
    // The watch is real: a package that fits is asked for and sent.
    await client.value.upload(small);
    expect(asked.map((line) => line.split(' ')[0])).toEqual(['GET', 'PUT']);
  });

  it('by the limit of a cluster that allows less is told in its own words', async () => {
    const files = [{ path: 'train.py', bytes: new Uint8Array(1000) }];
    const made = buildPackage(files);
    const path = `/api/packages/gcs/${made.ok ? made.value.name : ''}`;
    const words = 'ValueError: Package size (1000B) exceeds the maximum size of 512B.';
    const url = await dashboard({
      [path]: ({ method }, response) => {
        if (method === 'GET') response.writeHead(404).end();
        else response.writeHead(500).end(`Traceback (most recent call last):\n  File "x.py", line 1\n${words}\n`);
      },
    });
    const client = await connectRay({ url, token });
    if (!client.ok) throw new Error(client.error.message);
    const refused = await client.value.upload(files);
    expect(refused.ok ? '' : refused.error.message).toContain('exceeds the maximum size of 512B');
  });
});

it('gives the last line of a Python traceback as what it means', async () => {
  const traceback =
    'Traceback (most recent call last):\n  File "job_manager.py", line 553, in submit_job\n    raise ValueError(\n' +
    'ValueError: Job with submission_id t1 already exists. Please use a different submission_id.\n.\n';
  const url = await dashboard({ '/api/jobs/': (_, response) => void response.writeHead(500).end(traceback) });
  const client = await connectRay({ url, token });
  if (!client.ok) throw new Error(client.error.message);
  const again = await client.value.submit({ entrypoint: 'true', submissionId: 't1' });
  expect(codeOf(again)).toBe('already_exists');
  expect(again.ok ? '' : again.error.message).not.toContain('Traceback');
});

it('keeps the newest megabyte of a log of any size', () => {
  const ring = new LogRing(10_000);
  const line = `${'x'.repeat(98)}\n`;
  for (let i = 0; i < 20_000; i++) ring.push(line);
  ring.push('the end\nopen');
  expect(ring.lines().at(-1)).toBe('open');
  expect(ring.lines().at(-2)).toBe('the end');
  expect(ring.lines().join('\n').length).toBeLessThanOrEqual(10_100);
  expect(ring.dropped).toBeGreaterThan(19_000);
  const endless = new LogRing(10_000);
  for (let i = 0; i < 100; i++) endless.push('y'.repeat(100_000));
  expect(endless.lines()[0]?.length).toBe(8192);
});

describe('addresses', () => {
  it.each([
    ['http://127.0.0.1:8265', true],
    ['http://127.9.9.9', true],
    ['http://localhost:1', true],
    ['http://[::1]:8265', true],
    ['http://127.0.0.1.example.org', false],
    ['http://localhost.example.org', false],
    ['http://0.0.0.0:8265', false],
    ['http://10.0.0.1', false],
  ])('%s on the loopback: %s', (address, expected) => {
    const url = parseRayAddress(address);
    expect(url.ok && isLoopback(url.value)).toBe(expected);
  });

  it('takes only an origin, whatever is given', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.webUrl({ withQueryParameters: true, withFragments: true })), (address) => {
        const url = parseRayAddress(address);
        if (url.ok) expect(`${url.value.pathname}${url.value.search}${url.value.username}`).toBe('/');
      }),
    );
  });
});
