import type { mlflowRunStatuses } from '../../contract/mlflow.ts';
import type { Result } from '../../contract/result.ts';
import type { MetricPoint, Tag } from '../../domain/mlflow/export-points.ts';

type Status = (typeof mlflowRunStatuses)[number];

/** A run as the server has it. */
export interface ServerRun {
  readonly runId: string;
  readonly name: string;
  readonly experimentId: string;
  readonly status: Status;
  readonly deleted: boolean;
  readonly latest: readonly MetricPoint[];
}

interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | undefined;
}

/** What following needs of a server: nothing that writes. */
export interface MlflowReader {
  run(runId: string): Promise<Result<ServerRun>>;
  history(runId: string, key: string, pageToken?: string): Promise<Result<Page<MetricPoint>>>;
}

/** What exporting needs of a server. */
export interface MlflowWriter extends MlflowReader {
  experimentByName(name: string): Promise<Result<string>>;
  createExperiment(name: string): Promise<Result<string>>;
  searchRuns(ask: { readonly experimentId: string; readonly filter: string }): Promise<Result<Page<ServerRun>>>;
  createRun(ask: {
    readonly experimentId: string;
    readonly name: string;
    readonly startTime: number;
    readonly tags: readonly Tag[];
  }): Promise<Result<ServerRun>>;
  updateRun(runId: string, status: Status, endTime?: number): Promise<Result<void>>;
  logBatch(
    runId: string,
    batch: {
      readonly metrics?: readonly MetricPoint[];
      readonly params?: readonly Tag[];
      readonly tags?: readonly Tag[];
    },
  ): Promise<Result<void>>;
}

/** Resolves after the time, or at once when aborted. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    timer.unref();
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    if (signal.aborted) done();
    else signal.addEventListener('abort', done);
  });
}
