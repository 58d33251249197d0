import type { Result } from '../../contract/result.ts';
import type { FrameBody } from '../../contract/wire.ts';
import type { JobOrder } from '../../contract/job.ts';
import type { Manifest } from '../../contract/sealed.ts';
import type { WorkerPlace } from '../../contract/workers.ts';
import type { ArtifactFile } from '../storage/artifact-store.ts';

/** What a program gets from the job around it. */
export interface RunnerContext {
  readonly order: JobOrder;
  readonly manifest: Manifest;
  /** Decrypts the dataset piece by piece; the view is reused after each call. Errors: `integrity`. */
  openDataset(sink: (plain: Uint8Array) => void | Promise<void>): Promise<Result<number>>;
  /** The checkpoint that the order resumes from: a tar of its files, opened like the dataset. */
  readonly resume?: {
    readonly step: number;
    open(sink: (plain: Uint8Array) => void | Promise<void>): Promise<Result<number>>;
  };
  /** In a job of several workers: which one this is, and where rank 0 listens. */
  readonly worker?: { readonly place: WorkerPlace; readonly masterPort: number };
  emit(body: FrameBody): void;
  /** Seals files as the checkpoint of a step. */
  checkpoint(step: number, files: readonly ArtifactFile[]): Promise<void>;
  /** Aborted when the job is to stop: the program ends and its promise settles. */
  readonly signal: AbortSignal;
}

export interface RunnerOutcome {
  /** The model: readable until `dispose`. */
  readonly files: readonly ArtifactFile[];
  readonly lastStep: number;
  readonly heldOut?: { readonly accuracy: number; readonly rows: number; readonly epochs: number };
}

/** Runs one kind of program. Errors are sentences for the job's `failed` state. */
export interface Runner {
  run(context: RunnerContext): Promise<Result<RunnerOutcome>>;
  /** Whether the program was brought to a stand from outside: then nothing works here, and nothing is signed that says so. */
  standsStill?(): boolean;
  /** Wipes whatever plaintext is left; called once, whatever happened. */
  dispose(): Promise<void>;
}

/** A file that is held in memory. */
export function memoryFile(name: string, bytes: Uint8Array): ArtifactFile {
  return {
    name,
    size: bytes.length,
    async *read() {
      yield bytes;
    },
  };
}
