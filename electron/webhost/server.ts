import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { z } from 'zod';
import { contentSecurityPolicy, pageHeaders } from '../contract/content-security-policy.ts';
import { webCallMaximumBytes, webCallSchema, webPaths } from '../contract/hosts.ts';
import { tabToken } from '../contract/web-paths.ts';
import { err, ok, type NacreError, type Result } from '../contract/result.ts';
import type { Core } from '../core/types.ts';
import { createSessions, isOwnHost, isOwnOrigin, isOwnSite, type Sessions } from './access.ts';
import { sendDownload } from './download.ts';
import { createEventSockets } from './events.ts';
import { closeServer, listenOnLoopback } from './loopback.ts';
import { openPage, openScript } from './open-page.ts';
import { createSecretDoor } from './sealed-secrets.ts';
import { readStaticFile } from './static-files.ts';
import { receiveUpload } from './upload.ts';

export interface WebHostOptions {
  readonly core: Core;
  /** 0 takes any free port. */
  readonly port: number;
  /** Folder of the built user interface. */
  readonly pages: string;
  readonly random: (bytes: number) => Uint8Array;
  /** Told of the next link when one was used: each opens one browser tab. */
  readonly onLinkUsed: (nextLink: string) => void;
}

export interface WebHost {
  readonly port: number;
  /** Opens the user interface, once. */
  readonly link: string;
  close(): Promise<void>;
}

const sessionPath = '/api/session';
const sessionSchema = z.strictObject({ link: z.string().max(128) });

/**
 * Serves the core and the user interface on 127.0.0.1, and on the same port of ::1 (loopback.ts says why).
 * Errors: `in_use` when the port is taken, `not_permitted` when the system refuses it, `invalid_input` for no port number.
 */
export async function startWebHost(options: WebHostOptions): Promise<Result<WebHost>> {
  if (!Number.isInteger(options.port) || options.port < 0 || options.port > 65_535) {
    return err('invalid_input', `${options.port} is not a port number (0 to 65535).`);
  }
  const sessions = createSessions(options.random);
  const sockets = createEventSockets(options.core);
  let port = options.port;
  const address = (token: string) => `http://127.0.0.1:${port}/open#link=${token}`;
  const handle = createHandler(options, sessions, () => port, address);

  const makeServer = () => {
    const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000, maxHeaderSize: 16_384 });
    server.on('request', (request, response) => void handle(request, response));
    server.on('upgrade', (request, socket, head) => {
      socket.on('error', () => socket.destroy());
      const refusal = refuseUpgrade(request, sessions, port);
      if (refusal === undefined) sockets.accept(request, socket, head);
      else socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    });
    return server;
  };
  const listening = await listenOnLoopback(makeServer, options.port);
  if (!listening.ok) return listening;
  const { servers } = listening.value;
  port = listening.value.port;
  return ok({
    port,
    link: address(sessions.newLink()),
    async close() {
      sockets.close();
      await Promise.all(servers.map(closeServer));
    },
  });
}

/** Browsers send cookies to every port of a host name, so the name holds the port: two hosts do not disturb each other. */
const cookieName = (port: number) => `nacre-session-${port}`;

function hasSession(request: IncomingMessage, sessions: Sessions, port: number): boolean {
  const prefix = `${cookieName(port)}=`;
  const cookies = (request.headers.cookie ?? '').split(';').map((cookie) => cookie.trim());
  const cookie = cookies.find((one) => one.startsWith(prefix))?.slice(prefix.length);
  return cookie !== undefined && sessions.holds(cookie, tabOf(request));
}

/** The tab's token: a header of its own, or one of the protocols that a WebSocket offers. */
function tabOf({ headers }: IncomingMessage): string {
  const header = headers[tabToken.header];
  if (typeof header === 'string') return header;
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((protocol) => protocol.trim());
  const { protocolPrefix } = tabToken;
  return offered.find((protocol) => protocol.startsWith(protocolPrefix))?.slice(protocolPrefix.length) ?? '';
}

function refuseUpgrade(request: IncomingMessage, sessions: Sessions, port: number): string | undefined {
  const { host, origin } = request.headers;
  if (!isOwnHost(host, port)) return '421 Misdirected Request';
  if (!isOwnOrigin(origin, host ?? '')) return '403 Forbidden';
  if (request.url !== webPaths.events) return '404 Not Found';
  return hasSession(request, sessions, port) ? undefined : '401 Unauthorized';
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

function createHandler(
  { core, pages, random, onLinkUsed }: WebHostOptions,
  sessions: Sessions,
  port: () => number,
  address: (token: string) => string,
): Handler {
  const secrets = createSecretDoor(random);
  const headers = { ...pageHeaders, 'content-security-policy': contentSecurityPolicy("'self'") };
  const uncached = { ...headers, 'cache-control': 'no-store' };

  const send = (
    response: ServerResponse,
    status: number,
    type: string,
    body: string | Uint8Array,
    cache = 'no-store',
  ) => void response.writeHead(status, { ...headers, 'cache-control': cache, 'content-type': type }).end(body);
  const answer = (response: ServerResponse, status: number, result: Result<unknown>) =>
    send(response, status, 'application/json', JSON.stringify(result));
  const refuse = (response: ServerResponse, status: number, message: string, hint?: string) => {
    const error: NacreError = { code: 'not_permitted', message, ...(hint === undefined ? {} : { hint }) };
    // The rest of a refused body is not read.
    response.setHeader('connection', 'close');
    answer(response, status, { ok: false, error });
  };
  const unknownSession = (response: ServerResponse) =>
    refuse(response, 401, 'This page has no session here.', 'Open the link that Nacre printed last; each works once.');

  const post = async (request: IncomingMessage, response: ServerResponse, path: string) => {
    if (!isOwnOrigin(request.headers.origin, request.headers.host ?? '')) {
      return refuse(response, 403, 'Requests from other pages are refused.');
    }
    if (path !== sessionPath && !hasSession(request, sessions, port())) return unknownSession(response);
    if (path === webPaths.inbox) {
      const { status, result } = await receiveUpload(core, request);
      // The rest of a refused body is not read.
      if (!result.ok) response.setHeader('connection', 'close');
      return answer(response, status, result);
    }
    if (request.headers['content-type'] !== 'application/json') {
      return answer(response, 415, err('invalid_input', 'The body must be application/json.'));
    }
    const body = await readJson(request);
    if (!body.ok) {
      response.setHeader('connection', 'close');
      return answer(response, 400, body);
    }
    if (path === sessionPath) {
      const parsed = sessionSchema.safeParse(body.value);
      const session = parsed.success ? sessions.exchange(parsed.data.link) : undefined;
      if (session === undefined) {
        const hint = 'Open the link that Nacre printed last; each works once.';
        return refuse(response, 401, 'This link was used already, or is of an earlier start.', hint);
      }
      onLinkUsed(address(sessions.newLink()));
      const cookie = `${cookieName(port())}=${session.cookie}; HttpOnly; SameSite=Strict; Path=/api`;
      response.setHeader('set-cookie', cookie);
      return answer(response, 200, ok({ tab: session.tab }));
    }
    if (path === webPaths.secretKey) return answer(response, 200, ok(secrets.newKey()));
    const call = webCallSchema.safeParse(body.value);
    if (!call.success) return answer(response, 400, err('invalid_input', 'A call is {"method", "input"}.'));
    const { method, input, sealed } = call.data;
    const placed = sealed === undefined ? ok(undefined) : secrets.place(method, input, sealed);
    if (!placed.ok) return answer(response, 400, placed);
    return answer(response, 200, await core.call(method, input, { client: 'web' }));
  };

  const download = async (request: IncomingMessage, response: ServerResponse, id: string) => {
    if (!isOwnSite(request.headers['sec-fetch-site'])) {
      return refuse(response, 403, 'Requests from other pages are refused.');
    }
    if (!hasSession(request, sessions, port())) return unknownSession(response);
    const file = core.takeDownload(id);
    if (!file.ok) return answer(response, 404, file);
    if (!(await sendDownload(response, file.value, uncached))) {
      answer(response, 404, err('not_found', `${file.value.fileName} is no longer where it was written.`));
    }
  };

  const get = async (request: IncomingMessage, response: ServerResponse, path: string) => {
    if (path.startsWith(webPaths.download)) return download(request, response, path.slice(webPaths.download.length));
    if (path === '/open') return send(response, 200, 'text/html; charset=utf-8', openPage);
    if (path === '/open.js') return send(response, 200, 'text/javascript; charset=utf-8', openScript);
    const file = await readStaticFile(pages, path);
    if (file === null) return answer(response, 404, err('not_found', 'There is no such page.'));
    const cache = file.lasting ? 'private, max-age=31536000, immutable' : 'no-store';
    return send(response, 200, file.type, file.bytes, cache);
  };

  return async (request, response) => {
    if (!isOwnHost(request.headers.host, port())) {
      return refuse(response, 421, 'This address is not a name of this host.');
    }
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    if (request.method === 'POST' && [webPaths.call, webPaths.secretKey, webPaths.inbox, sessionPath].includes(path)) {
      return post(request, response, path);
    }
    if (request.method === 'GET') return get(request, response, path);
    return answer(response, 405, err('invalid_input', `${request.method ?? '?'} is not answered here.`));
  };
}

/** Reads a body of bounded size. Errors: `invalid_input`. */
async function readJson(request: IncomingMessage): Promise<Result<unknown>> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    // Leaving the loop early must not destroy the socket that the refusal goes out on.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > webCallMaximumBytes) return err('invalid_input', `A call is at most ${webCallMaximumBytes} bytes.`);
      chunks.push(chunk);
    }
    return ok(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))));
  } catch {
    return err('invalid_input', 'The body is not whole JSON in UTF-8.');
  }
}
