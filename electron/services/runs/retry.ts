import { setTimeout as delay } from 'node:timers/promises';
import { err, type ErrorCode, type Result } from '../../contract/result.ts';

/** Errors that another try may cure. Nothing about evidence or integrity is ever among them. */
const curable: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['unavailable', 'timeout']);

export interface RetryPolicy {
  /** Tries in all. */
  readonly attempts: number;
  /** Pause after the first failure, doubled after each further one: milliseconds. */
  readonly firstDelayMs: number;
  readonly maximumDelayMs: number;
}

export const defaultRetry: RetryPolicy = { attempts: 4, firstDelayMs: 250, maximumDelayMs: 4000 };

export function isCurable(code: ErrorCode): boolean {
  return curable.has(code);
}

/** Tries until it works, fails for good, or the tries are spent. The last error is the answer. */
export async function withRetry<T>(
  policy: RetryPolicy,
  signal: AbortSignal,
  work: () => Promise<Result<T>>,
): Promise<Result<T>> {
  let pause = policy.firstDelayMs;
  for (let attempt = 1; ; attempt++) {
    if (signal.aborted) return err('cancelled', 'The action was stopped.');
    const answer = await work();
    if (answer.ok || attempt >= policy.attempts || !isCurable(answer.error.code)) return answer;
    if (!(await sleep(pause, signal))) return err('cancelled', 'The action was stopped.');
    pause = Math.min(policy.maximumDelayMs, pause * 2);
  }
}

/** @returns false when the wait was cut short by the signal */
export async function sleep(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await delay(ms, undefined, { signal });
    return true;
  } catch {
    return false;
  }
}
