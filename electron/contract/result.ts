/**
 * Every answer across the contract is a value, never an exception (DESIGN §10).
 * The code says what a reader should do, the message says it in one sentence, the hint names the next step.
 */
export const errorCodes = [
  // usage: fix your input
  'invalid_input',
  'not_found',
  'already_exists',
  'wrong_state',
  'wrong_passphrase',
  'locked',
  // unavailable: try again
  'unavailable',
  'timeout',
  'cancelled',
  'in_use',
  'disk_full',
  'not_permitted',
  // refused by policy: see the report
  'denied_by_policy',
  'approval_missing',
  // evidence or integrity: security, do not retry
  'attestation_failed',
  'integrity',
  'damaged',
  // a bug of ours
  'internal',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

export interface NacreError {
  readonly code: ErrorCode;
  /** One sentence a person can act on; names the place in bad input. Never holds a secret. */
  readonly message: string;
  /** What to do next. */
  readonly hint?: string;
  /** Machine-readable, JSON-safe, free of secrets. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: NacreError };

export function ok<T>(value: T): Result<T> {
  return { ok: true, value };
}

export function err(
  code: ErrorCode,
  message: string,
  extra?: { hint?: string; details?: Readonly<Record<string, unknown>> },
): { readonly ok: false; readonly error: NacreError } {
  return {
    ok: false,
    error: {
      code,
      message,
      ...(extra?.hint === undefined ? {} : { hint: extra.hint }),
      ...(extra?.details === undefined ? {} : { details: extra.details }),
    },
  };
}
