import { parentPort } from 'node:worker_threads';
import { inspectTable, type TableTask } from '../services/sealing/table-task.ts';

/** Entry of a worker that looks into one table file and says what it found. */
parentPort?.once('message', (task: TableTask) => {
  void inspectTable(task).then((result) => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    parentPort?.postMessage(result);
  });
});
