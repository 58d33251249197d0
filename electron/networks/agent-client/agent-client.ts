import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { createParser } from 'eventsource-parser';
import { z } from 'zod';
import { dsseEnvelopeSchema, type DsseEnvelope } from '../../contract/dsse.ts';
import { err, errorCodes, ok, type ErrorCode, type Result } from '../../contract/result.ts';
import {
  agentStatusSchema,
  artifactSchema,
  jobAcceptedSchema,
  jobStatusSchema,
  uploadStateSchema,
  wireLimits,
  type AgentStatus,
  type Artifact,
  type JobAccepted,
  type JobStatus,
  type JobSubmission,
  type UploadState,
} from '../../contract/wire.ts';
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
  status(signal?: AbortSignal): Promise<Result<AgentStatus>>;
  /** The answer as it came, unparsed: the verifier reads and judges it. */
  evidence(challenge: unknown, signal?: AbortSignal): Promise<Result<unknown>>;
  beginUpload(root: string, manifest: DsseEnvelope, signal?: AbortSignal): Promise<Result<UploadState>>;
  uploadState(root: string, signal?: AbortSignal): Promise<Result<UploadState>>;
  putPart(root: string, index: number, bytes: Uint8Array, signal?: AbortSignal): Promise<Result<void>>;
  submitJob(submission: JobSubmission, signal?: AbortSignal): Promise<Result<JobAccepted>>;
  jobStatus(jobId: string, signal?: AbortSignal): Promise<Result<JobStatus>>;
  stopJob(jobId: string): Promise<Result<JobStatus>>;
  /**
   * Follows the events from a sequence until the agent ends the stream or `onFrame` answers false. Frames are handed
   * over as parsed JSON, not checked. Resolves with ok at the end of the stream.
   */
  events(jobId: string, from: number, onFrame: (frame: unknown) => boolean, signal: AbortSignal): Promise<Result<void>>;
  artifacts(jobId: string, signal?: AbortSignal): Promise<Result<Artifact[]>>;
  /** Downloads to `path`, whole or not at all; refuses other bytes than the announced ones (`integrity`). */
  download(jobId: string, artifact: Artifact, path: string, signal?: AbortSignal): Promise<Result<void>>;
  receipt(jobId: string, signal?: AbortSignal): Promise<Result<DsseEnvelope>>;
  /** Prometheus text. */
  metrics(signal?: AbortSignal): Promise<Result<string>>;
  close(): void;
}

const artifactListSchema = z.object({ artifacts: z.array(artifactSchema).max(10_000) });
const agentErrorSchema = z.object({ error: z.object({ code: z.string().max(64), message: z.string().max(2048) }) });

/** An event stream says something at least this often: milliseconds. */
const eventsIdleMs = 30_000;

export function createAgentClient(options: TransportOptions): AgentClient {
  const transport = createTransport(options);
  const { node } = options;

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

  return {
    node,
    observedKey: transport.observedKey,
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
    async putPart(root, index, bytes, signal) {
      const answer = await bytesOf(
        {
          method: 'PUT',
          path: `/v1/datasets/${root}/parts/${index}`,
          body: bytes,
          contentType: 'application/octet-stream',
          ...signalOf(signal),
        },
        wireLimits.jsonBytes,
      );
      return answer.ok ? ok(undefined) : answer;
    },
    submitJob: (submission, signal) =>
      json(jobAcceptedSchema, 'its acceptance', send('POST', '/v1/jobs', submission, signal)),
    jobStatus: (jobId, signal) => json(jobStatusSchema, 'its job status', get(`/v1/jobs/${jobId}`, signal)),
    stopJob: (jobId) => json(jobStatusSchema, 'its job status', send('POST', `/v1/jobs/${jobId}/stop`, {})),
    async events(jobId, from, onFrame, signal) {
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
      return followEvents(node, incoming, onFrame);
    },
    artifacts: async (jobId, signal) => {
      const answer = await json(
        artifactListSchema,
        'its list of artifacts',
        get(`/v1/jobs/${jobId}/artifacts`, signal),
      );
      return answer.ok ? ok(answer.value.artifacts) : answer;
    },
    async download(jobId, artifact, path, signal) {
      const opened = await transport.open(get(`/v1/jobs/${jobId}/artifacts/${artifact.name}`, signal));
      if (!opened.ok) return opened;
      const incoming = opened.value;
      if (incoming.statusCode !== 200) {
        const body = await readBody(node, incoming, wireLimits.jsonBytes);
        return body.ok ? refusal(node, incoming.statusCode ?? 0, body.value) : body;
      }
      return saveArtifact(node, incoming, artifact, path);
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
  onFrame: (frame: unknown) => boolean,
): Promise<Result<void>> {
  let problem: Result<void> | undefined;
  let done = false;
  const parser = createParser({
    maxBufferSize: 2 * wireLimits.frameBytes,
    onEvent: (event) => {
      if (done) return;
      // A frame that is no JSON is handed on as what it is not: the chain check refuses it and says where.
      done = !onFrame(parseJson(Buffer.from(event.data)));
    },
    onError: (error) => {
      if (error.type === 'max-buffer-size-exceeded') problem = garbage(node, 'an event is too large');
    },
  });
  try {
    const decoder = new TextDecoder();
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      parser.feed(decoder.decode(chunk, { stream: true }));
      if (done || problem !== undefined) break;
    }
  } catch (error) {
    return done ? ok(undefined) : describeFailure(node, error);
  } finally {
    incoming.destroy();
  }
  return problem ?? ok(undefined);
}

async function saveArtifact(
  node: string,
  incoming: IncomingMessage,
  artifact: Artifact,
  path: string,
): Promise<Result<void>> {
  const partial = `${path}.partial`;
  const hash = createHash('sha256');
  let total = 0;
  const limit = Math.min(artifact.bytes, wireLimits.artifactBytes);
  try {
    await pipeline(
      incoming,
      async function* (source: AsyncIterable<Buffer>) {
        for await (const chunk of source) {
          total += chunk.length;
          if (total > limit) throw new TooLarge();
          hash.update(chunk);
          yield chunk;
        }
      },
      createWriteStream(partial, { mode: 0o600 }),
    );
    if (total === artifact.bytes && hash.digest('hex') === artifact.sha256) {
      await rename(partial, path);
      return ok(undefined);
    }
  } catch (error) {
    await rm(partial, { force: true });
    if (!(error instanceof TooLarge)) return writeFailure(node, error, path);
  }
  await rm(partial, { force: true });
  return err('integrity', `${artifact.name} from node ${node} is not the file that its signed telemetry announced.`, {
    hint: 'Nothing of it was kept. Do not retry on this node.',
    details: { node, artifact: artifact.name },
  });
}

class TooLarge extends Error {}

function writeFailure(node: string, error: unknown, path: string): Result<void> {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ENOSPC') return err('disk_full', `The disk is full; ${path} was not written.`);
  if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') {
    return err('not_permitted', `${path} cannot be written (${code}).`);
  }
  return describeFailure(node, error);
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
