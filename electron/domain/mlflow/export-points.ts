import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { RunView } from '../../contract/views.ts';
import type { Frame } from '../../contract/wire.ts';

/** What `runs/log-batch` takes at once (MLflow 3, mlflow.utils.validation); older servers have the same or more. */
export const batchLimits = {
  metrics: 1000,
  keyCharacters: 250,
  parameterCharacters: 500,
  tagCharacters: 5000,
} as const;

/** One figure as MLflow keeps it: step and milliseconds. */
export interface MetricPoint {
  readonly key: string;
  readonly value: number;
  readonly timestamp: number;
  readonly step: number;
}

export interface Tag {
  readonly key: string;
  readonly value: string;
}

/** MLflow's own names of system metrics, by DCGM name. */
const systemNames: Readonly<Record<string, string>> = {
  DCGM_FI_DEV_GPU_UTIL: 'utilization_percentage',
  DCGM_FI_DEV_FB_USED: 'memory_usage_megabytes',
  DCGM_FI_DEV_POWER_USAGE: 'power_usage_watts',
  DCGM_FI_DEV_GPU_TEMP: 'temperature_celsius',
};

/**
 * The figures of signed frames. The same frame always gives the same points, so what was sent before an interruption is
 * found again on the server.
 * @param node names the node in the keys; undefined for the one whose figures are the run's.
 */
export function pointsOf(frame: Frame, node: string | undefined): MetricPoint[] {
  const timestamp = Date.parse(frame.at);
  if (!Number.isSafeInteger(timestamp)) return [];
  const { body } = frame;
  if (body.kind === 'metric') {
    const prefix = node === undefined ? '' : `${node}/`;
    const figures = [
      ...Object.entries(body.values),
      ...Object.entries(body.nonFinite ?? {}).map(([name, word]): [string, number] => [name, Number(word)]),
    ];
    return figures.map(([name, value]) => ({ key: metricKey(prefix + name), value, timestamp, step: body.step }));
  }
  if (body.kind !== 'gpu') return [];
  const prefix = node === undefined ? 'system/' : `system/${node}/`;
  return Object.entries(body.fields).flatMap(([field, value]) => {
    const name = systemNames[field];
    if (name === undefined) return [];
    // GPU figures have no step; the number of the frame orders them, and is the same each time.
    return { key: metricKey(`${prefix}gpu_${body.gpu}_${name}`), value, timestamp, step: frame.sequence };
  });
}

/** A name that MLflow takes. One that it would refuse is changed, and kept apart from others by a piece of its digest. */
export function metricKey(name: string): string {
  const parts = name.replaceAll(/[^\w\-. :/]/g, '_').split('/');
  const kept = parts.filter((part) => !['', '.', '..'].includes(part)).join('/');
  if (kept === name && name !== '' && name.length <= batchLimits.keyCharacters) return name;
  return `${kept.slice(0, batchLimits.keyCharacters - 9)}_${bytesToHex(sha256(utf8ToBytes(name))).slice(0, 8)}`;
}

/**
 * By what a point is found again on the server. MLflow keeps no two points that agree in all of it, and writes infinities
 * as the largest double.
 */
export function pointIdentity({ key, value, timestamp, step }: MetricPoint): string {
  const figure = Number.isNaN(value)
    ? 'NaN'
    : Math.abs(value) >= Number.MAX_VALUE
      ? `${value < 0 ? '-' : ''}Infinity`
      : String(value === 0 ? 0 : value);
  return JSON.stringify([key, timestamp, step, figure]);
}

/** Hyperparameters of the built-in trainer. Of a command nothing: its arguments may hold what is nobody’s business. */
export function parametersOf({ draft }: Pick<RunView, 'draft'>): Tag[] {
  const { program } = draft;
  const values: Record<string, string | number> =
    program.type === 'command'
      ? { program: 'command' }
      : {
          program: program.trainer,
          hidden: program.hidden.join(',') || 'none',
          epochs: program.epochs,
          batch_size: program.batchSize,
          learning_rate: program.learningRate,
          held_out_share: program.heldOutShare,
          seed: program.seed,
        };
  return Object.entries(values).map(([key, value]) => ({
    key,
    value: String(value).slice(0, batchLimits.parameterCharacters),
  }));
}

/** What proves later which run this was: digests only. */
export function tagsOf(run: RunView, facts: { readonly datasetRoot: string }): Tag[] {
  const values: Record<string, string | undefined> = {
    'nacre.run_id': run.id,
    'nacre.order_sha256': run.jobId,
    'nacre.dataset_root': facts.datasetRoot,
    'nacre.state': run.state,
    'nacre.simulated': run.simulated ? 'SIMULATED hardware' : 'no',
    'nacre.nodes': run.nodes.map(({ name, trust }) => `${name}: ${trust}`).join(', '),
    'nacre.attempts': run.attempts === undefined ? undefined : String(run.attempts.length),
    'nacre.failure_receipts_sha256': run.attempts?.flatMap((attempt) => attempt.failureReceiptSha256 ?? []).join(' '),
    'nacre.model_sha256': run.modelSha256,
    'nacre.receipt_sha256': run.receipt?.statementSha256,
    'nacre.telemetry_head_sha256': run.receipt?.chainHead,
    'nacre.telemetry_frames': run.receipt === undefined ? undefined : String(run.receipt.frames),
  };
  return Object.entries(values).flatMap(([key, value]) =>
    value === undefined || value === '' ? [] : { key, value: value.slice(0, batchLimits.tagCharacters) },
  );
}
