import type { Readable } from 'node:stream';
import type { z, ZodType } from 'zod';
import { err, ok, type Result } from '../../contract/result.ts';
import type { ArtifactFolder } from './artifact-folder.ts';
import { artifactRoot, experimentMessage, metricMessage, requests, runMessage } from './messages.ts';
import { parseFilter, parseOrder } from './search.ts';
import type { TrackedRun, TrackingStore } from './tracking-store.ts';

/** An answer of JSON, or a file. */
export type Answer = { readonly json: unknown } | { readonly size: number; readonly stream: Readable };

export interface RouteRequest {
  /** Members of the query for GET, of the JSON body otherwise. */
  readonly members: () => Promise<Result<unknown>>;
  readonly body: Readable;
  /** What the pattern of the path caught. */
  readonly path: string;
}

export interface Route {
  readonly method: string;
  readonly path: RegExp;
  readonly answer: (request: RouteRequest) => Promise<Result<Answer>>;
}

const json = (value: unknown): Result<Answer> => ok({ json: value });

/** A call under `/api/2.0/mlflow/` with the members that it takes. */
function call<S extends ZodType>(
  method: string,
  name: string,
  schema: S,
  handle: (message: z.output<S>) => Result<Answer> | Promise<Result<Answer>>,
): Route {
  return {
    method,
    path: new RegExp(`^/api/2\\.0/mlflow/${name.replaceAll('/', '\\/')}$`),
    answer: async ({ members }) => {
      const input = await members();
      if (!input.ok) return input;
      const parsed = schema.safeParse(input.value);
      if (parsed.success) return handle(parsed.data);
      const issue = parsed.error.issues[0];
      return err('invalid_input', `${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? 'not valid'}`);
    },
  };
}

function oneRun(found: Result<TrackedRun>): Result<Answer> {
  if (!found.ok) return found;
  const run = runMessage(found.value);
  return json({ run, run_info: run.info });
}

function done(result: Result<void>): Result<Answer> {
  return result.ok ? json({}) : result;
}

/** The part of MLflow's REST that clients use while they train (mlflow.org, REST API 2.0). */
export function trackingRoutes(store: TrackingStore, artifacts: ArtifactFolder): readonly Route[] {
  const experiment = (test: (known: { id: string; name: string }) => boolean): Result<Answer> => {
    const found = store.experiments().find(test);
    return found === undefined
      ? err('not_found', 'There is no such experiment in this job.')
      : json({ experiment: experimentMessage(found) });
  };

  return [
    call('GET', 'experiments/get-by-name', requests.experimentByName, ({ experiment_name: name }) =>
      experiment((known) => known.name === name),
    ),
    call('GET', 'experiments/get', requests.experimentById, ({ experiment_id: id }) =>
      experiment((known) => known.id === id),
    ),
    call('POST', 'experiments/create', requests.createExperiment, ({ name }) => {
      const created = store.createExperiment(name);
      return created.ok ? json({ experiment_id: created.value.id }) : created;
    }),
    call('POST', 'experiments/search', requests.searchExperiments, () =>
      json({ experiments: store.experiments().map(experimentMessage) }),
    ),
    call('POST', 'runs/create', requests.createRun, (request) =>
      oneRun(
        store.createRun({
          experimentId: request.experiment_id,
          tags: request.tags,
          ...(request.run_name === undefined || request.run_name === '' ? {} : { name: request.run_name }),
          ...(request.start_time === undefined ? {} : { startTime: request.start_time }),
        }),
      ),
    ),
    call('GET', 'runs/get', requests.runById, ({ run_id: id }) => oneRun(store.run(id))),
    call('POST', 'runs/update', requests.updateRun, ({ run_id: id, status, end_time: end, run_name: name }) => {
      const found = store.run(id);
      if (!found.ok) return found;
      if (status !== undefined) found.value.status = status;
      if (end !== undefined) found.value.endTime = end;
      if (name !== undefined) found.value.name = name;
      return json({ run_info: runMessage(found.value).info });
    }),
    call('POST', 'runs/delete', requests.runById, ({ run_id: id }) => {
      const found = store.run(id);
      if (!found.ok) return found;
      found.value.lifecycle = 'deleted';
      return json({});
    }),
    call('POST', 'runs/search', requests.searchRuns, (request) => searchRuns(store, request)),
    call('POST', 'runs/log-metric', requests.logMetric, ({ run_id: id, ...point }) =>
      done(store.log(id, { metrics: [point] })),
    ),
    call('POST', 'runs/log-parameter', requests.logParameter, ({ run_id: id, ...pair }) =>
      done(store.log(id, { params: [pair] })),
    ),
    call('POST', 'runs/set-tag', requests.setTag, ({ run_id: id, ...pair }) => done(store.log(id, { tags: [pair] }))),
    call('POST', 'runs/log-batch', requests.logBatch, ({ run_id: id, ...batch }) => done(store.log(id, batch))),
    call('GET', 'metrics/get-history', requests.history, (request) => {
      const found = store.run(request.run_id);
      if (!found.ok) return found;
      const points = found.value.metrics.get(request.metric_key) ?? [];
      const from = Number(request.page_token ?? '0');
      if (!Number.isSafeInteger(from) || from < 0) return err('invalid_input', 'page_token: not one of this server.');
      const until = from + request.max_results;
      return json({
        metrics: points.slice(from, until).map(metricMessage),
        ...(until < points.length ? { next_page_token: String(until) } : {}),
      });
    }),
    call('GET', 'artifacts/list', requests.listArtifacts, async ({ run_id: id, path }) => {
      const found = store.run(id);
      if (!found.ok) return found;
      const root = artifactRoot(found.value);
      const listed = await artifacts.list(path === '' ? root : `${root}/${path}`);
      if (!listed.ok) return listed;
      const files = listed.value.map((file) => ({ ...file, path: path === '' ? file.path : `${path}/${file.path}` }));
      return json({ root_uri: runMessage(found.value).info.artifact_uri, files });
    }),
    // The client asks for logged models when it lists artifacts; this server has none beside the artifacts.
    call('POST', 'logged-models/search', requests.searchExperiments, () => json({ models: [] })),
    call('POST', 'runs/log-inputs', requests.searchExperiments, () => json({})),
    ...artifactRoutes(artifacts),
  ];
}

function searchRuns(store: TrackingStore, request: z.output<typeof requests.searchRuns>): Result<Answer> {
  const filter = parseFilter(request.filter);
  if (!filter.ok) return filter;
  const order = parseOrder(request.order_by);
  if (!order.ok) return order;
  const wanted = new Set(request.experiment_ids);
  const runs = store
    .runs()
    .filter(({ experimentId }) => wanted.size === 0 || wanted.has(experimentId))
    .filter(
      ({ lifecycle }) => request.run_view_type === 'ALL' || request.run_view_type === `${lifecycle.toUpperCase()}_ONLY`,
    )
    .filter(filter.value)
    .toSorted(order.value)
    .slice(0, request.max_results);
  return json({ runs: runs.map(runMessage) });
}

/** The proxied artifact store: `mlflow-artifacts:/EXPERIMENT/RUN/artifacts/…`. */
function artifactRoutes(artifacts: ArtifactFolder): Route[] {
  const file = /^\/api\/2\.0\/mlflow-artifacts\/artifacts\/(.+)$/;
  return [
    {
      method: 'GET',
      path: /^\/api\/2\.0\/mlflow-artifacts\/artifacts$/,
      answer: async ({ members }) => {
        const input = await members();
        const parsed = requests.artifactPath.safeParse(input.ok ? input.value : {});
        const listed = await artifacts.list(parsed.success ? parsed.data.path : '');
        return listed.ok ? json({ files: listed.value }) : listed;
      },
    },
    {
      method: 'PUT',
      path: file,
      answer: async ({ path, body }) => {
        const written = await artifacts.write(path, body);
        return written.ok ? json({}) : written;
      },
    },
    { method: 'GET', path: file, answer: async ({ path }) => artifacts.read(path) },
  ];
}
