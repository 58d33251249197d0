import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { err, ok, type Result } from '../../contract/result.ts';

/** Sent as bearer, or with a user name as basic. Never put into an error. */
export interface Credentials {
  readonly user?: string;
  readonly secret: string;
}

export interface ServerAccess {
  /** As `parseServerAddress` gives it. */
  readonly base: URL;
  /** Begins sentences: "The MLflow server". */
  readonly what: string;
  readonly credentials?: Credentials;
  /** For one whole answer: milliseconds. */
  readonly timeoutMs: number;
  /** Of one answer; more is `damaged`, and is not read. */
  readonly maximumBytes: number;
}

export interface ServerRequest {
  readonly method: 'GET' | 'POST';
  /** Below the base; begins without a slash. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly accept?: string;
  readonly signal?: AbortSignal;
}

/**
 * The text of an answer with status 200. Only the named host is ever asked: redirects are not followed, for they could lead
 * into this machine's own network and would take the credentials along. Errors: `unavailable` (nobody answers, 5xx, 429),
 * `timeout` (also when it trickles), `cancelled`, `damaged` (too large, a web page), `not_permitted` (401, 403),
 * `not_found`, `already_exists` and `invalid_input` (as the server says).
 */
export async function askServer(access: ServerAccess, request: ServerRequest): Promise<Result<string>> {
  const patience = AbortSignal.timeout(access.timeoutMs);
  const signal = request.signal === undefined ? patience : AbortSignal.any([patience, request.signal]);
  const where = `${access.what} at ${access.base.host}`;
  try {
    return await exchange(access, where, request, signal);
  } catch (error) {
    if (request.signal?.aborted === true) return err('cancelled', `The request to ${access.base.host} was cancelled.`);
    if (patience.aborted) {
      return err('timeout', `${where} did not answer whole within ${access.timeoutMs / 1000} s.`);
    }
    const cause = error instanceof Error && 'code' in error ? String(error.code) : 'the connection broke';
    return err('unavailable', `${where} cannot be reached (${cause}).`);
  }
}

async function exchange(
  { base, credentials, maximumBytes }: ServerAccess,
  where: string,
  ask: ServerRequest,
  signal: AbortSignal,
): Promise<Result<string>> {
  const url = new URL(ask.path, base);
  for (const [name, value] of Object.entries(ask.query ?? {})) url.searchParams.set(name, value);
  const body = ask.json === undefined ? undefined : Buffer.from(JSON.stringify(ask.json));
  const outgoing = (base.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
    method: ask.method,
    signal,
    headers: {
      accept: ask.accept ?? 'application/json',
      ...(credentials === undefined ? {} : { authorization: authorization(credentials) }),
      ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': body.length }),
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
    if (bytes > maximumBytes) return err('damaged', `${where} sent more than ${maximumBytes} bytes.`);
    pieces.push(piece);
  }
  const text = Buffer.concat(pieces).toString('utf8');
  const page = /^\s*<(!doctype|html)/i.test(text);
  if (response.statusCode === 200 && !page) return ok(text);
  return refusal(where, response.statusCode ?? 0, text, page);
}

function authorization({ user, secret }: Credentials): string {
  return user === undefined ? `Bearer ${secret}` : `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;
}

function refusal(where: string, status: number, text: string, page: boolean) {
  if (status === 401 || status === 403) {
    return err('not_permitted', `${where} does not let this desk in (${status}).`, {
      hint: 'Give the user and password or the token that it asks for.',
    });
  }
  if (status >= 300 && status < 400) {
    return err('unavailable', `${where} sends to another address, which is not followed.`, {
      hint: 'Give the address that it really has.',
    });
  }
  if (page && status === 200) {
    return err('damaged', `${where} answers with a web page.`, {
      hint: 'Is it the address of the server itself, and not of a login page in front of it?',
    });
  }
  const said = page ? '' : saidBy(text);
  const words = said === '' ? `${where} answered ${status}.` : `${where} answered ${status}: ${said}`;
  const details = { status };
  if (status === 404) return err('not_found', words, { details });
  if (status === 409 || /RESOURCE_ALREADY_EXISTS/.test(said)) return err('already_exists', words, { details });
  return status >= 400 && status < 500 && status !== 408 && status !== 429
    ? err('invalid_input', words, { details })
    : err('unavailable', words, { details });
}

/** The server's own words, printable and short. */
function saidBy(text: string): string {
  let words = text;
  try {
    const { error_code: code, message, error } = JSON.parse(text) as Record<string, unknown>;
    words = [code, message ?? error].filter((part) => typeof part === 'string').join(': ');
  } catch {
    // Not JSON: its first line says as much.
    words = text.trim().split('\n')[0] ?? '';
  }
  return words.replaceAll(/[^\x20-\x7e\u00a0-\ud7ff]/g, ' ').slice(0, 300);
}
