import { setTimeout as delay } from 'node:timers/promises';
import { err, type ErrorCode, type NacreError, type Result } from '../../contract/result.ts';
import type { Progress } from '../../contract/views.ts';
import type { Limiter } from './token-bucket.ts';

/** What uploads and downloads have in common. */
export interface TransferOptions {
  readonly onProgress: (progress: Progress) => void;
  /** Milliseconds, from any fixed start. */
  readonly clock: () => number;
  readonly signal: AbortSignal;
  /** Resolves at once, or when a pause is over. */
  readonly unpaused?: () => Promise<void>;
  readonly limit?: Limiter;
  readonly patience?: Patience;
  /** Parts in flight at a time. */
  readonly parallel?: number;
}

/** How long a transfer goes on without getting on. Every byte that arrives begins it anew. */
export interface Patience {
  /** Breaks in a row without a byte. */
  readonly attempts: number;
  readonly firstDelayMs: number;
  readonly maximumDelayMs: number;
}

/** Half a minute in all: an agent that restarts is back by then. */
export const defaultPatience: Patience = { attempts: 10, firstDelayMs: 200, maximumDelayMs: 8000 };

/**
 * Parts in flight unless said otherwise. `npm run bench -- transfer` on two busy cores, loopback: 1 part 71, 2 parts 79,
 * 4 parts 129, 8 parts 148 MB/s. Over a line of 40 ms their number makes no difference (25 to 32 MB/s for 100 MB): what may
 * be unconfirmed is shared between them, see `breakShare` in upload.ts, and grows with what got through.
 */
export const defaultParallel = 4;

/** What a transfer took. */
export interface TransferFigures {
  /** Size of what is now on the other side. */
  readonly bytes: number;
  /** Of it: was there before this transfer. */
  readonly bytesPresent: number;
  /** On the wire, TLS and requests included, as the sockets counted them. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Connections that broke. */
  readonly breaks: number;
  /** Without the time it was paused. */
  readonly seconds: number;
  /** Of it: held back by a bandwidth limit. */
  readonly limitedSeconds: number;
}

/** Errors that another try may cure. Nothing about evidence or integrity is ever among them. */
export function isPassing(code: ErrorCode): boolean {
  return code === 'unavailable' || code === 'timeout';
}

/** @returns false when the wait was cut short by the signal */
export async function wait(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await delay(ms, undefined, { signal });
    return true;
  } catch {
    return false;
  }
}

export const stopped = () => err('cancelled', 'The transfer was stopped; what is there is kept and not sent again.');

/** Waits after a break, longer each time, until patience ends. */
export interface BackOff {
  /** Bytes got through. */
  progress(): void;
  /** @returns the error when it is time to give up. */
  after(error: NacreError): Promise<Result<void>>;
  readonly breaks: () => number;
}

export function createBackOff(patience: Patience, signal: AbortSignal): BackOff {
  let inRow = 0;
  let breaks = 0;
  return {
    progress() {
      inRow = 0;
    },
    async after(error) {
      if (signal.aborted) return stopped();
      if (!isPassing(error.code)) return { ok: false, error };
      breaks += 1;
      inRow += 1;
      if (inRow >= patience.attempts) return { ok: false, error };
      const pause = Math.min(patience.maximumDelayMs, patience.firstDelayMs * 2 ** (inRow - 1));
      return (await wait(pause, signal)) ? { ok: true, value: undefined } : stopped();
    },
    breaks: () => breaks,
  };
}

/** Rate over the last few seconds, so that it follows the line and does not jump. Time paused does not count. */
export function createMeter(clock: () => number, total: number, start: number): (done: number) => Progress {
  const samples: { at: number; done: number }[] = [{ at: clock(), done: start }];
  return (done) => {
    const at = clock();
    samples.push({ at, done });
    while (samples.length > 2 && at - (samples[0]?.at ?? at) > 5000) samples.shift();
    const oldest = samples[0] ?? { at, done };
    const seconds = (at - oldest.at) / 1000;
    const rate = seconds > 0 ? Math.max(0, (done - oldest.done) / seconds) : 0;
    return {
      done,
      total,
      unit: 'bytes',
      ...(rate > 0 ? { ratePerSecond: rate, secondsLeft: (total - done) / rate } : {}),
    };
  };
}

/** The time a transfer is at work: without its pauses. */
export interface WorkClock {
  /** Waits out a pause. */
  unpaused(): Promise<void>;
  seconds(): number;
}

export function createWorkClock({ clock, unpaused }: TransferOptions): WorkClock {
  const started = clock();
  let pausedMs = 0;
  let pausedUntil = started;
  return {
    async unpaused() {
      if (unpaused === undefined) return;
      const from = clock();
      await unpaused();
      const until = clock();
      // Several workers wait out the same pause: it counts once.
      pausedMs += Math.max(0, until - Math.max(from, pausedUntil));
      pausedUntil = Math.max(pausedUntil, until);
    },
    seconds: () => Math.max(0, clock() - started - pausedMs) / 1000,
  };
}
