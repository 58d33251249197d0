import type { ErrorCode, NacreError, Result } from '../../contract/result.ts';
import type { RunState as RunPhase } from '../../contract/job.ts';
import type { RunEvent, RunNode, RunView } from '../../contract/views.ts';
import { assertStep, isFinal, type RunRecord } from './run-record.ts';

/** How often a run that only gains telemetry is written to the store: milliseconds. */
const quietSaveMs = 1000;
/** Lines of the log that a view carries; all of them are in the telemetry. */
const logLines = 400;

export interface RunStateOptions {
  readonly record: RunRecord;
  readonly clock: () => number;
  /** Errors are those of the disk. */
  readonly save: (record: RunRecord) => Result<void>;
  readonly saveEvent: (event: RunEvent) => Result<void>;
  readonly onChange: (view: RunView) => void;
  readonly onEvent: (event: RunEvent) => void;
  /** Told when the store cannot take the run's state: the run goes on, the log says so. */
  readonly onStoreError: (error: NacreError) => void;
}

/** One run as it lives: the record in memory, its copies in the store and on the screens. */
export interface RunState {
  readonly record: RunRecord;
  /** Changes the view and tells everyone; written at once when `durable`, else within a second. */
  change(work: (record: RunRecord) => void, durable?: boolean): void;
  /** Moves the state machine; durable before it returns. */
  step(to: RunPhase): void;
  node(name: string): RunNode;
  event(event: Omit<RunEvent, 'at'>): void;
  fail(error: NacreError): void;
  /** Writes what was not written yet. */
  flush(): void;
}

export function createRunState(options: RunStateOptions): RunState {
  const { record, clock } = options;
  let timer: NodeJS.Timeout | undefined;
  const write = () => {
    clearTimeout(timer);
    timer = undefined;
    const saved = options.save(record);
    if (!saved.ok) options.onStoreError(saved.error);
  };
  const at = () => new Date(clock()).toISOString();
  const state: RunState = {
    record,
    change(work, durable = false) {
      work(record);
      if (record.view.log.length > logLines) record.view.log.splice(0, record.view.log.length - logLines);
      if (durable) write();
      else timer ??= setTimeout(write, quietSaveMs);
      options.onChange(record.view);
    },
    step(to) {
      state.change(({ view }) => {
        assertStep(view.state, to);
        view.state = to;
        if (to === 'running') view.startedAt ??= at();
        if (isFinal(to)) view.endedAt = at();
      }, true);
      state.event({ kind: 'state', message: sentences[to] });
    },
    node(name) {
      let node = record.view.nodes.find((candidate) => candidate.name === name);
      if (node === undefined) {
        node = { name, trust: 'unknown', keyReleased: false, lane: [] };
        record.view.nodes.push(node);
      }
      return node;
    },
    event(event) {
      const full: RunEvent = { at: at(), ...event };
      const saved = options.saveEvent(full);
      if (!saved.ok) options.onStoreError(saved.error);
      options.onEvent(full);
    },
    fail(error) {
      state.change(({ view }) => {
        view.error = {
          code: error.code,
          message: error.message,
          ...(error.hint === undefined ? {} : { hint: error.hint }),
        };
      });
      state.event({ kind: 'error', message: error.message, ...(isTrustError(error.code) ? { trust: 'refused' } : {}) });
      state.step(error.code === 'cancelled' ? 'stopped' : 'failed');
    },
    flush() {
      if (timer !== undefined) write();
    },
  };
  return state;
}

/** Errors that end the trust in a node, not only the run. */
export function isTrustError(code: ErrorCode): boolean {
  return code === 'integrity' || code === 'attestation_failed' || code === 'denied_by_policy';
}

const sentences: Readonly<Record<RunPhase, string>> = {
  preparing: 'The order is signed.',
  verifying: 'Asking nodes for fresh evidence.',
  uploading: 'Sending the sealed dataset.',
  releasing: 'Releasing the key to the verified node.',
  running: 'The node confirmed the key and trains.',
  collecting: 'Training ended; fetching the sealed results and the receipt.',
  succeeded: 'The sealed model is here and its receipt is checked.',
  failed: 'The run failed. Its data, keys and checkpoints are kept.',
  stopped: 'The run was stopped. Its data and checkpoints are kept.',
};
