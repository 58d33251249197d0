import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { parseServerAddress } from '../servers/address.ts';
import { queryPrometheus, scrapeExporter } from './metrics-client.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(listener: RequestListener): Promise<URL> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
}
const scrape = (base: URL, timeoutMs = 2000) => scrapeExporter({ base, timeoutMs });

describe('addresses', () => {
  it.each([
    ['nonsense', 'is no URL'],
    ['ftp://host', 'neither https nor http'],
    ['https://me:secret@host', 'holds a name or a password'],
    ['https://host/?a=b', 'has a query'],
    ['http://exporter.example:9400', 'plain http to another machine'],
    ['http://127.0.0.1.example', 'plain http to another machine'],
    ['http://169.254.169.254/', 'plain http to another machine'],
  ])('%s is refused with the reason', (address, why) => {
    const parsed = parseServerAddress(address, 'The address', []);
    expect(parsed.ok ? '' : parsed.error.message).toContain(why);
    expect(JSON.stringify(parsed)).not.toContain('secret@');
  });
  it('takes https, plain http to this machine, and elsewhere only where it was accepted by name', () => {
    for (const address of ['https://host/path', 'http://127.0.0.1:1', 'http://[::1]:1', 'http://localhost:1']) {
      expect(parseServerAddress(address, 'It', []).ok).toBe(true);
    }
    expect(parseServerAddress('http://host', 'It', ['plain-http']).ok).toBe(true);
    const parsed = parseServerAddress('https://host/path', 'It', []);
    expect(parsed.ok && parsed.value.href).toBe('https://host/path/');
  });
});

describe('an exporter', () => {
  it('is read', async () => {
    const base = await serve((request, response) => response.end(request.url === '/metrics' ? 'a{x="1"} 2\n' : ''));
    const found = await scrape(base);
    expect(found.ok && found.value.samples).toEqual([{ name: 'a', labels: { x: '1' }, value: 2 }]);
  });

  it('that hangs, or trickles without end, ends in a timeout', async () => {
    const hang = await scrape(await serve(() => undefined), 300);
    expect(hang.ok ? '' : hang.error.code).toBe('timeout');
    const trickle = await serve((_, response) => {
      const timer = setInterval(() => response.write('a 1\n'), 20);
      response.on('close', () => clearInterval(timer));
    });
    const slow = await scrape(trickle, 300);
    expect(slow.ok ? '' : slow.error.code).toBe('timeout');
  });

  it('that sends 100 MB is cut off after the limit', async () => {
    let sent = 0;
    const base = await serve((_, response) => {
      const chunk = Buffer.from('a_metric{label="value"} 1\n'.repeat(40_000));
      const more = () => {
        while (sent < 100 * 1_048_576) {
          sent += chunk.length;
          if (!response.write(chunk)) return void response.once('drain', more);
        }
        response.end();
      };
      more();
    });
    const found = await scrape(base, 10_000);
    expect(found.ok ? '' : found.error.code).toBe('damaged');
    expect(sent).toBeLessThan(32 * 1_048_576);
  });

  it('that sends garbage or nothing is said to', async () => {
    const noise = await scrape(await serve((_, response) => response.end(Buffer.alloc(65_536, 0xfe))));
    expect(noise.ok ? '' : noise.error.message).toMatch(/1 lines that are no metrics/);
    const empty = await scrape(await serve((_, response) => response.end()));
    expect(empty.ok ? '' : empty.error.message).toMatch(/no metrics/);
    const page = await scrape(await serve((_, response) => response.end('<!DOCTYPE html><html></html>')));
    expect(page.ok ? '' : page.error.message).toMatch(/web page/);
    const broken = await scrape(
      await serve((_, response) => {
        response.write('a 1\n');
        setTimeout(() => response.destroy(), 20);
      }),
    );
    expect(broken.ok ? '' : broken.error.code).toBe('unavailable');
  });

  it('cannot send this desk to another address', async () => {
    let reached = 0;
    const inner = await serve((_, response) => {
      reached += 1;
      response.end('a 1\n');
    });
    for (const status of [301, 302, 303, 307, 308]) {
      const base = await serve((_, response) => response.writeHead(status, { location: inner.href }).end());
      const found = await scrape(base);
      expect(found.ok ? '' : found.error.message).toMatch(/sends to another address, which is not followed/);
    }
    expect(reached).toBe(0);
  });

  it.each([
    [500, 'unavailable'],
    [429, 'unavailable'],
    [401, 'not_permitted'],
    [404, 'not_found'],
  ])('that answers %d is %s', async (status, code) => {
    const found = await scrape(await serve((_, response) => response.writeHead(status).end('why\u0000 not')));
    expect(found.ok ? '' : found.error.code).toBe(code);
    expect(found.ok ? '' : found.error.message).not.toContain('\u0000');
  });
});

describe('a Prometheus', () => {
  const vector = (result: unknown) => JSON.stringify({ status: 'success', data: { resultType: 'vector', result } });
  it('gives the samples of each node and their time', async () => {
    const base = await serve((request, response) => {
      const query = new URL(request.url ?? '', 'http://x').searchParams.get('query') ?? '';
      const labels = { Hostname: 'one', gpu: '0' };
      if (query.startsWith('max by'))
        return response.end(vector([{ metric: { Hostname: 'one' }, value: [9, '1700000000.5'] }]));
      return response.end(
        vector([
          { metric: { __name__: 'DCGM_FI_DEV_GPU_TEMP', ...labels }, value: [9, '41'] },
          { metric: { __name__: 'DCGM_FI_DEV_POWER_USAGE', ...labels }, value: [9, 'NaN'] },
          { metric: { __name__: 'node_load1', instance: 'two:9100' }, value: [9, '+Inf'] },
        ]),
      );
    });
    const found = await queryPrometheus({ base, timeoutMs: 2000 }, ['one', 'two', 'three']);
    expect(found.ok && found.value.map(({ samples, takenAt }) => [samples.length, takenAt])).toEqual([
      [2, 1_700_000_000_500],
      [1, undefined],
      [0, undefined],
    ]);
  });
  it.each([
    ['an error', '{"status":"error","errorType":"bad_data","error":"x"}'],
    ['another form', '{"status":"success","data":{"resultType":"matrix","result":[]}}'],
    ['no JSON', 'prometheus'],
    ['a figure that is no text', vector([{ metric: {}, value: [1, 2] }])],
  ])('that answers %s is said to', async (_, text) => {
    const base = await serve((_request, response) => response.end(text));
    const found = await queryPrometheus({ base, timeoutMs: 2000 }, ['one']);
    expect(found.ok ? '' : found.error.code).toBe('damaged');
  });
});
