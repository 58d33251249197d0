import { stat } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { err, type Result } from '../contract/result.ts';
import {
  inspectTable,
  type InspectTable,
  type TableInspection,
  type TableTask,
} from '../services/sealing/table-task.ts';

/** A file up to this size is read faster than a thread starts: CSV goes at about 40 MB/s. */
const inlineMaximum = 1024 * 1024;

/** Memory for one table: its rows are not kept, only what the columns hold. */
const heapMib = 512;

/** Beside this module, as source or built. */
function defaultEntry(): URL {
  const built = !import.meta.url.endsWith('.ts');
  return new URL(built ? './table-worker.js' : './table-worker.ts', import.meta.url);
}

/**
 * Looks into table files, large ones on a thread of their own, so that the core answers others meanwhile. Cancelling ends
 * the thread. Errors: those of `inspectTable`; `cancelled`; `invalid_input` for a table that needs too much memory.
 */
export function createTableInspector(entry: URL = defaultEntry()): InspectTable {
  return async (task, signal) => {
    const size = await stat(task.path).then(
      (stats) => stats.size,
      () => 0,
    );
    return size <= inlineMaximum ? inspectTable(task, signal) : inspectInWorker(entry, task, signal);
  };
}

function inspectInWorker(
  entry: URL,
  task: TableTask,
  signal: AbortSignal | undefined,
): Promise<Result<TableInspection>> {
  const worker = new Worker(entry, {
    name: 'nacre-table',
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: heapMib },
  });
  return new Promise<Result<TableInspection>>((resolve, reject) => {
    const cancel = (): void => resolve(err('cancelled', 'Cancelled while the table was read.'));
    if (signal?.aborted === true) cancel();
    signal?.addEventListener('abort', cancel, { once: true });
    worker.once('message', resolve);
    worker.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ERR_WORKER_OUT_OF_MEMORY') reject(error);
      else resolve(err('invalid_input', `${task.path} needs more than ${heapMib} MiB to look into; it is no table.`));
    });
    worker.once('exit', (code) => reject(new Error(`the table worker ended with code ${code}`)));
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    worker.postMessage(task);
  }).finally(() => worker.terminate());
}
