import type { Check, SubmoduleVerdict } from '../../../../contract/evidence.ts';
import { statusOf } from '../../checks.ts';

const undecided: ReadonlySet<string> = new Set(['nonce-not-given', 'challenge-not-given']);

/**
 * A verdict over files that nobody asked for with a nonce: the row that freshness is undecided stays, but does not decide.
 * Elsewhere it does; here the verdict releases nothing and says that it could be of any day.
 */
export function withoutNonce(verdict: SubmoduleVerdict, nonce: Uint8Array | undefined): SubmoduleVerdict {
  if (nonce !== undefined) return verdict;
  const checks = verdict.checks.map(undecidedWithoutNonce);
  const notChecked = [...verdict.notChecked, 'Freshness: no nonce was given, so the evidence may be of any day.'];
  return { ...verdict, checks, status: statusOf(checks), notChecked };
}

/** One row: that freshness is undecided is shown, and does not decide. */
export function undecidedWithoutNonce(check: Check): Check {
  return check.outcome === 'unknown' && undecided.has(check.reason ?? '') ? { ...check, required: false } : check;
}
