import { randomBytes } from 'node:crypto';
import { mkdtempSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request, type IncomingHttpHeaders } from 'node:http';
import { connect, createServer, type AddressInfo } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createFakeCore, type FakeCore } from './testing/fake-core.ts';
import { startWebHost, type WebHost } from './server.ts';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

let folder = '';
let core: FakeCore;
let host: WebHost;
let links: string[] = [];
/** Of the session that was opened last: every request of these tests sends it along, as a page does. */
let tab = '';

const random = (bytes: number) => new Uint8Array(randomBytes(bytes));

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'nacre-webhost-'));
  mkdirSync(path.join(folder, 'pages', 'assets'), { recursive: true });
  writeFileSync(path.join(folder, 'pages', 'index.html'), '<!doctype html><title>Nacre</title>');
  writeFileSync(path.join(folder, 'pages', 'assets', 'main-abc.js'), 'export {};');
  writeFileSync(path.join(folder, 'secret.json'), '"secret"');
  mkdirSync(path.join(folder, 'pages-other'));
  writeFileSync(path.join(folder, 'pages-other', 'x.json'), '"secret"');
  symlinkSync(path.join(folder, 'secret.json'), path.join(folder, 'pages', 'link.json'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeEach(async () => {
  core = createFakeCore();
  links = [];
  tab = '';
  const started = await startWebHost({
    core,
    port: 0,
    pages: path.join(folder, 'pages'),
    random,
    onLinkUsed: (next) => links.push(next),
  });
  if (!started.ok) throw new Error(started.error.message);
  host = started.value;
});
afterEach(() => host.close());

function send(
  method: string,
  target: string,
  headers: Record<string, string> = {},
  body?: string | Buffer,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const own = { host: `127.0.0.1:${host.port}`, 'x-nacre-tab': tab, ...headers };
    const sent = request({ host: '127.0.0.1', port: host.port, method, path: target, headers: own }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const origin = () => `http://127.0.0.1:${host.port}`;
const json = () => ({ origin: origin(), 'content-type': 'application/json' });
const linkToken = (link: string) => new URL(link).hash.replace('#link=', '');

async function openSession(link = host.link): Promise<string> {
  const answer = await send('POST', '/api/session', json(), JSON.stringify({ link: linkToken(link) }));
  expect(answer.status).toBe(200);
  tab = (JSON.parse(answer.text) as { value: { tab: string } }).value.tab;
  return answer.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
}

const callState = (headers: Record<string, string>) =>
  send('POST', '/api/call', headers, JSON.stringify({ method: 'app.state', input: {} }));

describe('who may talk to it', () => {
  it('answers a page of its own with a session', async () => {
    const cookie = await openSession();
    const answer = await callState({ ...json(), cookie });
    expect([answer.status, JSON.parse(answer.text)]).toEqual([200, { ok: true, value: { version: '0.1.0' } }]);
    expect(core.calls).toEqual([{ name: 'app.state', input: {}, client: 'web' }]);
  });

  it('also under the name localhost, with the origin of that name', async () => {
    const cookie = await openSession();
    const own = `localhost:${host.port}`;
    const named = { ...json(), cookie, host: own };
    expect((await callState({ ...named, origin: `http://${own}` })).status).toBe(200);
    expect((await callState(named)).status).toBe(403);
  });

  it.each([
    'evil.example',
    'evil.example:PORT',
    '127.0.0.1',
    '127.0.0.1:1',
    '[::1]:PORT',
    'localhost.evil.example:PORT',
  ])('refuses a request sent to the name %j, page or call: DNS rebinding', async (name) => {
    const cookie = await openSession();
    const rebound = { host: name.replace('PORT', String(host.port)), cookie };
    expect((await send('GET', '/', rebound)).status).toBe(421);
    const asIfOwn = { ...json(), ...rebound, origin: `http://${rebound.host}` };
    expect((await callState(asIfOwn)).status).toBe(421);
    expect(core.calls).toEqual([]);
  });

  it.each([
    'http://evil.example',
    'null',
    'https://127.0.0.1:PORT',
    'http://127.0.0.1:1',
    'http://127.0.0.1:PORT.evil',
    undefined,
  ])('refuses the origin %j even with the cookie', async (from) => {
    const cookie = await openSession();
    const { origin: _own, ...rest } = json();
    const headers = from === undefined ? rest : { ...rest, origin: from.replace('PORT', String(host.port)) };
    expect((await callState({ ...headers, cookie })).status).toBe(403);
    expect(core.calls).toEqual([]);
  });

  it('refuses without a session, with a wrong one and with the link token as one', async () => {
    for (const cookie of [
      '',
      `nacre-session-${host.port}=${'A'.repeat(43)}`,
      `nacre-session-${host.port}=${linkToken(host.link)}`,
    ]) {
      const answer = await callState({ ...json(), cookie });
      expect(answer.status).toBe(401);
      expect(JSON.parse(answer.text).error.code).toBe('not_permitted');
    }
    expect(core.calls).toEqual([]);
  });

  it('refuses a cookie that another port collected: the tab has a token of its own, which no cookie carries', async () => {
    const cookie = await openSession();
    const mine = tab;
    const foreign = await openSession(links[0]);
    for (const stolen of [
      { cookie, 'x-nacre-tab': '' },
      { cookie, 'x-nacre-tab': 'A'.repeat(43) },
      // Cookie and token of two sessions.
      { cookie, 'x-nacre-tab': tab },
      { cookie: foreign, 'x-nacre-tab': mine },
    ]) {
      expect((await callState({ ...json(), ...stolen })).status).toBe(401);
      expect((await send('GET', '/api/download/abc', stolen)).status).toBe(401);
    }
    expect(core.calls).toEqual([]);
    expect((await callState({ ...json(), cookie, 'x-nacre-tab': mine })).status).toBe(200);
  });

  it('takes a link once, then names the next one', async () => {
    await openSession();
    const again = await send('POST', '/api/session', json(), JSON.stringify({ link: linkToken(host.link) }));
    expect(again.status).toBe(401);
    expect(links).toHaveLength(1);
    await openSession(links[0]);
  });

  it('gives a cookie that no script and no other site can use', async () => {
    const answer = await send('POST', '/api/session', json(), JSON.stringify({ link: linkToken(host.link) }));
    expect(answer.headers['set-cookie']?.[0]).toMatch(/; HttpOnly; SameSite=Strict; Path=\/api$/);
  });

  it('holds its port on ::1, too, where browsers look for localhost first; somebody there is found', async () => {
    const there = (port: number) =>
      new Promise<string>((resolve) => {
        const sent = request({ host: '::1', port, path: '/', headers: { host: `localhost:${port}` } }, (response) => {
          response.resume();
          resolve(String(response.statusCode));
        });
        sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'));
        sent.end();
      });
    const answer = await there(host.port);
    // A machine without IPv6: there is nothing to hold.
    if (['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(answer)) return;
    expect(answer).toBe('200');
    const squatter = createServer();
    await new Promise<void>((resolve) => {
      squatter.listen({ host: '::1', port: 0 }, () => resolve());
    });
    const { port } = squatter.address() as AddressInfo;
    const second = await startWebHost({ core, port, pages: folder, random, onLinkUsed: () => undefined });
    expect(second).toMatchObject({ error: { code: 'in_use', message: `Port ${port} of ::1 is in use.` } });
    squatter.close();
    const third = await startWebHost({ core, port, pages: folder, random, onLinkUsed: () => undefined });
    expect(third.ok, 'nothing was left open').toBe(true);
    if (third.ok) await third.value.close();
    expect(await there(port), 'both are closed').toBe('ECONNREFUSED');
  });

  it('listens on loopback and on no other address of this machine', async () => {
    const others = Object.values(networkInterfaces())
      .flat()
      .filter((address) => address?.family === 'IPv4' && address.address !== '127.0.0.1')
      .map((address) => address?.address ?? '');
    const reached = await Promise.all(
      [...others, '127.0.0.2'].map(
        (address) =>
          new Promise<boolean>((resolve) => {
            const socket = connect({ host: address, port: host.port, timeout: 1000 });
            socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
            socket.on('timeout', () => resolve(false));
          }),
      ),
    );
    expect(reached.filter(Boolean)).toEqual([]);
  });
});

describe('bad bodies', () => {
  it.each([
    ['not JSON', '{"method":', 400],
    ['not UTF-8', Buffer.from([0x22, 0xff, 0x22]), 400],
    ['another shape', '[]', 400],
    ['an unknown key', '{"method":"app.state","input":{},"more":1}', 400],
    ['more than a mebibyte', JSON.stringify({ method: 'app.state', input: 'x'.repeat(1_100_000) }), 400],
  ])('refuses %s', async (_name, body, status) => {
    const cookie = await openSession();
    const answer = await send('POST', '/api/call', { ...json(), cookie }, body);
    expect([answer.status, JSON.parse(answer.text).error.code]).toEqual([status, 'invalid_input']);
    expect(core.calls).toEqual([]);
  });

  it('refuses a form, which a foreign page could post without asking', async () => {
    const cookie = await openSession();
    const form = { origin: origin(), cookie, 'content-type': 'text/plain' };
    expect((await send('POST', '/api/call', form, '{"method":"app.state","input":{}}')).status).toBe(415);
  });
});

describe('pages', () => {
  it('carries the policy on every answer, and caches only what never changes', async () => {
    const page = await send('GET', '/');
    expect(page.status).toBe(200);
    expect(page.headers).toMatchObject({
      'content-security-policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
    });
    const asset = await send('GET', '/assets/main-abc.js');
    expect(asset.headers['cache-control']).toContain('immutable');
    const refused = await callState(json());
    expect([refused.headers['cache-control'], refused.headers['x-content-type-options']]).toEqual([
      'no-store',
      'nosniff',
    ]);
  });

  it.each([
    '/../secret.json',
    '/%2e%2e/secret.json',
    '/..%2fsecret.json',
    '/%252e%252e/secret.json',
    '/..%5csecret.json',
    '/assets/../../secret.json',
    '/../pages-other/x.json',
    '/link.json',
    '//etc/passwd',
    '/index.html%00.js',
    '/%ff.js',
    '/assets',
    '/nothing.js',
  ])('finds nothing at %s', async (target) => {
    const answer = await send('GET', target);
    expect(answer.status).toBe(404);
    expect(answer.text).not.toContain('secret');
  });

  it.each(['PUT', 'DELETE', 'OPTIONS', 'HEAD'])('does not answer %s', async (method) => {
    expect((await send(method, '/')).status).toBe(405);
  });
});

describe('downloads', () => {
  const file = () => {
    const place = path.join(folder, 'model.bin');
    writeFileSync(place, 'sealed no more');
    return { path: place, fileName: 'modèl "1".bin', bytes: 14, sha256: '' };
  };

  it('gives a file once, as a download, to a session only', async () => {
    core.downloads.set('abc', file());
    expect((await send('GET', '/api/download/abc')).status).toBe(401);
    const cookie = await openSession();
    expect((await send('GET', '/api/download/abc', { cookie, 'sec-fetch-site': 'same-site' })).status).toBe(403);
    const answer = await send('GET', '/api/download/abc', { cookie });
    expect([answer.status, answer.text]).toEqual([200, 'sealed no more']);
    expect(answer.headers['content-disposition']).toBe(
      `attachment; filename="mod_l__1_.bin"; filename*=UTF-8''mod%C3%A8l%20%221%22.bin`,
    );
    expect((await send('GET', '/api/download/abc', { cookie })).status).toBe(404);
  });

  it('says so when the file has gone', async () => {
    core.downloads.set('abc', { ...file(), path: path.join(folder, 'gone') });
    const cookie = await openSession();
    expect((await send('GET', '/api/download/abc', { cookie })).status).toBe(404);
  });
});

describe('uploads', () => {
  const head = (cookie: string, more: Record<string, string> = {}) => ({
    origin: origin(),
    cookie,
    'content-type': 'application/octet-stream',
    'x-nacre-file-name': 'quote.bin',
    ...more,
  });
  const upload = (headers: Record<string, string>, body: Buffer = Buffer.alloc(5000, 7)) =>
    send('POST', '/api/inbox', headers, body);

  it('lays down a file for a page of its own with a session', async () => {
    const cookie = await openSession();
    const answer = await upload(head(cookie, { 'x-nacre-file-name': encodeURIComponent('../../évidence.bin') }));
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([200, { ok: true, value: { path: '/inbox/1' } }]);
    // The name is a label; where it lies is for the core alone to say.
    expect(core.received).toEqual([{ name: '../../évidence.bin', bytes: 5000 }]);
  });

  it('refuses other pages, other names of this host and no session, before a byte is kept', async () => {
    const cookie = await openSession();
    const { origin: _, ...silent } = head(cookie);
    expect((await upload(silent)).status).toBe(403);
    expect((await upload(head(cookie, { origin: 'http://evil.example' }))).status).toBe(403);
    expect((await upload(head(cookie, { origin: 'null' }))).status).toBe(403);
    expect((await upload(head(cookie, { host: `evil.example:${host.port}` }))).status).toBe(421);
    expect((await upload(head('nacre-session=guess'))).status).toBe(401);
    expect((await send('GET', '/api/inbox', { cookie })).status).toBe(404);
    expect((await send('PUT', '/api/inbox', head(cookie), Buffer.alloc(3))).status).toBe(405);
    expect(core.received).toEqual([]);
  });

  it.each([
    ['as a form', { 'content-type': 'multipart/form-data; boundary=x' }, 415],
    ['as text', { 'content-type': 'text/plain' }, 415],
    ['that says it is too large', { 'content-length': String(16 * 1_048_576 + 1) }, 413],
    ['of no length', { 'transfer-encoding': 'chunked' }, 411],
    ['of no number of bytes', { 'x-nacre-file-name': '' }, 400],
    ['with a broken name', { 'x-nacre-file-name': '%e0%a4' }, 400],
    ['with an endless name', { 'x-nacre-file-name': 'a'.repeat(2000) }, 400],
  ])('refuses a file %s', async (_name, more, status) => {
    const cookie = await openSession();
    const answer = await upload(head(cookie, more)).catch((error: NodeJS.ErrnoException) => error);
    // A refused body is not read to its end, so the connection may be cut while it is still being sent.
    if (answer instanceof Error) expect(answer.code).toMatch(/^(EPIPE|ECONNRESET)$/);
    else expect(answer.status).toBe(status);
    expect(core.received).toEqual([]);
  });
});

describe('events', () => {
  const socket = (headers: Record<string, string>, target = '/api/events') =>
    new WebSocket(`ws://127.0.0.1:${host.port}${target}`, ['nacre', `nacre-tab.${tab}`], { headers });
  const outcome = (page: WebSocket) =>
    new Promise<string>((resolve) => {
      page.on('open', () => resolve('open'));
      page.on('unexpected-response', (_request, response) => resolve(String(response.statusCode)));
      page.on('error', () => resolve('error'));
    });

  it('sends a page the streams it asked for, until it leaves', async () => {
    const page = socket({ origin: origin(), cookie: await openSession() });
    expect(await outcome(page)).toBe('open');
    const messages: unknown[] = [];
    page.on('message', (data: Buffer) => messages.push(JSON.parse(data.toString('utf8'))));
    page.send(JSON.stringify({ subscribe: 'activity' }));
    await expect.poll(() => core.listeners('activity')).toBe(1);
    core.emit('activity', { message: 'one' });
    core.emit('run.changed', { id: 'not asked for' });
    await expect.poll(() => messages).toEqual([{ stream: 'activity', event: { message: 'one' } }]);
    page.send(JSON.stringify({ unsubscribe: 'activity' }));
    await expect.poll(() => core.listeners('activity')).toBe(0);
    page.send(JSON.stringify({ subscribe: 'app.changed' }));
    await expect.poll(() => core.listeners('app.changed')).toBe(1);
    page.terminate();
    await expect.poll(() => core.listeners('app.changed')).toBe(0);
  });

  it('refuses foreign origins, rebinding names, no session and other paths', async () => {
    const cookie = await openSession();
    const good = { origin: origin(), cookie };
    expect(await outcome(socket({ ...good, origin: 'http://evil.example' }))).toBe('403');
    expect(await outcome(socket({ cookie }))).toBe('403');
    expect(await outcome(socket({ ...good, host: `evil.example:${host.port}` }))).toBe('421');
    expect(await outcome(socket({ origin: origin() }))).toBe('401');
    expect(await outcome(socket(good, '/api/other'))).toBe('404');
  });

  it.each(['not JSON', '{"subscribe":"secrets"}', '{"subscribe":"activity","more":1}', 'x'.repeat(2000)])(
    'closes on a message that is none: %.30s',
    async (message) => {
      const page = socket({ origin: origin(), cookie: await openSession() });
      expect(await outcome(page)).toBe('open');
      const closed = new Promise<number>((resolve) => {
        page.on('close', resolve);
      });
      page.send(message);
      expect([1008, 1009]).toContain(await closed);
    },
  );

  it('holds back from a page that does not read, then says that it missed some', async () => {
    const page = socket({ origin: origin(), cookie: await openSession() });
    expect(await outcome(page)).toBe('open');
    const seen: string[] = [];
    page.on('message', (data: Buffer) => seen.push('missed' in JSON.parse(data.toString('utf8')) ? 'missed' : 'event'));
    page.send(JSON.stringify({ subscribe: 'activity' }));
    await expect.poll(() => core.listeners('activity')).toBe(1);
    page.pause();
    const message = 'x'.repeat(100_000);
    for (let sent = 0; sent < 400; sent++) core.emit('activity', { message });
    page.resume();
    await expect.poll(() => seen.at(-1), { timeout: 5000 }).toBe('missed');
    expect(seen.length).toBeLessThan(400);
    core.emit('activity', { message: 'again' });
    await expect.poll(() => seen.at(-1)).toBe('event');
  });
});

describe('starting', () => {
  it('names a port in use', async () => {
    const second = await startWebHost({ core, port: host.port, pages: folder, random, onLinkUsed: () => undefined });
    expect(second).toMatchObject({
      ok: false,
      error: { code: 'in_use', message: expect.stringContaining(String(host.port)) },
    });
  });

  it.each([-1, 65_536, 1.5, Number.NaN])('refuses %j as a port', async (port) => {
    const started = await startWebHost({ core, port, pages: folder, random, onLinkUsed: () => undefined });
    expect(started).toMatchObject({ ok: false, error: { code: 'invalid_input' } });
  });
});
