import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ZodType } from 'zod';
import { err, ok, type ErrorCode, type NacreError, type Result } from '../../contract/result.ts';

const statusOfCode: Partial<Record<ErrorCode, number>> = {
  invalid_input: 400,
  damaged: 400,
  cancelled: 400,
  not_permitted: 401,
  denied_by_policy: 403,
  attestation_failed: 403,
  not_found: 404,
  already_exists: 409,
  wrong_state: 409,
  in_use: 409,
  integrity: 422,
  unavailable: 503,
  timeout: 503,
  disk_full: 507,
};

/** Sends a JSON body. */
export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': body.length,
    'cache-control': 'no-store',
  });
  response.end(body);
}

/** Sends `{error: {code, message}}` with the status of its code. */
export function sendError(response: ServerResponse, error: NacreError): void {
  // After an error the rest of a body is not read: the connection is of no further use.
  response.setHeader('connection', 'close');
  sendJson(response, statusOfCode[error.code] ?? 500, { error: { code: error.code, message: error.message } });
}

export function sendResult(response: ServerResponse, result: Result<unknown>, status = 200): void {
  if (result.ok) sendJson(response, status, result.value);
  else sendError(response, result.error);
}

/**
 * Reads a JSON body of at most `limit` bytes under a schema.
 * Errors: `invalid_input`, naming the place; `cancelled` when the sender went away.
 */
export async function readJson<T>(request: IncomingMessage, limit: number, schema: ZodType<T>): Promise<Result<T>> {
  const body = await readBody(request, limit);
  if (!body.ok) return body;
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body.value));
  } catch {
    return err('invalid_input', 'The body is not JSON in UTF-8.');
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return ok(parsed.data);
  const issue = parsed.error.issues[0];
  const place = issue?.path.map(String).join('.') || 'the body';
  return err('invalid_input', `${place}: ${issue?.message ?? 'not valid'}`.slice(0, 500));
}

async function readBody(request: IncomingMessage, limit: number): Promise<Result<Buffer>> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const piece of request as AsyncIterable<Buffer>) {
      bytes += piece.length;
      if (bytes > limit) return err('invalid_input', `The body is larger than ${limit} bytes.`);
      pieces.push(piece);
    }
  } catch {
    return err('cancelled', 'The sender went away in the middle of the body.');
  }
  return ok(Buffer.concat(pieces, bytes));
}
