import { parentPort } from 'node:worker_threads';
import { loadCipher } from '../services/sealing/ciphers.ts';
import { createSegmentRunner } from '../services/sealing/run-segments.ts';
import type { SegmentTask, TaskFailure } from '../services/sealing/segment-task.ts';

/** What a worker answers to a task. */
export interface WorkerAnswer {
  readonly failure: TaskFailure | undefined;
}

/** Entry of a sealing worker: takes tasks one after the other, does its share of each, and says how it went. */
const runner = createSegmentRunner(loadCipher());
parentPort?.on('message', (task: SegmentTask) => {
  const answer: WorkerAnswer = { failure: runner.run(task) };
  if (task.kind !== 'hash') task.key.fill(0);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(answer);
});
