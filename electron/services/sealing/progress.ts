import type { SealProgress } from '../../contract/sealed.ts';

/** Milliseconds, from any fixed start. */
export type Clock = () => number;

/** Reports at most ten times a second, with a rate over the last few seconds. */
export interface ProgressMeter {
  report(bytes: number): void;
  /** The last report, whatever the time. */
  finish(): void;
}

const interval = 100;
const window = 3000;

/** A meter for work of `total` bytes. Without a listener it does nothing. */
export function createProgressMeter(
  total: number,
  clock: Clock,
  listener: ((progress: SealProgress) => void) | undefined,
): ProgressMeter {
  const samples: { at: number; bytes: number }[] = [{ at: clock(), bytes: 0 }];
  let reported = Number.NEGATIVE_INFINITY;

  function emit(at: number, bytes: number): void {
    samples.push({ at, bytes });
    while (samples.length > 2 && at - (samples[0]?.at ?? at) > window) samples.shift();
    const first = samples[0] ?? { at, bytes: 0 };
    const seconds = (at - first.at) / 1000;
    const ratePerSecond = seconds > 0 ? (bytes - first.bytes) / seconds : 0;
    const secondsLeft = ratePerSecond > 0 ? { secondsLeft: (total - bytes) / ratePerSecond } : {};
    listener?.({ bytes, total, ratePerSecond, ...secondsLeft });
    reported = at;
  }

  return {
    report(bytes) {
      const at = clock();
      if (listener !== undefined && at - reported >= interval) emit(at, Math.min(bytes, total));
    },
    finish() {
      if (listener !== undefined) emit(clock(), total);
    },
  };
}
