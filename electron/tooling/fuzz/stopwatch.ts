/** Milliseconds that a call took on the wall, and those in which this thread had the processor. */
export interface Taken {
  readonly wall: number;
  readonly processor: number;
}

/** Runs something once and says what it took. */
export type Stopwatch = (run: () => void) => Taken;

/**
 * Both times of this thread. What the two differ by, other processes had: on a loaded machine the wall alone says little.
 * (The kernel counts the processor in ticks of up to 4 ms; the collector's helpers have threads of their own.)
 */
export const stopwatch: Stopwatch = (run) => {
  const before = process.threadCpuUsage();
  const started = performance.now();
  run();
  const wall = performance.now() - started;
  const { user, system } = process.threadCpuUsage(before);
  return { wall, processor: (user + system) / 1000 };
};
