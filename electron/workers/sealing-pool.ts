import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { loadCipher } from '../services/sealing/ciphers.ts';
import { control, type SealingPool, type SegmentTask, type TaskFailure } from '../services/sealing/segment-task.ts';
import type { WorkerAnswer } from './sealing-worker.ts';

/** More threads than this gain nothing: memory bandwidth ends first. */
const sizeMaximum = 8;

export interface SealingPoolOptions {
  /** Threads; one for each processor, up to eight, unless given. */
  readonly size?: number;
  /** Entry script; a bundler that moves it says where it went. */
  readonly entry?: URL;
}

/** Beside this module, as source or built. */
function defaultEntry(): URL {
  const built = !import.meta.url.endsWith('.ts');
  return new URL(built ? './sealing-worker.js' : './sealing-worker.ts', import.meta.url);
}

/**
 * Threads that seal, open and hash. They start with the first task and stay for the next; an idle pool keeps no process
 * alive. Tasks run one at a time, each on all threads: two at once would only share the same bandwidth. A paused task
 * leaves its place to the others and stands at the end of the line when its pause is over.
 */
export function createSealingPool(options: SealingPoolOptions = {}): SealingPool {
  const size = Math.max(1, Math.min(options.size ?? availableParallelism(), sizeMaximum));
  const entry = options.entry ?? defaultEntry();
  const workers: Worker[] = [];
  let queue: Promise<unknown> = Promise.resolve();
  let closed = false;

  function start(): Worker {
    const worker = new Worker(entry, { name: 'nacre-sealing', execArgv: [] });
    worker.unref();
    // A worker that ends by itself is a bug; the next task gets a fresh one.
    worker.once('exit', () => {
      const at = workers.indexOf(worker);
      if (at >= 0) workers.splice(at, 1);
    });
    return worker;
  }

  async function runOnAll(task: SegmentTask): Promise<TaskFailure | undefined> {
    if (closed) throw new Error('the sealing pool is closed');
    while (workers.length < size) workers.push(start());
    const answers = await Promise.allSettled(workers.map((worker) => runOn(worker, task)));
    const failures: TaskFailure[] = [];
    for (const answer of answers) {
      // A worker that broke is a bug and is thrown on, but only now: until here others still used the task's files.
      if (answer.status === 'rejected') throw answer.reason;
      if (answer.value !== undefined) failures.push(answer.value);
    }
    return failures[0];
  }

  return {
    size,
    cipherName: loadCipher().name,
    async run(task) {
      for (;;) {
        const result = queue.then(() => runOnAll(task));
        queue = result.catch(() => undefined);
        const failure = await result;
        const words = new Int32Array(task.control);
        if (failure !== undefined || Atomics.exchange(words, control.left, 0) === 0) return failure;
        await pauseOver(words);
      }
    },
    async close() {
      closed = true;
      await queue;
      await Promise.all(workers.splice(0).map((worker) => worker.terminate()));
    },
  };
}

/** How often a pause is looked at besides being told of its end: milliseconds; for a stop that comes during it. */
const pauseLookMs = 200;

async function pauseOver(words: Int32Array): Promise<void> {
  while (Atomics.load(words, control.pause) !== 0 && Atomics.load(words, control.stop) === 0) {
    await Atomics.waitAsync(words, control.pause, 1, pauseLookMs).value;
  }
}

function runOn(worker: Worker, task: SegmentTask): Promise<TaskFailure | undefined> {
  return new Promise((resolve, reject) => {
    const finish = (act: () => void): void => {
      worker.off('message', onMessage);
      worker.off('error', onError);
      worker.off('exit', onExit);
      worker.unref();
      act();
    };
    const onMessage = (answer: WorkerAnswer): void => finish(() => resolve(answer.failure));
    const broke = (error: Error): void => {
      Atomics.store(new Int32Array(task.control), control.stop, 1);
      finish(() => reject(error));
    };
    const onError = (error: unknown): void => broke(error as Error);
    const onExit = (code: number): void => broke(new Error(`a sealing worker ended with code ${code}`));
    worker.on('message', onMessage);
    worker.on('error', onError);
    worker.on('exit', onExit);
    worker.ref();
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    worker.postMessage(task);
  });
}
