import { z } from 'zod';
import { mlflowRunStatuses, type MlflowExperiment } from '../../contract/mlflow.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import type { MetricPoint, Tag } from '../../domain/mlflow/export-points.ts';
import { askServer, type Credentials, type ServerRequest } from '../servers/ask.ts';

/** Bytes of one answer: a page of 5,000 points has some 600 kB. */
const answerBytes = 16 * 1_048_576;
const historyPage = 5000;
const runsPage = 100;

export type MlflowStatus = (typeof mlflowRunStatuses)[number];

export interface TrackedRun {
  readonly runId: string;
  readonly name: string;
  readonly experimentId: string;
  readonly status: MlflowStatus;
  readonly startTime: number | undefined;
  readonly endTime: number | undefined;
  readonly deleted: boolean;
  /** The newest point of each metric. */
  readonly latest: readonly MetricPoint[];
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | undefined;
}

/** MLflow's tracking REST 2.0. Errors of all calls: those of `askServer`, and `damaged` for an answer of another form. */
export interface MlflowClient {
  /** Errors also: `not_found`. */
  experimentByName(name: string): Promise<Result<string>>;
  createExperiment(name: string): Promise<Result<string>>;
  experiments(): Promise<Result<MlflowExperiment[]>>;
  searchRuns(ask: {
    readonly experimentId: string;
    readonly filter?: string;
    readonly pageToken?: string;
  }): Promise<Result<Page<TrackedRun>>>;
  run(runId: string): Promise<Result<TrackedRun>>;
  createRun(ask: {
    readonly experimentId: string;
    readonly name: string;
    readonly startTime: number;
    readonly tags: readonly Tag[];
  }): Promise<Result<TrackedRun>>;
  updateRun(runId: string, status: MlflowStatus, endTime?: number): Promise<Result<void>>;
  /** At most 1,000 metrics, 100 parameters and 100 tags, 1,000 together. */
  logBatch(
    runId: string,
    batch: {
      readonly metrics?: readonly MetricPoint[];
      readonly params?: readonly Tag[];
      readonly tags?: readonly Tag[];
    },
  ): Promise<Result<void>>;
  history(runId: string, key: string, pageToken?: string): Promise<Result<Page<MetricPoint>>>;
}

/** Protocol buffers write 64-bit numbers as text. */
const whole = z.union([
  z.number().int(),
  z
    .string()
    .regex(/^-?\d{1,18}$/)
    .transform(Number),
]);
const figure = z.union([z.number(), z.literal(['NaN', 'Infinity', '-Infinity']).transform(Number)]);
const text = (maximum: number) => z.string().max(maximum);
const metricSchema = z.object({ key: text(500), value: figure, timestamp: whole, step: whole.default(0) });
const runSchema = z.object({
  info: z.object({
    run_id: z.string().regex(/^[A-Za-z0-9][\w-]{0,255}$/),
    run_name: text(1000).default(''),
    experiment_id: text(128),
    status: z.enum(mlflowRunStatuses).default('RUNNING'),
    start_time: whole.optional(),
    end_time: whole.optional(),
    lifecycle_stage: text(32).default('active'),
  }),
  data: z.object({ metrics: z.array(metricSchema).max(100_000).default([]) }).default({ metrics: [] }),
});
const experimentSchema = z.object({ experiment_id: text(128), name: text(1000) });
const token = text(65_536).optional();

const answers = {
  experiment: z.object({ experiment: experimentSchema }),
  created: z.object({ experiment_id: text(128) }),
  experiments: z.object({ experiments: z.array(experimentSchema).max(50_000).default([]), next_page_token: token }),
  runs: z.object({ runs: z.array(runSchema).max(50_000).default([]), next_page_token: token }),
  run: z.object({ run: runSchema }),
  history: z.object({ metrics: z.array(metricSchema).max(100_000).default([]), next_page_token: token }),
  nothing: z.object({}),
} as const;

export function createMlflowClient(options: {
  readonly base: URL;
  readonly credentials?: Credentials;
  /** For one whole answer: milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}): MlflowClient {
  const { signal, ...access } = options;
  const server = { ...access, what: 'The MLflow server', maximumBytes: answerBytes };

  const ask = async <S extends z.ZodType>(
    schema: S,
    name: string,
    request: Pick<ServerRequest, 'json' | 'query'>,
  ): Promise<Result<z.output<S>>> => {
    const answer = await askServer(server, {
      method: request.json === undefined ? 'GET' : 'POST',
      path: `api/2.0/mlflow/${name}`,
      ...request,
      ...(signal === undefined ? {} : { signal }),
    });
    if (!answer.ok) return answer;
    const parsed = schema.safeParse(parseJson(answer.value));
    if (parsed.success) return ok(parsed.data);
    const issue = parsed.error.issues[0];
    const place = issue?.path.map(String).join('.') ?? '';
    return err(
      'damaged',
      `The MLflow server at ${options.base.host} gave an answer that is none of MLflow’s (${place}).`,
      {
        hint: 'Is it the address of an MLflow tracking server?',
      },
    );
  };

  return {
    async experimentByName(name) {
      const found = await ask(answers.experiment, 'experiments/get-by-name', { query: { experiment_name: name } });
      return found.ok ? ok(found.value.experiment.experiment_id) : found;
    },
    async createExperiment(name) {
      const made = await ask(answers.created, 'experiments/create', { json: { name } });
      return made.ok ? ok(made.value.experiment_id) : made;
    },
    async experiments() {
      const found = await ask(answers.experiments, 'experiments/search', { json: { max_results: 1000 } });
      return found.ok ? ok(found.value.experiments.map(({ experiment_id: id, name }) => ({ id, name }))) : found;
    },
    async searchRuns({ experimentId, filter, pageToken }) {
      const found = await ask(answers.runs, 'runs/search', {
        json: {
          experiment_ids: [experimentId],
          max_results: runsPage,
          order_by: ['attributes.start_time DESC'],
          ...(filter === undefined ? {} : { filter }),
          ...(pageToken === undefined ? {} : { page_token: pageToken }),
        },
      });
      return found.ok ? ok(pageOf(found.value.runs.map(trackedRun), found.value.next_page_token)) : found;
    },
    async run(runId) {
      const found = await ask(answers.run, 'runs/get', { query: { run_id: runId } });
      return found.ok ? ok(trackedRun(found.value.run)) : found;
    },
    async createRun({ experimentId, name, startTime, tags }) {
      const made = await ask(answers.run, 'runs/create', {
        json: { experiment_id: experimentId, run_name: name, start_time: startTime, tags },
      });
      return made.ok ? ok(trackedRun(made.value.run)) : made;
    },
    updateRun: (runId, status, endTime) =>
      done(
        ask(answers.nothing, 'runs/update', {
          json: { run_id: runId, status, ...(endTime === undefined ? {} : { end_time: endTime }) },
        }),
      ),
    logBatch: (runId, { metrics = [], params = [], tags = [] }) =>
      done(
        ask(answers.nothing, 'runs/log-batch', {
          json: { run_id: runId, metrics: metrics.map(writtenPoint), params, tags },
        }),
      ),
    async history(runId, key, pageToken) {
      const found = await ask(answers.history, 'metrics/get-history', {
        query: {
          run_id: runId,
          metric_key: key,
          max_results: String(historyPage),
          ...(pageToken === undefined ? {} : { page_token: pageToken }),
        },
      });
      return found.ok ? ok(pageOf(found.value.metrics, found.value.next_page_token)) : found;
    },
  };
}

async function done(answer: Promise<Result<unknown>>): Promise<Result<void>> {
  const result = await answer;
  return result.ok ? ok(undefined) : result;
}

function pageOf<T>(items: readonly T[], next: string | undefined): Page<T> {
  return { items, next: next === '' ? undefined : next };
}

/** JSON has no NaN and no infinities; MLflow reads them by name. */
function writtenPoint({ value, ...rest }: MetricPoint) {
  return { ...rest, value: Number.isFinite(value) ? value : String(value) };
}

function trackedRun({ info, data }: z.output<typeof runSchema>): TrackedRun {
  return {
    runId: info.run_id,
    name: info.run_name,
    experimentId: info.experiment_id,
    status: info.status,
    startTime: info.start_time,
    endTime: info.end_time,
    deleted: info.lifecycle_stage === 'deleted',
    latest: data.metrics,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
