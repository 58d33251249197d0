import { err, ok, type NacreError, type Result } from '../../contract/result.ts';
import type { RunView } from '../../contract/views.ts';
import type { Frame } from '../../contract/wire.ts';
import {
  batchLimits,
  parametersOf,
  pointIdentity,
  pointsOf,
  tagsOf,
  type MetricPoint,
} from '../../domain/mlflow/export-points.ts';
import { pause, type MlflowWriter, type ServerRun } from './ports.ts';

/** Between two looks at a run that goes on, and before an act is tried again at first: milliseconds. */
const lookMs = 2000;
const firstBackoffMs = 500;
const backoffMaximumMs = 30_000;
/** Tries of one request in a row: two minutes and a half of a server that is away. */
const tries = 10;

/** Frames of one lane of a run, from a sequence on. */
export interface ExportLane {
  readonly lane: string;
  /** Undefined for the node whose figures are the run's. */
  readonly node: string | undefined;
}

export interface ExportOptions {
  readonly server: MlflowWriter;
  readonly experiment: string;
  /** The run as it stands now. */
  readonly run: () => Result<{
    readonly view: RunView;
    readonly datasetRoot: string;
    readonly lanes: readonly ExportLane[];
  }>;
  /** Some of the next frames of a lane; none when there are no more now. */
  readonly frames: (lane: string, from: number) => Result<readonly Frame[]>;
  /** Told of the run on the server once it is known, and of how many points it has. */
  readonly onProgress: (mlflowRunId: string, points: number, complete: boolean) => Result<void>;
  readonly signal: AbortSignal;
  readonly lookMs?: number;
  readonly backoffMs?: number;
}

const ended = { succeeded: 'FINISHED', failed: 'FAILED', stopped: 'KILLED' } as const;

/**
 * Brings everything of a run to a server, and goes on until the run has ended. What the server has is asked of the server
 * itself, so nothing is sent twice whatever was interrupted, and where: here, there, or on the way. Errors: those of the
 * server after some tries, `cancelled`.
 */
export async function exportRun(options: ExportOptions): Promise<Result<{ mlflowRunId: string; points: number }>> {
  const first = options.run();
  if (!first.ok) return first;
  const { view, datasetRoot } = first.value;
  const target = await findOrCreate(options, view, datasetRoot);
  if (!target.ok) return target;
  const { runId } = target.value;
  const params = await stubborn(options, () => options.server.logBatch(runId, { params: parametersOf(view) }));
  if (!params.ok) return params;
  const known = new Set<string>();
  for (const { key } of target.value.latest) {
    const read = await readKnown(options, runId, key, known);
    if (!read.ok) return read;
  }
  const next = new Map<string, number>();
  for (;;) {
    // Asked before the frames: what comes in between is seen in the next round, and none is missed at the end.
    const now = options.run();
    if (!now.ok) return now;
    const sent = await sendFrames(options, runId, now.value.lanes, next, known);
    if (!sent.ok) return sent;
    const state = now.value.view.state;
    const status = state === 'succeeded' || state === 'failed' || state === 'stopped' ? ended[state] : undefined;
    if (status !== undefined) {
      const closed = await finish(options, runId, now.value.view, datasetRoot, status);
      if (!closed.ok) return closed;
    }
    const noted = options.onProgress(runId, known.size, status !== undefined);
    if (!noted.ok) return noted;
    if (status !== undefined) return ok({ mlflowRunId: runId, points: known.size });
    await pause(options.lookMs ?? lookMs, options.signal);
    if (options.signal.aborted) return stopped();
  }
}

async function findOrCreate(options: ExportOptions, view: RunView, datasetRoot: string): Promise<Result<ServerRun>> {
  const { server, experiment } = options;
  const experimentId = await stubborn(options, async () => {
    const found = await server.experimentByName(experiment);
    if (found.ok || found.error.code !== 'not_found') return found;
    const made = await server.createExperiment(experiment);
    // Somebody else made it in between.
    return !made.ok && made.error.code === 'already_exists' ? server.experimentByName(experiment) : made;
  });
  if (!experimentId.ok) return experimentId;
  return stubborn(options, async () => {
    // The tag is on the run from its creation on, so it is found whenever an answer was lost.
    const filter = `tags."nacre.run_id" = '${view.id.replaceAll(/[^\w-]/g, '')}'`;
    const found = await server.searchRuns({ experimentId: experimentId.value, filter });
    if (!found.ok) return found;
    const [existing] = found.value.items.filter(({ deleted }) => !deleted);
    if (existing !== undefined) return ok(existing);
    return server.createRun({
      experimentId: experimentId.value,
      name: view.name,
      startTime: Date.parse(view.startedAt ?? view.createdAt),
      tags: tagsOf(view, { datasetRoot }),
    });
  });
}

async function sendFrames(
  options: ExportOptions,
  runId: string,
  lanes: readonly ExportLane[],
  next: Map<string, number>,
  known: Set<string>,
): Promise<Result<void>> {
  let waiting: MetricPoint[] = [];
  const flush = async (): Promise<Result<void>> => {
    const batch = waiting;
    waiting = [];
    if (batch.length === 0) return ok(undefined);
    const sent = await sendBatch(options, runId, batch);
    if (!sent.ok) return sent;
    for (const point of batch) known.add(pointIdentity(point));
    return options.onProgress(runId, known.size, false);
  };
  for (const { lane, node } of lanes) {
    for (;;) {
      const frames = options.frames(lane, next.get(lane) ?? 0);
      if (!frames.ok) return frames;
      const last = frames.value.at(-1);
      if (last === undefined) break;
      for (const point of frames.value.flatMap((frame) => pointsOf(frame, node))) {
        const identity = pointIdentity(point);
        if (known.has(identity)) continue;
        // Two frames may say the same; MLflow would keep it once.
        known.add(identity);
        waiting.push(point);
        if (waiting.length < batchLimits.metrics) continue;
        const flushed = await flush();
        if (!flushed.ok) return flushed;
      }
      next.set(lane, last.sequence + 1);
    }
  }
  return flush();
}

/** One batch. When it is not known whether it arrived, the server is asked what it has before the rest goes again. */
async function sendBatch(options: ExportOptions, runId: string, batch: readonly MetricPoint[]): Promise<Result<void>> {
  let rest = batch;
  let uncertain = false;
  return stubborn(options, async () => {
    if (uncertain) {
      const there = new Set<string>();
      for (const key of new Set(rest.map((point) => point.key))) {
        const read = await readAll(options, runId, key, there);
        if (!read.ok) return read;
      }
      rest = rest.filter((point) => !there.has(pointIdentity(point)));
      if (rest.length === 0) return ok(undefined);
    }
    uncertain = true;
    return options.server.logBatch(runId, { metrics: rest });
  });
}

async function finish(
  options: ExportOptions,
  runId: string,
  view: RunView,
  datasetRoot: string,
  status: (typeof ended)[keyof typeof ended],
): Promise<Result<void>> {
  const tags = tagsOf(view, { datasetRoot });
  const tagged = await stubborn(options, () => options.server.logBatch(runId, { tags }));
  if (!tagged.ok) return tagged;
  const at = view.endedAt === undefined ? undefined : Date.parse(view.endedAt);
  return stubborn(options, () => options.server.updateRun(runId, status, at));
}

function readKnown(options: ExportOptions, runId: string, key: string, known: Set<string>): Promise<Result<void>> {
  return stubborn(options, () => readAll(options, runId, key, known));
}

async function readAll(options: ExportOptions, runId: string, key: string, into: Set<string>): Promise<Result<void>> {
  let token: string | undefined;
  do {
    const page = await options.server.history(runId, key, token);
    if (!page.ok) return page;
    for (const point of page.value.items) into.add(pointIdentity(point));
    // A server that gives the same page again would never end.
    if (page.value.next !== undefined && page.value.next === token) break;
    token = page.value.next;
  } while (token !== undefined);
  return ok(undefined);
}

/** Tries again, later and later, while the server is away; other errors are final. */
async function stubborn<T>(options: ExportOptions, act: () => Promise<Result<T>>): Promise<Result<T>> {
  let wait = options.backoffMs ?? firstBackoffMs;
  for (let count = 1; ; count += 1) {
    if (options.signal.aborted) return stopped();
    const answer = await act();
    if (answer.ok || !isPassing(answer.error) || count >= tries) return answer;
    await pause(wait, options.signal);
    wait = Math.min(wait * 2, backoffMaximumMs);
  }
}

function isPassing({ code }: NacreError): boolean {
  return code === 'unavailable' || code === 'timeout';
}

function stopped() {
  return err('cancelled', 'The export was stopped. What is there stays; start it again and it goes on.');
}
