import { Worker } from 'node:worker_threads';
import { extract } from 'tar-stream';
import { err, ok, type Result } from '../../contract/result.ts';
import type { BuiltinProgram } from '../../contract/job.ts';
import type { TrainerInput, TrainerMessage } from '../trainer/worker.ts';
import type { ModelFile } from '../trainer/model-file.ts';
import { tableLimits } from '../trainer/table.ts';
import { metricBody } from './metric-lines.ts';
import { memoryFile, type Runner, type RunnerContext, type RunnerOutcome } from './runner.ts';

/**
 * Runs the built-in trainer on a thread of its own, so that the server answers while it computes. The data stays in
 * this process's memory and is never written anywhere.
 */
export class BuiltinRunner implements Runner {
  readonly #program: BuiltinProgram;
  readonly #workerEntry: URL;
  #worker: Worker | undefined;

  /** @param workerEntry the module that runs as the trainer's thread: the agent's own main module. */
  constructor(program: BuiltinProgram, workerEntry: URL) {
    this.#program = program;
    this.#workerEntry = workerEntry;
  }

  async run(context: RunnerContext): Promise<Result<RunnerOutcome>> {
    const table = await readTableFile(context);
    if (!table.ok) return table;
    const resume = context.resume === undefined ? ok(undefined) : await readCheckpoint(context.resume);
    if (!resume.ok) {
      table.value.fill(0);
      return resume;
    }
    return this.#train(table.value, context, resume.value);
  }

  async dispose(): Promise<void> {
    await this.#worker?.terminate();
  }

  async #train(
    csv: Uint8Array<ArrayBuffer>,
    context: RunnerContext,
    resume: readonly ModelFile[] | undefined,
  ): Promise<Result<RunnerOutcome>> {
    const { promise, resolve } = Promise.withResolvers<Result<RunnerOutcome>>();
    const input: TrainerInput = {
      role: 'trainer',
      program: this.#program,
      checkpointEverySteps: context.order.checkpointEverySteps,
      csv,
      ...(resume === undefined ? {} : { resume }),
    };
    const worker = new Worker(this.#workerEntry, {
      workerData: input,
      transferList: [csv.buffer, ...(resume ?? []).map(({ bytes }) => bytes.buffer)],
      env: {},
      argv: [],
      stdin: false,
    });
    this.#worker = worker;
    let sealing = Promise.resolve();
    let lastStep = 0;
    worker.on('message', (message: TrainerMessage) => {
      switch (message.kind) {
        case 'metric':
          lastStep = message.step;
          context.emit(metricBody(message.step, message.epoch, message.values));
          break;
        case 'log':
          context.emit({ kind: 'log', stream: 'agent', line: message.line });
          break;
        case 'checkpoint': {
          const files = message.files.map(({ name, bytes }) => memoryFile(name, bytes));
          sealing = sealing.then(() => context.checkpoint(message.step, files));
          break;
        }
        case 'failed':
          resolve(err('invalid_input', message.message));
          break;
        case 'done': {
          const files = message.files.map(({ name, bytes }) => memoryFile(name, bytes));
          const { accuracy, heldOutRows, epochs } = message;
          resolve(ok({ files, lastStep, heldOut: { accuracy, rows: heldOutRows, epochs } }));
          break;
        }
      }
    });
    worker.on('error', (error) => resolve(err('internal', `The trainer broke off: ${error.message}.`)));
    worker.on('exit', () => resolve(err('internal', 'The trainer ended without a result.')));
    const stop = (): void => resolve(err('cancelled', 'The job was stopped.'));
    context.signal.addEventListener('abort', stop);
    if (context.signal.aborted) stop();
    const result = await promise;
    context.signal.removeEventListener('abort', stop);
    await worker.terminate();
    await sealing;
    return result;
  }
}

/** The one CSV file of the dataset: the file itself, or the only `.csv` of a folder. */
async function readTableFile(context: RunnerContext): Promise<Result<Uint8Array<ArrayBuffer>>> {
  const { plainBytes, kind } = context.manifest;
  if (plainBytes > tableLimits.bytes) {
    return err(
      'invalid_input',
      `The dataset has ${plainBytes} bytes; the built-in trainer takes ${tableLimits.bytes}.`,
    );
  }
  const plain = new Uint8Array(plainBytes);
  let used = 0;
  const opened = await context.openDataset((piece) => {
    plain.set(piece.subarray(0, plainBytes - used), used);
    used += Math.min(piece.length, plainBytes - used);
  });
  if (!opened.ok) return opened;
  if (opened.value !== plainBytes) {
    return err('integrity', `The dataset has ${opened.value} bytes; its manifest says ${plainBytes}.`);
  }
  if (kind === 'file') return ok(plain);
  const table = await onlyCsv(plain);
  plain.fill(0);
  return table;
}

/** A checkpoint of this trainer is a few times the size of its model. */
const checkpointBytes = 256 * 1_048_576;

/** The files of the checkpoint to go on from. Errors: `damaged`, `invalid_input` (too large), those of opening it. */
async function readCheckpoint(resume: NonNullable<RunnerContext['resume']>): Promise<Result<ModelFile[]>> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  const opened = await resume.open((piece) => {
    bytes += piece.length;
    if (bytes <= checkpointBytes) pieces.push(piece.slice());
  });
  const tar = Buffer.concat(pieces);
  for (const piece of pieces) piece.fill(0);
  if (!opened.ok) return opened;
  if (bytes > checkpointBytes) return err('invalid_input', `The checkpoint has more than ${checkpointBytes} bytes.`);
  const files = await readTar(tar, () => true);
  tar.fill(0);
  return files === undefined ? err('damaged', 'The checkpoint is not a readable tar.') : ok(files);
}

/** Plain files of a tar, each with bytes of its own; undefined when it is none. */
async function readTar(tar: Uint8Array, wanted: (name: string) => boolean): Promise<ModelFile[] | undefined> {
  const reader = extract();
  const files: ModelFile[] = [];
  reader.end(tar);
  try {
    for await (const entry of reader) {
      const bytes = new Uint8Array(entry.header.size ?? 0);
      let used = 0;
      for await (const piece of entry as AsyncIterable<Uint8Array>) {
        bytes.set(piece, used);
        used += piece.length;
      }
      if (entry.header.type === 'file' && wanted(entry.header.name)) files.push({ name: entry.header.name, bytes });
    }
    return files;
  } catch {
    return undefined;
  }
}

async function onlyCsv(tar: Uint8Array): Promise<Result<Uint8Array<ArrayBuffer>>> {
  const tables = await readTar(tar, (name) => name.toLowerCase().endsWith('.csv'));
  if (tables === undefined) return err('damaged', 'The folder dataset is not a readable tar.');
  const [table] = tables;
  if (table === undefined || tables.length > 1) {
    return err('invalid_input', `The built-in trainer needs one CSV file; the folder has ${tables.length}.`);
  }
  return ok(table.bytes);
}
