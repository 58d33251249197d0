/** Holds a transfer to a rate. */
export interface Limiter {
  /** Bytes a second; undefined: no limit. May change while transfers run. */
  rate(): number | undefined;
  /** Waits until `bytes` may pass. @returns milliseconds waited; stops waiting when the signal aborts */
  take(bytes: number, signal: AbortSignal): Promise<number>;
}

export interface TokenBucketOptions {
  /** Bytes a second, asked anew at each use; undefined or 0: no limit. */
  readonly rate: () => number | undefined;
  /** Milliseconds, from any fixed start. */
  readonly clock: () => number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<boolean>;
}

/** A bucket holds what the rate gives in this time: short enough that a limit is one, long enough that it is reached. */
const burstMs = 250;
/** How often a waiter looks whether the rate was changed meanwhile: milliseconds. */
const lookMs = 500;

/**
 * A token bucket that may be overdrawn: whoever finds it above zero passes at once and leaves a debt, which those after
 * wait for. So the rate holds over time whatever the size of the pieces, and no piece is too large to pass.
 */
export function createTokenBucket(options: TokenBucketOptions): Limiter {
  let tokens = 0;
  let filledAt = options.clock();
  const rate = () => {
    const asked = options.rate();
    return asked === undefined || asked <= 0 ? undefined : asked;
  };
  const fill = (perSecond: number) => {
    const now = options.clock();
    tokens = Math.min((perSecond * burstMs) / 1000, tokens + (perSecond * (now - filledAt)) / 1000);
    filledAt = now;
  };
  return {
    rate,
    async take(bytes, signal) {
      const started = options.clock();
      for (;;) {
        const perSecond = rate();
        if (perSecond === undefined) {
          tokens = 0;
          filledAt = options.clock();
          break;
        }
        fill(perSecond);
        if (tokens >= 0) {
          tokens -= bytes;
          break;
        }
        if (!(await options.sleep(Math.max(1, Math.min(lookMs, (-tokens / perSecond) * 1000)), signal))) break;
      }
      return options.clock() - started;
    },
  };
}

/** Several limits at once: the tightest holds. */
export function allLimits(limiters: readonly Limiter[]): Limiter {
  return {
    rate() {
      const rates = limiters.map((limiter) => limiter.rate()).filter((rate) => rate !== undefined);
      return rates.length === 0 ? undefined : Math.min(...rates);
    },
    async take(bytes, signal) {
      let waited = 0;
      for (const limiter of limiters) waited += await limiter.take(bytes, signal);
      return waited;
    },
  };
}
