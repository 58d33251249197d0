import { z } from 'zod';
import { err, ok, type Result } from '../../contract/result.ts';
import type { Store } from '../store/store.ts';

const attemptsSchema = z.strictObject({ failures: z.number().int().min(0), lastAt: z.number() });

/** Failed attempts since the last good one, kept over restarts; from the fifth on each must wait, twice as long each time. */
export interface Attempts {
  failures(): number;
  /** Errors: `unavailable`, saying how many seconds are left. */
  allowed(now: number): Result<void>;
  failed(now: number): Result<void>;
  succeeded(): Result<void>;
}

const freeAttempts = 5;
const longestWaitMs = 60_000;

export function createAttempts(store: Store, vault: string): Attempts {
  const collection = store.collection('vault-attempts', attemptsSchema);
  const read = () => {
    const found = collection.get(vault);
    return (found.ok ? found.value : undefined) ?? { failures: 0, lastAt: 0 };
  };
  return {
    failures: () => read().failures,
    allowed(now) {
      const { failures, lastAt } = read();
      if (failures < freeAttempts) return ok(undefined);
      const wait = Math.min(longestWaitMs, 1000 * 2 ** (failures - freeAttempts));
      // A clock that was set back must not lock the owner out for longer than the wait itself.
      const left = lastAt > now ? wait : lastAt + wait - now;
      if (left <= 0) return ok(undefined);
      const seconds = Math.ceil(left / 1000);
      return err('unavailable', `Too many wrong passphrases. Try again in ${seconds} s.`, {
        details: { retryAfterMs: left },
      });
    },
    failed: (now) => collection.put(vault, { failures: read().failures + 1, lastAt: now }),
    succeeded: () => collection.put(vault, { failures: 0, lastAt: 0 }),
  };
}
