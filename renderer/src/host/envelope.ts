import { err, errorCodes, type ErrorCode, type Result } from '../../../electron/contract/result.ts';

const codes: ReadonlySet<string> = new Set(errorCodes);

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Checks the envelope of an answer. The value itself was parsed by the core against the contract; an answer that is
 * not an envelope means that the host is another program or another version.
 */
export function readResult<T>(answer: unknown): Result<T> {
  if (isRecord(answer)) {
    if (answer['ok'] === true) return { ok: true, value: answer['value'] as T };
    const error = answer['error'];
    if (answer['ok'] === false && isRecord(error) && typeof error['message'] === 'string') {
      const code: ErrorCode = codes.has(String(error['code'])) ? (error['code'] as ErrorCode) : 'internal';
      return err(code, error['message'], {
        ...(typeof error['hint'] === 'string' ? { hint: error['hint'] } : {}),
        ...(isRecord(error['details']) ? { details: error['details'] } : {}),
      });
    }
  }
  return err('internal', 'The core gave an answer that this window cannot read.', {
    hint: 'Close every window of Nacre and start it again; two versions may be running.',
  });
}
