import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { z } from 'zod';
import { err, ok, type NacreError, type Result } from '../../contract/result.ts';

export interface RayHttpOptions {
  readonly base: URL;
  /** Sent as bearer; never put into an error. */
  readonly token: string | undefined;
  /** For one whole answer: milliseconds. */
  readonly timeoutMs: number;
}

export interface RayRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly json?: unknown;
  readonly body?: Uint8Array<ArrayBuffer>;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
  /** Bytes of the answer that are read; more is `damaged`. */
  readonly maximumBytes?: number;
}

export interface RayAnswer {
  readonly status: number;
  readonly text: string;
}

const answerBytes = 8 * 1024 ** 2;

/**
 * One request to the dashboard. Redirects are not followed: the token would go along. Errors: `unavailable` (nobody
 * answers), `timeout`, `cancelled`, `damaged` (the answer is too large). Any status is an answer.
 */
export async function askRay(options: RayHttpOptions, request: RayRequest): Promise<Result<RayAnswer>> {
  const patience = AbortSignal.timeout(request.timeoutMs ?? options.timeoutMs);
  const signal = request.signal === undefined ? patience : AbortSignal.any([patience, request.signal]);
  try {
    return await exchange(options, request, signal);
  } catch (error) {
    if (request.signal?.aborted === true) return err('cancelled', 'The request to Ray was cancelled.');
    if (patience.aborted) return err('timeout', `${describe(options.base)} did not answer in time.`);
    const cause = error instanceof Error && 'code' in error ? String(error.code) : 'the connection broke';
    return err('unavailable', `${describe(options.base)} cannot be reached (${cause}).`, {
      hint: 'Is the cluster up, and the address that of its dashboard (port 8265 by default)?',
    });
  }
}

/** Not `fetch`: it says `sec-fetch-mode`, by which Ray takes it for a browser and refuses every POST and PUT (405). */
async function exchange(
  { base, token }: RayHttpOptions,
  ask: RayRequest,
  signal: AbortSignal,
): Promise<Result<RayAnswer>> {
  const body = ask.json === undefined ? ask.body : Buffer.from(JSON.stringify(ask.json));
  const outgoing = (base.protocol === 'https:' ? httpsRequest : httpRequest)(new URL(ask.path, base), {
    method: ask.method,
    signal,
    headers: {
      accept: 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-length': body.length }),
      ...(ask.json === undefined ? {} : { 'content-type': 'application/json' }),
      ...(ask.body === undefined ? {} : { 'content-type': 'application/octet-stream' }),
    },
  });
  const answered = once(outgoing, 'response', { signal });
  outgoing.end(body);
  const [response] = (await answered) as [IncomingMessage];
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    bytes += piece.length;
    // Leaving the loop closes the connection.
    if (bytes > (ask.maximumBytes ?? answerBytes)) {
      return err('damaged', `${describe(base)} sent more than an answer of this kind can hold.`);
    }
    pieces.push(piece);
  }
  return ok({ status: response.statusCode ?? 0, text: Buffer.concat(pieces).toString('utf8') });
}

/** The same, for an answer of a known form. Errors: those of `failureOf` too, and `damaged` where the form is another. */
export async function askRayJson<S extends z.ZodType>(
  options: RayHttpOptions,
  request: RayRequest,
  schema: S,
): Promise<Result<z.output<S>>> {
  const answer = await askRay(options, request);
  if (!answer.ok) return answer;
  if (answer.value.status !== 200) return failureOf(options.base, answer.value);
  const parsed = schema.safeParse(parse(answer.value.text));
  if (parsed.success) return ok(parsed.data);
  const issue = parsed.error.issues[0];
  const place = issue?.path.map(String).join('.') ?? '';
  return err(
    'damaged',
    `${describe(options.base)} gave an answer that is none of Ray’s: ${place}: ${issue?.message ?? ''}`,
  );
}

/** What a status other than 200 says, in words of ours; of a Python traceback only its last line. */
export function failureOf(base: URL, { status, text }: RayAnswer): { readonly ok: false; readonly error: NacreError } {
  const where = describe(base);
  if (status === 401) {
    return err('not_permitted', `${where} asks for a token and got none.`, { details: { reason: 'token-missing' } });
  }
  if (status === 403) {
    return err('not_permitted', `${where} does not accept this token.`, {
      hint: 'Take the token that the cluster was started with; it may have been changed since.',
      details: { reason: 'token-wrong' },
    });
  }
  const reason = lastLine(text);
  if (/ already exists/.test(reason)) return err('already_exists', `Ray: ${reason}`);
  if (status === 404) return err('not_found', `Ray: ${reason === '' ? 'not found' : reason}`);
  if (status === 400) return err('invalid_input', `Ray: ${reason}`);
  if (status >= 300 && status < 400)
    return err('unavailable', `${where} sends to another address, which is not followed.`);
  return err('unavailable', `${where} answered ${status}${reason === '' ? '' : `: ${reason}`}`, {
    details: { status },
  });
}

/** Of a traceback, the exception; printable and short. */
function lastLine(text: string): string {
  const lines = text
    .slice(-65_536)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.length > 1);
  const exception = lines.findLast((line) => /^[A-Za-z_.]*(Error|Exception): /.test(line));
  return (exception ?? lines.at(-1) ?? '').replaceAll(/[^\x20-\x7e\u00a0-\ud7ff]/g, ' ').slice(0, 400);
}

export function describe(base: URL): string {
  return `The Ray dashboard at ${base.host}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
