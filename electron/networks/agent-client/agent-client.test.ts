import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { buildCertificate } from '../../domain/evidence/simulated/certificate-builder.ts';
import { createAgentClient, type AgentClient } from './agent-client.ts';

interface Peer {
  readonly url: string;
  readonly spki: string;
  /** Requests that reached HTTP. */
  readonly seen: string[];
}

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

/** A real TLS 1.3 server with a key of its own. */
async function serve(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<Peer> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const certificate = buildCertificate(
    {
      subject: [['CN', 'node']],
      issuer: [['CN', 'node']],
      spki,
      serial: Uint8Array.of(1),
      notBefore: Date.now() - 86_400_000,
      notAfter: Date.now() + 86_400_000,
      ca: false,
    },
    {
      kind: 'P-256',
      spki,
      sign: (data) => sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' }),
    },
  );
  const pem = `-----BEGIN CERTIFICATE-----\n${Buffer.from(certificate).toString('base64')}\n-----END CERTIFICATE-----\n`;
  const seen: string[] = [];
  const server: Server = createServer(
    { key: privateKey.export({ type: 'pkcs8', format: 'pem' }), cert: pem },
    (request, response) => {
      seen.push(`${request.method ?? ''} ${request.url ?? ''}`);
      handle(request, response);
    },
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { url: `https://127.0.0.1:${port}`, spki: createHash('sha256').update(spki).digest('hex'), seen };
}

function client(peer: { url: string }, tlsSpkiSha256?: string): AgentClient {
  const made = createAgentClient({
    node: 'n1',
    url: peer.url,
    timeouts: { connectMs: 500, idleMs: 300, slowMs: 300 },
    ...(tlsSpkiSha256 === undefined ? {} : { tlsSpkiSha256 }),
  });
  open.push(async () => made.close());
  return made;
}

const status = { agent: 'nacre-agent', version: '1', node: 'n1', simulated: true, uptimeSeconds: 1 };

describe('agent client', () => {
  it('sends nothing over another TLS key than the attested one', async () => {
    const peer = await serve((_request, response) => response.end(JSON.stringify(status)));
    const wrong = client(peer, 'ab'.repeat(32));
    expect(await wrong.status()).toMatchObject({
      ok: false,
      error: { code: 'attestation_failed', details: { reason: 'tls-key-mismatch' } },
    });
    expect(peer.seen).toEqual([]);
    expect(await client(peer, peer.spki).status()).toMatchObject({ ok: true });
    expect(peer.seen).toEqual(['GET /v1/status']);
  });

  it('keeps to the first key it met', async () => {
    const first = await serve((_request, response) => response.end(JSON.stringify(status)));
    const one = client(first);
    expect(one.observedKey()).toBeUndefined();
    await one.status();
    expect(one.observedKey()).toBe(first.spki);
  });

  it('names what a bad node does', async () => {
    const hangs = await serve(() => undefined);
    expect(await client(hangs).status()).toMatchObject({ ok: false, error: { code: 'timeout' } });
    const half = await serve((_request, response) => response.end('{"runtime":"\\ud800"}'));
    expect(await client(half).evidence({})).toMatchObject({ ok: false, error: { details: { reason: 'garbage' } } });
    const garbage = await serve((_request, response) => response.end(randomBytes(64)));
    expect(await client(garbage).status()).toMatchObject({
      ok: false,
      error: { code: 'unavailable', details: { node: 'n1' } },
    });
    const other = await serve((_request, response) => response.end('{"agent":"someone"}'));
    expect(await client(other).status()).toMatchObject({ ok: false, error: { code: 'unavailable' } });
    const endless = await serve((_request, response) => {
      const more = () => {
        while (response.write('x'.repeat(65_536)));
      };
      response.on('drain', more);
      more();
    });
    const flood = await client(endless).status();
    expect(flood).toMatchObject({ ok: false, error: { code: 'unavailable' } });
    const cut = await serve((request) => request.socket.destroy());
    expect(await client(cut).status()).toMatchObject({ ok: false, error: { code: 'unavailable' } });
    const refuses = await serve((_request, response) => {
      response.statusCode = 409;
      response.end(JSON.stringify({ error: { code: 'wrong_state', message: 'parts are missing' } }));
    });
    expect(await client(refuses).status()).toMatchObject({
      ok: false,
      error: { code: 'wrong_state', message: 'Node n1: parts are missing' },
    });
    const tcp = createTcpServer((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n'));
    tcp.listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    open.push(async () => void tcp.close());
    const address = tcp.address();
    const plain = client({
      url: `https://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    });
    expect(await plain.status()).toMatchObject({ ok: false, error: { code: 'unavailable' } });
    expect(await client({ url: 'https://127.0.0.1:1' }).status()).toMatchObject({
      ok: false,
      error: { code: 'unavailable' },
    });
    expect(await client({ url: 'http://127.0.0.1:1' }).status()).toMatchObject({
      ok: false,
      error: { code: 'invalid_input' },
    });
  });

  it('hands over pieces of an artifact, never more than asked for, and says where a line broke', async () => {
    const body = randomBytes(100_000);
    const read = async (handle: (response: ServerResponse) => void) => {
      const peer = await serve((_request, response) => handle(response));
      const pieces: Uint8Array[] = [];
      const range = { from: 0, until: body.length - 1 };
      const answer = await client(peer).readArtifact('j', 'model.age', range, async (piece) => void pieces.push(piece));
      return { answer, bytes: Buffer.concat(pieces) };
    };
    const whole = await read((response) => response.writeHead(206).end(body));
    expect(whole.answer).toEqual({ ok: true, value: undefined });
    expect(whole.bytes.equals(body)).toBe(true);
    const cut = await read((response) => {
      response.writeHead(206, { 'content-length': body.length });
      response.write(body.subarray(0, 1000), () => response.destroy());
    });
    expect(cut.answer).toMatchObject({ ok: false, error: { code: 'unavailable' } });
    expect(cut.bytes.equals(body.subarray(0, cut.bytes.length))).toBe(true);
    const more = await read((response) => response.writeHead(206).end(Buffer.concat([body, body])));
    expect(more.answer).toMatchObject({ ok: false, error: { details: { reason: 'garbage' } } });
    expect(more.bytes.length).toBeLessThanOrEqual(body.length);
    const less = await read((response) => response.writeHead(206).end(body.subarray(1)));
    expect(less.answer).toMatchObject({ ok: false, error: { code: 'unavailable' } });
    // The whole file in place of a piece of it is no piece.
    const other = await read((response) => response.end(body));
    expect(other.answer).toMatchObject({ ok: false, error: { code: 'unavailable' } });
  });

  it('shows its grant once, and again when the node no longer takes the ticket', async () => {
    const ticket = 'ab'.repeat(32);
    let tickets = 0;
    let expired = false;
    const peer = await serve((request, response) => {
      if (request.url === '/v1/access') {
        tickets += 1;
        expired = false;
        response.end(JSON.stringify({ ticket, notAfter: '2030-01-01T00:00:00Z' }));
        return;
      }
      if (request.headers.authorization !== `Bearer ${ticket}` || expired) {
        response.statusCode = 401;
        response.end(JSON.stringify({ error: { code: 'not_permitted', message: 'no ticket' } }));
      } else response.end(JSON.stringify({ artifacts: [] }));
    });
    const one = client(peer);
    expect(await one.artifacts('j')).toMatchObject({ ok: false, error: { code: 'not_permitted' } });
    one.useGrant({ payloadType: 'x', payload: '', signatures: [{ keyid: '', sig: '' }] });
    expect(await Promise.all([one.artifacts('j'), one.artifacts('j')])).toMatchObject([{ ok: true }, { ok: true }]);
    expect(tickets).toBe(1);
    expired = true;
    expect(await one.artifacts('j')).toMatchObject({ ok: false, error: { code: 'not_permitted' } });
    expect(await one.artifacts('j')).toMatchObject({ ok: true });
    expect(tickets).toBe(2);
    expect(one.wire().sent).toBeGreaterThan(1000);
  });

  it('hands frames over as they come and stops when told', async () => {
    const peer = await serve((request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const from = Number(new URL(request.url ?? '', 'https://x').searchParams.get('from'));
      for (let i = from; i < from + 5; i++) response.write(`id: ${i}\ndata: {"n":${i}}\n\n`);
      response.write('data: not json\n\n');
      response.end();
    });
    const frames: unknown[] = [];
    const followed = await client(peer).events(
      'j',
      3,
      async (together) => frames.push(...together) > 0,
      new AbortController().signal,
    );
    expect(followed).toEqual({ ok: true, value: undefined });
    expect(frames).toEqual([{ n: 3 }, { n: 4 }, { n: 5 }, { n: 6 }, { n: 7 }, undefined]);
    let times = 0;
    const stop = async () => (times += 1) < 1;
    await client(peer).events('j', 0, stop, new AbortController().signal);
    expect(times).toBe(1);
  });
});
