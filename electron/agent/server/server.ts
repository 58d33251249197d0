import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { challengeSchema } from '../../contract/node-evidence.ts';
import type { NodeFault } from '../../contract/local-network.ts';
import { err, type Result } from '../../contract/result.ts';
import { dsseEnvelopeSchema, jobSubmissionSchema, wireLimits, type AgentStatus } from '../../contract/wire.ts';
import { startRequestSchema } from '../../contract/workers.ts';
import type { Sessions } from '../evidence/sessions.ts';
import { prometheusText } from '../job/gpu-exposition.ts';
import type { GpuTelemetry } from '../job/gpu-simulation.ts';
import type { Job } from '../job/job.ts';
import { noJob, type JobManager } from '../job/job-manager.ts';
import type { DatasetStore } from '../storage/dataset-store.ts';
import { mayVisit, type AccessBook } from './access.ts';
import { streamFrames } from './events.ts';
import { readJson, sendError, sendJson, sendResult } from './http.ts';

/** A manifest lists a digest a part, so it may be larger than other bodies: base64 of the envelope's payload maximum. */
const envelopeBytes = 12 * 1_048_576;
const heartbeatMs = 10_000;

export interface ServerOptions {
  readonly node: string;
  readonly agentVersion: string;
  readonly simulated: boolean;
  readonly sessions: Sessions;
  readonly access: AccessBook;
  readonly datasets: DatasetStore;
  readonly jobs: JobManager;
  readonly gpus: GpuTelemetry;
  readonly tls: { readonly key: string; readonly certificate: string };
  /** How this node misbehaves now (SIMULATED nodes only). */
  readonly fault: () => NodeFault;
}

type Handler = (request: IncomingMessage, response: ServerResponse, parameters: string[], url: URL) => Promise<void>;

interface Route {
  readonly method: string;
  readonly path: RegExp;
  readonly handle: Handler;
}

/** The agent's HTTPS server (contract/wire.ts). Not listening yet. */
export function createAgentServer(options: ServerOptions): Server {
  const routes = routesOf(options);
  const server = createServer(
    { key: options.tls.key, cert: options.tls.certificate, minVersion: 'TLSv1.3', maxHeaderSize: 16_384 },
    (request, response) => {
      dispatch(routes, options, request, response).catch((error: unknown) => {
        const message = error instanceof Error ? error.message : String(error);
        if (response.headersSent) response.destroy();
        else sendError(response, { code: 'internal', message: `The agent failed at this request: ${message}` });
      });
    },
  );
  server.headersTimeout = 10_000;
  // A part of 64 MiB over a slow line must fit.
  server.requestTimeout = 600_000;
  server.maxConnections = 256;
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return server;
}

async function dispatch(
  routes: readonly Route[],
  options: ServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'https://agent.invalid');
  if (url.pathname !== '/v1/status' && url.pathname !== '/metrics' && misbehave(options.fault(), request, response))
    return;
  let known = false;
  for (const { method, path, handle } of routes) {
    const match = path.exec(url.pathname);
    if (match === null) continue;
    known = true;
    if (request.method === method) return handle(request, response, match.slice(1), url);
  }
  const message = known ? `${request.method ?? ''} is not for this address.` : 'There is nothing at this address.';
  sendError(response, { code: 'not_found', message });
}

/** Faults that replace an answer as a whole. @returns whether the request has been dealt with. */
function misbehave(fault: NodeFault, request: IncomingMessage, response: ServerResponse): boolean {
  if (fault === 'hang') {
    request.resume();
    return true;
  }
  if (fault === 'garbage') {
    request.resume();
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(randomBytes(4096));
    return true;
  }
  return false;
}

function routesOf(options: ServerOptions): Route[] {
  const { sessions, access, datasets, jobs, gpus } = options;
  /** A job that the sender of a request may see; to anyone else it does not exist. */
  const find = (request: IncomingMessage, jobId: string): Result<Job> => {
    const visitor = access.visitor(request);
    if (!visitor.ok) return visitor;
    const job = jobs.find(jobId);
    return job.ok && mayVisit(visitor.value, jobId, job.value.ownerKey) ? job : noJob(jobId);
  };
  const started = performance.now();
  return [
    route('GET', /^\/v1\/status$/, async (_request, response) => {
      const status: AgentStatus = {
        agent: 'nacre-agent',
        version: options.agentVersion,
        node: options.node,
        simulated: options.simulated,
        uptimeSeconds: Math.round((performance.now() - started) / 1000),
      };
      sendJson(response, 200, status);
    }),
    route('POST', /^\/v1\/evidence$/, async (request, response) => {
      const body = await readJson(request, wireLimits.jsonBytes, z.strictObject({ challenge: challengeSchema }));
      sendResult(response, body.ok ? await sessions.answer(body.value.challenge) : body);
    }),
    route('POST', /^\/v1\/access$/, async (request, response) => {
      const body = await readJson(request, wireLimits.jsonBytes, z.strictObject({ grant: dsseEnvelopeSchema }));
      sendResult(response, body.ok ? access.admit(body.value.grant) : body);
    }),
    route('PUT', /^\/v1\/datasets\/([0-9a-f]{64})$/, async (request, response, [root = '']) => {
      const visitor = access.visitor(request);
      if (!visitor.ok) return sendError(response, visitor.error);
      const body = await readJson(request, envelopeBytes, z.strictObject({ manifest: dsseEnvelopeSchema }));
      sendResult(response, body.ok ? await datasets.begin(visitor.value.ownerKey, root, body.value.manifest) : body);
    }),
    route('GET', /^\/v1\/datasets\/([0-9a-f]{64})$/, async (request, response, [root = '']) => {
      const visitor = access.visitor(request);
      sendResult(response, visitor.ok ? datasets.state(visitor.value.ownerKey, root) : visitor);
    }),
    route('PUT', /^\/v1\/datasets\/([0-9a-f]{64})\/parts\/(\d{1,7})$/, async (request, response, parameters, url) => {
      const [root = '', index = ''] = parameters;
      const visitor = access.visitor(request);
      if (!visitor.ok) return sendError(response, visitor.error);
      const from = url.searchParams.get('from') ?? '0';
      if (!/^\d{1,8}$/.test(from))
        return sendError(response, err('invalid_input', 'from: not a place in a part.').error);
      const body = options.fault() === 'close-mid-upload' ? cutShort(request) : request;
      const received = await datasets.putPart(visitor.value.ownerKey, root, Number(index), {
        body: body as AsyncIterable<Uint8Array>,
        from: Number(from),
        cut: () => request.destroy(),
      });
      sendResult(response, received);
    }),
    route('POST', /^\/v1\/jobs$/, async (request, response) => {
      const body = await readJson(request, 2 * envelopeBytes, jobSubmissionSchema);
      sendResult(response, body.ok ? await jobs.submit(body.value) : body);
    }),
    route('GET', /^\/v1\/jobs\/([0-9a-f]{64})$/, async (request, response, [jobId = '']) => {
      const job = find(request, jobId);
      sendResult(response, job.ok ? { ok: true, value: job.value.status() } : job);
    }),
    route('POST', /^\/v1\/jobs\/([0-9a-f]{64})\/stop$/, async (request, response, [jobId = '']) => {
      request.resume();
      const job = find(request, jobId);
      if (job.ok) {
        job.value.stop();
        await job.value.ended;
      }
      sendResult(response, job.ok ? { ok: true, value: job.value.status() } : job);
    }),
    // Whoever has the ticket may say "begin": what begins, where and with whom is in the sealed release.
    route('POST', /^\/v1\/jobs\/([0-9a-f]{64})\/start$/, async (request, response, [jobId = '']) => {
      const body = await readJson(request, 4096, startRequestSchema);
      const job = jobs.find(jobId);
      sendResult(response, !body.ok ? body : job.ok ? await job.value.start(body.value) : job);
    }),
    route('GET', /^\/v1\/jobs\/([0-9a-f]{64})\/events$/, async (request, response, [jobId = ''], url) => {
      const job = find(request, jobId);
      if (!job.ok) return sendError(response, job.error);
      const from = sequenceFrom(request, url);
      const { frames } = job.value;
      if (from === undefined) return sendError(response, err('invalid_input', 'from: not a frame number.').error);
      if (from < frames.first) {
        return sendError(response, err('not_found', `Frames before ${frames.first} are no longer here.`).error);
      }
      return streamFrames(response, frames, from, heartbeatMs, () => options.fault() === 'hang');
    }),
    route('GET', /^\/v1\/jobs\/([0-9a-f]{64})\/artifacts$/, async (request, response, [jobId = '']) => {
      const job = find(request, jobId);
      sendResult(response, job.ok ? { ok: true, value: { artifacts: job.value.artifacts.list() } } : job);
    }),
    route(
      'GET',
      /^\/v1\/jobs\/([0-9a-f]{64})\/artifacts\/([a-z0-9.-]{1,128})\/parts$/,
      async (request, response, at) => {
        const [jobId = '', name = ''] = at;
        const job = find(request, jobId);
        sendResult(response, job.ok ? job.value.artifacts.parts(name) : job);
      },
    ),
    route('GET', /^\/v1\/jobs\/([0-9a-f]{64})\/artifacts\/([a-z0-9.-]{1,128})$/, async (request, response, at) => {
      const [jobId = '', name = ''] = at;
      const job = find(request, jobId);
      if (!job.ok) return sendError(response, job.error);
      return sendArtifact(request, response, job.value, name, options.fault() === 'close-mid-upload');
    }),
    route('GET', /^\/v1\/jobs\/([0-9a-f]{64})\/receipt$/, async (request, response, [jobId = '']) => {
      const job = find(request, jobId);
      sendResult(response, job.ok ? job.value.receipt() : job);
    }),
    route('GET', /^\/metrics$/, async (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
      const { simulated, model, driver } = gpus;
      const told = { node: options.node, simulated, model, driver, fault: options.fault() };
      response.end(prometheusText(gpus.read(jobs.busy), told));
    }),
  ];
}

/** An artifact or the piece of it that `range` asks for. */
async function sendArtifact(
  request: IncomingMessage,
  response: ServerResponse,
  job: Job,
  name: string,
  cut: boolean,
): Promise<void> {
  const range = /^bytes=(\d{1,15})-(\d{1,15})$/.exec(request.headers.range ?? '');
  const whole = request.headers.range === undefined;
  const opened = job.artifacts.open(name, whole ? undefined : { from: Number(range?.[1]), until: Number(range?.[2]) });
  if (!opened.ok) return sendError(response, opened.error);
  const { stream, from, until, bytes } = opened.value;
  response.writeHead(whole ? 200 : 206, {
    'content-type': 'application/octet-stream',
    'content-length': until - from + 1,
    ...(whole ? {} : { 'content-range': `bytes ${from}-${until}/${bytes}` }),
  });
  if (cut) stream.once('data', () => request.socket.destroy());
  // A reader that goes away ends the pipeline with an error that concerns nobody else.
  return pipeline(stream, response).catch(() => undefined);
}

function route(method: string, path: RegExp, handle: Handler): Route {
  return { method, path, handle };
}

/** `from` of the query, or the frame after the `Last-Event-ID` of a reconnecting reader; undefined when it is no number. */
function sequenceFrom(request: IncomingMessage, url: URL): number | undefined {
  const last = request.headers['last-event-id'];
  const text = url.searchParams.get('from') ?? (typeof last === 'string' ? last : '-1');
  if (!/^(-1|\d{1,15})$/.test(text)) return undefined;
  return url.searchParams.has('from') ? Math.max(0, Number(text)) : Number(text) + 1;
}

/** Passes on half of what came in the first pieces, then cuts the connection. */
async function* cutShort(request: IncomingMessage): AsyncGenerator<Uint8Array> {
  for await (const piece of request as AsyncIterable<Uint8Array>) {
    yield piece.subarray(0, Math.floor(piece.length / 2));
    request.socket.destroy();
    return;
  }
}
