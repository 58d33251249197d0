import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { err, ok, type ErrorCode, type NacreError, type Result } from '../../contract/result.ts';
import type { ArtifactFolder } from './artifact-folder.ts';
import { trackingRoutes, type Route } from './routes.ts';
import type { TrackingStore } from './tracking-store.ts';

/** A batch of 1,000 metrics and as many long parameters fits. Bytes. */
const bodyMaximum = 4 * 1024 ** 2;

export interface TrackingServerOptions {
  readonly store: TrackingStore;
  readonly artifacts: ArtifactFolder;
  readonly random: (bytes: number) => Uint8Array;
}

export interface TrackingServer {
  /** `http://127.0.0.1:PORT`: `MLFLOW_TRACKING_URI` of the job. */
  readonly url: string;
  /** Bearer token, `MLFLOW_TRACKING_TOKEN` of the job: another process on the node must not write into its metrics. */
  readonly token: string;
  close(): Promise<void>;
}

/** MLflow's tracking REST for one job, on loopback, for as long as the job runs. */
export async function startTrackingServer({
  store,
  artifacts,
  random,
}: TrackingServerOptions): Promise<TrackingServer> {
  const token = Buffer.from(random(32)).toString('base64url');
  const routes = trackingRoutes(store, artifacts);
  const server = createServer({ maxHeaderSize: 16_384 }, (request, response) => {
    answer(routes, token, request, response).catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      if (response.headersSent) response.destroy();
      else sendError(response, { code: 'internal', message });
    });
  });
  server.maxConnections = 128;
  await new Promise<void>((listening, failed) => {
    server.once('error', failed);
    server.listen(0, '127.0.0.1', listening);
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token, close: () => closed(server) };
}

async function closed(server: Server): Promise<void> {
  const ended = new Promise<void>((done) => server.close(() => done()));
  server.closeAllConnections();
  await ended;
}

async function answer(
  routes: readonly Route[],
  token: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (!authorized(request, token)) {
    return sendError(response, err('not_permitted', 'The token of this job is missing or wrong.').error);
  }
  const url = new URL(request.url ?? '/', 'http://tracking.invalid');
  for (const { method, path, answer: handle } of routes) {
    const match = path.exec(url.pathname);
    if (match === null || request.method !== method) continue;
    const caught = decode(match[1] ?? '');
    if (!caught.ok) return sendError(response, caught.error);
    const members = () =>
      method === 'GET' ? Promise.resolve(ok(Object.fromEntries(url.searchParams))) : bodyOf(request);
    const result = await handle({ members, body: request, path: caught.value });
    if (!result.ok) return sendError(response, result.error);
    if ('json' in result.value) return sendJson(response, 200, result.value.json);
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': result.value.size });
    // A client that goes away ends the pipeline with an error that concerns nobody else.
    return pipeline(result.value.stream, response).catch(() => undefined);
  }
  request.resume();
  const what = `${request.method ?? ''} ${url.pathname.slice(0, 128)}`;
  sendJson(response, 404, {
    error_code: 'ENDPOINT_NOT_FOUND',
    message: `${what} is not served here: a job's tracking server has experiments, runs, metrics and artifacts.`,
  });
}

function authorized(request: IncomingMessage, token: string): boolean {
  const given = Buffer.from(/^Bearer (\S{1,256})$/i.exec(request.headers.authorization ?? '')?.[1] ?? '');
  const wanted = Buffer.from(token);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function decode(path: string): Result<string> {
  try {
    return ok(decodeURIComponent(path));
  } catch {
    return err('invalid_input', 'The path is not percent-encoded UTF-8.');
  }
}

async function bodyOf(request: IncomingMessage): Promise<Result<unknown>> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > bodyMaximum) return err('invalid_input', `The body is larger than ${bodyMaximum} bytes.`);
    pieces.push(piece);
  }
  const body = Buffer.concat(pieces, bytes).toString('utf8');
  try {
    return ok(JSON.parse(body === '' ? '{}' : body) as unknown);
  } catch {
    return err('invalid_input', 'The body is not JSON.');
  }
}

/** What MLflow's client understands: its own codes, and the statuses that go with them. */
const errorNames: Partial<Record<ErrorCode, readonly [status: number, name: string]>> = {
  invalid_input: [400, 'INVALID_PARAMETER_VALUE'],
  not_found: [404, 'RESOURCE_DOES_NOT_EXIST'],
  already_exists: [400, 'RESOURCE_ALREADY_EXISTS'],
  not_permitted: [401, 'UNAUTHENTICATED'],
  // Not 429 or 5xx: the client would ask again for minutes, and the limit will not go away.
  disk_full: [400, 'RESOURCE_EXHAUSTED'],
};

function sendError(response: ServerResponse, { code, message }: Pick<NacreError, 'code' | 'message'>): void {
  const [status, name] = errorNames[code] ?? [500, 'INTERNAL_ERROR'];
  response.setHeader('connection', 'close');
  sendJson(response, status, { error_code: name, message });
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length });
  response.end(body);
}
