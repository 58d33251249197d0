import { err, ok, type Result } from '../../contract/result.ts';

/** One logged value. `timestamp` in milliseconds since the epoch, as the client's clock had it. */
export interface MetricPoint {
  readonly key: string;
  readonly value: number;
  readonly timestamp: number;
  readonly step: number;
}

export interface KeyValue {
  readonly key: string;
  readonly value: string;
}

export const runStatuses = ['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED'] as const;
export type RunStatus = (typeof runStatuses)[number];

export interface Experiment {
  readonly id: string;
  readonly name: string;
  readonly createdAt: number;
}

export interface TrackedRun {
  readonly id: string;
  readonly experimentId: string;
  name: string;
  status: RunStatus;
  readonly startTime: number;
  endTime: number | undefined;
  lifecycle: 'active' | 'deleted';
  readonly params: Map<string, string>;
  readonly tags: Map<string, string>;
  /** Every point by key, in the order of logging. */
  readonly metrics: Map<string, MetricPoint[]>;
}

/** What one job may keep here; a script that logs more is told so and goes on. */
export const trackingLimits = {
  experiments: 64,
  runs: 256,
  keysPerRun: 1024,
  pointsPerJob: 1_000_000,
  keyCharacters: 128,
  valueCharacters: 8192,
} as const;

export interface TrackingOptions {
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly random: (bytes: number) => Uint8Array;
  /** Points that were just logged, in order: they go into the signed telemetry. Names of all runs but the first carry the run's name. */
  readonly onMetrics: (points: readonly MetricPoint[]) => void;
}

/** Experiments and runs of one job, in memory: they end with it, what counts of them is in the telemetry. */
export interface TrackingStore {
  experiments(): readonly Experiment[];
  /** Errors: `already_exists`, `disk_full` beyond the limit. */
  createExperiment(name: string): Result<Experiment>;
  createRun(request: {
    experimentId: string;
    name?: string;
    startTime?: number;
    tags: readonly KeyValue[];
  }): Result<TrackedRun>;
  /** Errors: `not_found`. */
  run(id: string): Result<TrackedRun>;
  runs(): readonly TrackedRun[];
  /** All or nothing. Errors: `not_found`, `invalid_input`, `disk_full`. */
  log(runId: string, batch: LogBatch): Result<void>;
}

export interface LogBatch {
  readonly metrics?: readonly MetricPoint[];
  readonly params?: readonly KeyValue[];
  readonly tags?: readonly KeyValue[];
}

export function createTrackingStore({ clock, random, onMetrics }: TrackingOptions): TrackingStore {
  const experiments = new Map<string, Experiment>();
  const runs = new Map<string, TrackedRun>();
  let points = 0;
  // Clients that set no experiment log to this one, as on every MLflow server.
  experiments.set('0', { id: '0', name: 'Default', createdAt: clock() });

  const run = (id: string): Result<TrackedRun> => {
    const found = runs.get(id);
    return found === undefined ? err('not_found', `There is no run ${id.slice(0, 64)} in this job.`) : ok(found);
  };

  const check = (found: TrackedRun, { metrics = [], params = [], tags = [] }: LogBatch): Result<void> => {
    const { keyCharacters, valueCharacters, keysPerRun, pointsPerJob } = trackingLimits;
    for (const { key } of [...metrics, ...params, ...tags]) {
      if (key.length === 0 || key.length > keyCharacters || key === '__proto__') {
        return err('invalid_input', `A key must have 1 to ${keyCharacters} characters: ${key.slice(0, 64)}.`);
      }
    }
    for (const { key, value } of [...params, ...tags]) {
      if (value.length > valueCharacters) {
        return err('invalid_input', `The value of ${key} has more than ${valueCharacters} characters.`);
      }
    }
    for (const { key, step } of metrics) {
      if (!Number.isSafeInteger(step) || step < 0) {
        return err('invalid_input', `Metric ${key} has step ${step}; steps are whole numbers from 0.`);
      }
    }
    for (const { key, value } of params) {
      const known = found.params.get(key);
      if (known !== undefined && known !== value) {
        return err('invalid_input', `Parameter ${key} is ${known} already; a parameter is logged once.`);
      }
    }
    if (points + metrics.length > pointsPerJob) {
      return err('disk_full', `This job has logged ${pointsPerJob} points, the most that are kept.`);
    }
    for (const [what, keys, added] of [
      ['metrics', found.metrics, metrics],
      ['parameters', found.params, params],
      ['tags', found.tags, tags],
    ] as const) {
      const fresh = new Set(added.map(({ key }) => key).filter((key) => !keys.has(key)));
      if (keys.size + fresh.size > keysPerRun) {
        return err('disk_full', `The run has more than ${keysPerRun} ${what}.`);
      }
    }
    return ok(undefined);
  };

  return {
    experiments: () => [...experiments.values()],
    createExperiment(name) {
      if ([...experiments.values()].some((known) => known.name === name)) {
        return err('already_exists', `There is an experiment ${name} already.`);
      }
      if (experiments.size >= trackingLimits.experiments) {
        return err('disk_full', `A job may have ${trackingLimits.experiments} experiments.`);
      }
      const experiment = { id: String(experiments.size), name, createdAt: clock() };
      experiments.set(experiment.id, experiment);
      return ok(experiment);
    },
    createRun({ experimentId, name, startTime, tags }) {
      if (!experiments.has(experimentId)) return err('not_found', `There is no experiment ${experimentId}.`);
      if (runs.size >= trackingLimits.runs) return err('disk_full', `A job may have ${trackingLimits.runs} runs.`);
      const id = Buffer.from(random(16)).toString('hex');
      const created: TrackedRun = {
        id,
        experimentId,
        name: name ?? tags.find(({ key }) => key === 'mlflow.runName')?.value ?? `run-${id.slice(0, 8)}`,
        status: 'RUNNING',
        startTime: startTime ?? clock(),
        endTime: undefined,
        lifecycle: 'active',
        params: new Map(),
        tags: new Map(),
        metrics: new Map(),
      };
      const checked = check(created, { tags });
      if (!checked.ok) return checked;
      for (const { key, value } of tags) created.tags.set(key, value);
      created.tags.set('mlflow.runName', created.name);
      runs.set(id, created);
      return ok(created);
    },
    run,
    runs: () => [...runs.values()],
    log(runId, batch) {
      const found = run(runId);
      if (!found.ok) return found;
      const target = found.value;
      const checked = check(target, batch);
      if (!checked.ok) return checked;
      for (const { key, value } of batch.params ?? []) target.params.set(key, value);
      for (const { key, value } of batch.tags ?? []) {
        target.tags.set(key, value);
        if (key === 'mlflow.runName') target.name = value;
      }
      const metrics = batch.metrics ?? [];
      for (const point of metrics) {
        const known = target.metrics.get(point.key);
        if (known === undefined) target.metrics.set(point.key, [point]);
        else known.push(point);
      }
      points += metrics.length;
      if (metrics.length > 0) {
        const [first] = runs.keys();
        // Two runs that log `loss` must not be drawn as one curve.
        const prefix = first === runId ? '' : `${target.name}/`;
        onMetrics(
          metrics.map((point) => ({ ...point, key: `${prefix}${point.key}`.slice(-trackingLimits.keyCharacters) })),
        );
      }
      return ok(undefined);
    },
  };
}

/** The point that counts as a metric's value: the last step, and of one step the last that came. */
export function latest(points: readonly MetricPoint[]): MetricPoint | undefined {
  return points.reduce<MetricPoint | undefined>(
    (best, point) => (best === undefined || point.step >= best.step ? point : best),
    undefined,
  );
}
