import { z } from 'zod';
import { latest, runStatuses, type Experiment, type MetricPoint, type TrackedRun } from './tracking-store.ts';

/** Requests of MLflow's tracking REST 2.0, as its Python client sends them. Unknown members are left alone: clients grow. */
const text = z.string().max(16_384);
/** Protocol buffers write 64-bit numbers as text. */
const whole = z.union([
  z.number().int(),
  z
    .string()
    .regex(/^-?\d{1,18}$/)
    .transform(Number),
]);
const figure = z.union([z.number(), z.literal(['NaN', 'Infinity', '-Infinity']).transform(Number)]);
const pairs = z.array(z.object({ key: text, value: z.string() })).max(1000);
const metric = z.object({ key: text, value: figure, timestamp: whole, step: whole.default(0) });
const count = z.coerce.number().int().min(1).max(50_000);

export const requests = {
  experimentByName: z.object({ experiment_name: text }),
  experimentById: z.object({ experiment_id: text }),
  createExperiment: z.object({ name: z.string().min(1).max(500) }),
  searchExperiments: z.object({}),
  createRun: z.object({
    experiment_id: text.default('0'),
    run_name: z.string().max(500).optional(),
    start_time: whole.optional(),
    tags: pairs.default([]),
  }),
  runById: z.object({ run_id: text }),
  updateRun: z.object({
    run_id: text,
    status: z.enum(runStatuses).optional(),
    end_time: whole.optional(),
    run_name: z.string().max(500).optional(),
  }),
  searchRuns: z.object({
    experiment_ids: z.array(text).max(64).default([]),
    filter: z.string().default(''),
    run_view_type: z.enum(['ACTIVE_ONLY', 'DELETED_ONLY', 'ALL']).default('ACTIVE_ONLY'),
    max_results: count.default(1000),
    order_by: z.array(text).max(8).default([]),
  }),
  logMetric: z.object({ run_id: text, ...metric.shape }),
  logParameter: z.object({ run_id: text, key: text, value: z.string() }),
  setTag: z.object({ run_id: text, key: text, value: z.string() }),
  logBatch: z.object({
    run_id: text,
    metrics: z.array(metric).max(1000).default([]),
    params: pairs.default([]),
    tags: pairs.default([]),
  }),
  history: z.object({
    run_id: text,
    metric_key: text,
    max_results: count.default(25_000),
    page_token: text.optional(),
  }),
  listArtifacts: z.object({ run_id: text, path: z.string().max(512).default('') }),
  artifactPath: z.object({ path: z.string().max(512).default('') }),
} as const;

export function experimentMessage({ id, name, createdAt }: Experiment) {
  return {
    experiment_id: id,
    name,
    artifact_location: `mlflow-artifacts:/${id}`,
    lifecycle_stage: 'active',
    creation_time: createdAt,
    last_update_time: createdAt,
    tags: [],
  };
}

/** Where a run's artifacts lie below the artifact folder. */
export function artifactRoot({ experimentId, id }: TrackedRun): string {
  return `${experimentId}/${id}/artifacts`;
}

export function runMessage(run: TrackedRun) {
  return {
    info: {
      run_id: run.id,
      run_uuid: run.id,
      run_name: run.name,
      experiment_id: run.experimentId,
      user_id: '',
      status: run.status,
      start_time: run.startTime,
      ...(run.endTime === undefined ? {} : { end_time: run.endTime }),
      artifact_uri: `mlflow-artifacts:/${artifactRoot(run)}`,
      lifecycle_stage: run.lifecycle,
    },
    data: {
      metrics: [...run.metrics.values()].flatMap((points) => latest(points) ?? []).map(metricMessage),
      params: [...run.params].map(([key, value]) => ({ key, value })),
      tags: [...run.tags].map(([key, value]) => ({ key, value })),
    },
    inputs: { dataset_inputs: [] },
  };
}

/** JSON has no NaN and no infinities; MLflow writes them by name. */
export function metricMessage({ key, value, timestamp, step }: MetricPoint) {
  return { key, value: Number.isFinite(value) ? value : String(value), timestamp, step };
}
