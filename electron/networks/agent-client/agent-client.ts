import type { IncomingMessage } from 'node:http';
import { createParser } from 'eventsource-parser';
import { z } from 'zod';
import { dsseEnvelopeSchema, type DsseEnvelope } from '../../contract/dsse.ts';
import { err, errorCodes, ok, type ErrorCode, type Result } from '../../contract/result.ts';
import {
  accessSchema,
  agentStatusSchema,
  artifactPartsSchema,
  artifactSchema,
  jobAcceptedSchema,
  jobStatusSchema,
  partReceiptSchema,
  uploadStateSchema,
  wireLimits,
  type AgentStatus,
  type Artifact,
  type JobAccepted,
  type JobStatus,
  type JobSubmission,
  type PartReceipt,
  type UploadState,
} from '../../contract/wire.ts';
import { startAnswerSchema, type StartAnswer, type StartRequest } from '../../contract/workers.ts';
import { createTransport, describeFailure, type RequestOptions, type TransportOptions } from './transport.ts';

/**
 * One node's agent, as the wire contract describes it (contract/wire.ts). Every answer is bounded and parsed by schema.
 * Errors of all calls: `timeout` (hangs), `unavailable` (unreachable, garbage), `attestation_failed` (other TLS key),
 * and what the agent itself answers, under its own code with the node's name before the sentence.
 */
export interface AgentClient {
  readonly node: string;
  /** See `Transport.observedKey`. */
  observedKey(): string | undefined;
  /** Bytes on the wire so far, of all connections. */
  wire(): { readonly sent: number; readonly received: number };
  /** Later calls come from the owner who signed this grant: it is shown when the first of them needs it. */
  useGrant(grant: DsseEnvelope): void;
  status(signal?: AbortSignal): Promise<Result<AgentStatus>>;
  /** The answer as it came, unparsed: the verifier reads and judges it. */
  evidence(challenge: unknown, signal?: AbortSignal): Promise<Result<unknown>>;
  beginUpload(root: string, manifest: DsseEnvelope, signal?: AbortSignal): Promise<Result<UploadState>>;
  uploadState(root: string, signal?: AbortSignal): Promise<Result<UploadState>>;
  /** Sends bytes of a part from byte `from` on. */
  putPart(
    root: string,
    index: number,
    from: number,
    bytes: Uint8Array,
    signal?: AbortSignal,
  ): Promise<Result<PartReceipt>>;
  submitJob(submission: JobSubmission, signal?: AbortSignal): Promise<Result<JobAccepted>>;
  jobStatus(jobId: string, signal?: AbortSignal): Promise<Result<JobStatus>>;
  stopJob(jobId: string): Promise<Result<JobStatus>>;
  /** Lets a worker of several begin. Errors: `not_permitted`, `not_found`. */
  startWorker(jobId: string, request: StartRequest, signal?: AbortSignal): Promise<Result<StartAnswer>>;
  /**
   * Follows the events from a sequence until the agent ends the stream or `onFrames` answers false. Frames are handed
   * over as they arrive together, as parsed JSON, not checked; nothing more is read until `onFrames` is done with them.
   * Resolves with ok at the end of the stream.
   */
  events(
    jobId: string,
    from: number,
    onFrames: (frames: readonly unknown[]) => Promise<boolean>,
    signal: AbortSignal,
  ): Promise<Result<void>>;
  artifacts(jobId: string, signal?: AbortSignal): Promise<Result<Artifact[]>>;
  /** SHA-256 of the parts of an artifact, as the node says: not checked. */
  artifactParts(jobId: string, name: string, signal?: AbortSignal): Promise<Result<readonly string[]>>;
  /**
   * Hands over the bytes from `from` to `until` (the last one) piece by piece; never more than asked for. What was handed
   * over before an error stays good as far as the line goes; whose bytes they are is for the caller to check.
   */
  readArtifact(
    jobId: string,
    name: string,
    range: { readonly from: number; readonly until: number },
    onPiece: (piece: Uint8Array) => Promise<void>,
    signal?: AbortSignal,
  ): Promise<Result<void>>;
  receipt(jobId: string, signal?: AbortSignal): Promise<Result<DsseEnvelope>>;
  /** Prometheus text. */
  metrics(signal?: AbortSignal): Promise<Result<string>>;
  close(): void;
}

const artifactListSchema = z.object({ artifacts: z.array(artifactSchema).max(10_000) });
const agentErrorSchema = z.object({ error: z.object({ code: z.string().max(64), message: z.string().max(2048) }) });

/** What needs no ticket: it belongs to nobody, or proves by itself whose it is. */
const openPaths: ReadonlySet<string> = new Set(['/v1/status', '/v1/evidence', '/v1/access', '/v1/jobs', '/metrics']);

/** An event stream says something at least this often: milliseconds. */
const eventsIdleMs = 30_000;

export function createAgentClient(options: TransportOptions): AgentClient {
  const bare = createTransport(options);
  const { node } = options;
  let grant: DsseEnvelope | undefined;
  let entering: Promise<Result<Readonly<Record<string, string>>>> | undefined;

  /** The ticket for a request, asked for once and kept until the node no longer takes it. */
  const enter = async (): Promise<Result<Readonly<Record<string, string>>>> => {
    if (grant === undefined) return ok({});
    const asked = (entering ??= signIn(grant));
    const answer = await asked;
    if (!answer.ok && entering === asked) entering = undefined;
    return answer;
  };
  const transport = {
    ...bare,
    async open(ask: RequestOptions): Promise<Result<IncomingMessage>> {
      if (openPaths.has(ask.path)) return bare.open(ask);
      const ticket = await enter();
      if (!ticket.ok) return ticket;
      const opened = await bare.open({ ...ask, headers: { ...ask.headers, ...ticket.value } });
      if (opened.ok && opened.value.statusCode === 401) entering = undefined;
      return opened;
    },
  };

  const bytesOf = async (ask: RequestOptions, maximum: number): Promise<Result<Buffer>> => {
    const opened = await transport.open(ask);
    if (!opened.ok) return opened;
    const body = await readBody(node, opened.value, maximum);
    if (!body.ok) return body;
    const status = opened.value.statusCode ?? 0;
    return status >= 200 && status < 300 ? body : refusal(node, status, body.value);
  };

  const json = async <T>(
    schema: z.ZodType<T>,
    what: string,
    ask: RequestOptions,
    maximum: number = wireLimits.jsonBytes,
  ): Promise<Result<T>> => {
    const body = await bytesOf(ask, maximum);
    if (!body.ok) return body;
    const value = parseJson(body.value);
    if (value === undefined) return garbage(node, `${what} is not JSON`);
    const parsed = schema.safeParse(value);
    if (parsed.success) return ok(parsed.data);
    const issue = parsed.error.issues[0];
    return garbage(node, `${what} does not fit at ${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? ''}`);
  };

  async function signIn(shown: DsseEnvelope): Promise<Result<Readonly<Record<string, string>>>> {
    const access = await json(accessSchema, 'its ticket', send('POST', '/v1/access', { grant: shown }));
    return access.ok ? ok({ authorization: `Bearer ${access.value.ticket}` }) : access;
  }

  return {
    node,
    observedKey: transport.observedKey,
    wire: transport.wire,
    useGrant(next) {
      grant = next;
      entering = undefined;
    },
    status: (signal) => json(agentStatusSchema, 'its status', get('/v1/status', signal)),
    evidence: async (challenge, signal) => {
      const answer = await json(z.unknown(), 'its evidence', send('POST', '/v1/evidence', { challenge }, signal));
      return answer;
    },
    beginUpload: (root, manifest, signal) =>
      json(
        uploadStateSchema,
        'its upload state',
        send('PUT', `/v1/datasets/${root}`, { manifest }, signal),
        8 * wireLimits.jsonBytes,
      ),
    uploadState: (root, signal) =>
      json(uploadStateSchema, 'its upload state', get(`/v1/datasets/${root}`, signal), 8 * wireLimits.jsonBytes),
    putPart: (root, index, from, bytes, signal) =>
      json(partReceiptSchema, 'its receipt for a part', {
        method: 'PUT',
        path: `/v1/datasets/${root}/parts/${index}?from=${from}`,
        body: bytes,
        contentType: 'application/octet-stream',
        ...signalOf(signal),
      }),
    submitJob: (submission, signal) =>
      json(jobAcceptedSchema, 'its acceptance', send('POST', '/v1/jobs', submission, signal)),
    jobStatus: (jobId, signal) => json(jobStatusSchema, 'its job status', get(`/v1/jobs/${jobId}`, signal)),
    stopJob: (jobId) => json(jobStatusSchema, 'its job status', send('POST', `/v1/jobs/${jobId}/stop`, {})),
    startWorker: (jobId, request, signal) =>
      json(startAnswerSchema, 'its answer to the start', {
        ...send('POST', `/v1/jobs/${jobId}/start`, request),
        ...(signal === undefined ? {} : { signal }),
      }),
    async events(jobId, from, onFrames, signal) {
      const opened = await transport.open({
        ...get(`/v1/jobs/${jobId}/events?from=${from}`, signal),
        idleMs: eventsIdleMs,
      });
      if (!opened.ok) return opened;
      const incoming = opened.value;
      if (incoming.statusCode !== 200) {
        const body = await readBody(node, incoming, wireLimits.jsonBytes);
        return body.ok ? refusal(node, incoming.statusCode ?? 0, body.value) : body;
      }
      return followEvents(node, incoming, onFrames);
    },
    artifacts: async (jobId, signal) => {
      const answer = await json(
        artifactListSchema,
        'its list of artifacts',
        get(`/v1/jobs/${jobId}/artifacts`, signal),
      );
      return answer.ok ? ok(answer.value.artifacts) : answer;
    },
    async artifactParts(jobId, name, signal) {
      const path = `/v1/jobs/${jobId}/artifacts/${name}/parts`;
      const answer = await json(artifactPartsSchema, 'its list of parts', get(path, signal), 8 * wireLimits.jsonBytes);
      return answer.ok ? ok(answer.value.parts) : answer;
    },
    async readArtifact(jobId, name, { from, until }, onPiece, signal) {
      const opened = await transport.open({
        ...get(`/v1/jobs/${jobId}/artifacts/${name}`, signal),
        headers: { range: `bytes=${from}-${until}` },
      });
      if (!opened.ok) return opened;
      const incoming = opened.value;
      if (incoming.statusCode !== 206) {
        const body = await readBody(node, incoming, wireLimits.jsonBytes);
        return body.ok ? refusal(node, incoming.statusCode ?? 0, body.value) : body;
      }
      return readPieces(node, incoming, until - from + 1, onPiece);
    },
    receipt: (jobId, signal) => json(dsseEnvelopeSchema, 'its receipt', get(`/v1/jobs/${jobId}/receipt`, signal)),
    metrics: async (signal) => {
      const body = await bytesOf(get('/metrics', signal), wireLimits.jsonBytes);
      return body.ok ? ok(body.value.toString('utf8')) : body;
    },
    close: transport.close,
  };
}

const signalOf = (signal: AbortSignal | undefined) => (signal === undefined ? {} : { signal });

const get = (path: string, signal?: AbortSignal): RequestOptions => ({ method: 'GET', path, ...signalOf(signal) });
const send = (method: 'POST' | 'PUT', path: string, value: unknown, signal?: AbortSignal): RequestOptions => ({
  method,
  path,
  body: Buffer.from(JSON.stringify(value)),
  slow: true,
  ...signalOf(signal),
});

async function readBody(node: string, incoming: IncomingMessage, maximum: number): Promise<Result<Buffer>> {
  const chunks: Buffer[] = [];
  let total = 0;
  try {
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      total += chunk.length;
      if (total > maximum) {
        incoming.destroy();
        return garbage(node, `its answer is larger than ${maximum} bytes`);
      }
      chunks.push(chunk);
    }
  } catch (error) {
    return describeFailure(node, error);
  }
  return ok(Buffer.concat(chunks));
}

async function followEvents(
  node: string,
  incoming: IncomingMessage,
  onFrames: (frames: readonly unknown[]) => Promise<boolean>,
): Promise<Result<void>> {
  let problem: Result<void> | undefined;
  let done = false;
  let frames: unknown[] = [];
  const parser = createParser({
    maxBufferSize: 2 * wireLimits.frameBytes,
    onEvent: (event) => {
      // A frame that is no JSON is handed on as what it is not: the chain check refuses it and says where.
      frames.push(parseJson(Buffer.from(event.data)));
    },
    onError: (error) => {
      if (error.type === 'max-buffer-size-exceeded') problem = garbage(node, 'an event is too large');
    },
  });
  try {
    const decoder = new TextDecoder();
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      parser.feed(decoder.decode(chunk, { stream: true }));
      const together = frames;
      frames = [];
      if (together.length > 0) done = !(await onFrames(together));
      if (done || problem !== undefined) break;
    }
  } catch (error) {
    return done ? ok(undefined) : describeFailure(node, error);
  } finally {
    incoming.destroy();
  }
  return problem ?? ok(undefined);
}

async function readPieces(
  node: string,
  incoming: IncomingMessage,
  expected: number,
  onPiece: (piece: Uint8Array) => Promise<void>,
): Promise<Result<void>> {
  const pieces = incoming[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let total = 0;
  try {
    for (;;) {
      let next;
      try {
        next = await pieces.next();
      } catch (error) {
        return describeFailure(node, error);
      }
      if (next.done === true) break;
      total += next.value.length;
      if (total > expected) return garbage(node, `more than the ${expected} bytes that were asked for`);
      await onPiece(next.value);
    }
  } finally {
    incoming.destroy();
  }
  return total === expected ? ok(undefined) : garbage(node, `${total} of ${expected} bytes that were asked for`);
}

function parseJson(bytes: Buffer): unknown {
  try {
    const value = JSON.parse(bytes.toString('utf8')) as unknown;
    // Half a surrogate pair, written as an escape, has no canonical form (RFC 8785): nothing could be hashed over it.
    const lone = /\\ud[89a-f]/i;
    return lone.test(bytes.toString('latin1')) && lone.test(JSON.stringify(value)) ? undefined : value;
  } catch {
    return undefined;
  }
}

function garbage(node: string, what: string) {
  return err('unavailable', `Node ${node} answers garbage: ${what}.`, {
    hint: 'Choose another node.',
    details: { node, reason: 'garbage' },
  });
}

function refusal(node: string, status: number, body: Buffer) {
  const parsed = agentErrorSchema.safeParse(parseJson(body));
  if (!parsed.success) return garbage(node, `status ${status} without a reason`);
  const { code, message } = parsed.data.error;
  const known: ErrorCode = (errorCodes as readonly string[]).includes(code) ? (code as ErrorCode) : 'unavailable';
  return err(known, `Node ${node}: ${message}`, { details: { node, status, agentCode: code } });
}
