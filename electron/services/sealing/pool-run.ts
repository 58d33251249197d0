import { err, ok, type Result } from '../../contract/result.ts';
import { taskError } from './file-errors.ts';
import type { ProgressMeter } from './progress.ts';
import { createSegmentRunner } from './run-segments.ts';
import { control, type PauseSource, type SealingPool, type SegmentTask } from './segment-task.ts';
import type { StreamCipher } from '../../domain/sealed/cipher.ts';

/** A pool on the calling thread, for inputs that are done before a worker has started. It blocks while it runs. */
export function createInlinePool(cipher: StreamCipher): SealingPool {
  const runner = createSegmentRunner(cipher);
  return {
    size: 1,
    cipherName: cipher.name,
    async run(task) {
      // This thread is the one that would have to end the pause.
      Atomics.store(new Int32Array(task.control), control.pause, 0);
      return runner.run(task);
    },
    close: async () => undefined,
  };
}

/**
 * Runs a task with progress and cancellation. Errors: `cancelled`, and those of `taskError`; in every case nothing
 * works on the files any more when it returns.
 */
export async function runTask(
  pool: SealingPool,
  task: SegmentTask,
  options: {
    readonly places: { readonly from: string; readonly to: string };
    readonly meter: ProgressMeter;
    /** Bytes for the meter from finished segments or parts. */
    readonly bytesDone: (done: number) => number;
    readonly signal: AbortSignal | undefined;
    readonly pause?: PauseSource | undefined;
  },
): Promise<Result<void>> {
  const { signal } = options;
  const words = new Int32Array(task.control);
  options.pause?.onPause((paused) => {
    Atomics.store(words, control.pause, paused ? 1 : 0);
    Atomics.notify(words, control.pause);
  });
  const stop = (): void => void Atomics.store(words, control.stop, 1);
  if (signal?.aborted === true) stop();
  signal?.addEventListener('abort', stop, { once: true });
  const timer = setInterval(() => options.meter.report(options.bytesDone(Atomics.load(words, control.done))), 100);
  try {
    const failure = await pool.run(task);
    if (failure !== undefined) return taskError(failure, options.places);
    if (signal?.aborted === true) return err('cancelled', 'Cancelled; nothing was kept.');
    return ok(undefined);
  } finally {
    clearInterval(timer);
    signal?.removeEventListener('abort', stop);
  }
}
