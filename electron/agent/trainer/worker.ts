import { parentPort, workerData } from 'node:worker_threads';
import type { BuiltinProgram } from '../../contract/job.ts';
import type { ModelFile } from './model-file.ts';
import type { TrainingOutput } from './train.ts';

/** What the agent hands to the trainer's thread. The table is transferred: the thread holds the only copy. */
export interface TrainerInput {
  readonly role: 'trainer';
  readonly program: BuiltinProgram;
  readonly checkpointEverySteps: number;
  readonly csv: Uint8Array<ArrayBuffer>;
  /** Files of the checkpoint to go on from. */
  readonly resume?: readonly ModelFile[];
}

export type TrainerMessage =
  | { readonly kind: 'metric'; readonly step: number; readonly epoch: number; readonly values: Record<string, number> }
  | { readonly kind: 'log'; readonly line: string }
  | { readonly kind: 'checkpoint'; readonly step: number; readonly files: ModelFile[] }
  | { readonly kind: 'failed'; readonly message: string }
  | {
      readonly kind: 'done';
      readonly files: ModelFile[];
      readonly accuracy: number;
      readonly heldOutRows: number;
      readonly epochs: number;
    };

/** Whether this thread was started as the trainer. */
export function isTrainerThread(): boolean {
  return (workerData as Partial<TrainerInput> | null)?.role === 'trainer';
}

/** The body of the trainer's thread: trains on `workerData` and posts what happens. */
export async function runTrainerThread(): Promise<void> {
  const { program, checkpointEverySteps, csv, resume } = workerData as TrainerInput;
  // Loaded here alone: the server needs no tensor library.
  const { train } = await import('./train.ts');
  const output: TrainingOutput = {
    metric: (step, epoch, values) => post({ kind: 'metric', step, epoch, values }),
    checkpoint: (step, files) => post({ kind: 'checkpoint', step, files }),
    log: (line) => post({ kind: 'log', line }),
  };
  const result = await train(csv, program, checkpointEverySteps, output, resume);
  for (const { bytes } of resume ?? []) bytes.fill(0);
  csv.fill(0);
  if (!result.ok) {
    post({ kind: 'failed', message: result.error.message });
    return;
  }
  const { files, accuracy, heldOutRows, epochs } = result.value;
  post({ kind: 'done', files, accuracy, heldOutRows, epochs });
}

function post(message: TrainerMessage): void {
  // The port of a worker thread: it has no origin. Nothing is transferred, the trainer goes on using its arrays.
  parentPort?.postMessage(message, []);
}
