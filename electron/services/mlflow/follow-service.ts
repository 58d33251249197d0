import { createHash } from 'node:crypto';
import { z } from 'zod';
import { mlflowRunStatuses, type FollowedRun } from '../../contract/mlflow.ts';
import { err, ok, type NacreError, type Result } from '../../contract/result.ts';
import type { Series } from '../../contract/views.ts';
import { createFollowedSeries, type FollowedSeries } from './followed-series.ts';
import { pause, type MlflowReader } from './ports.ts';

/** Between two looks: milliseconds. Nothing new makes it slower, a server that is away much slower. */
const lookMs = 2000;
const quietMaximumMs = 15_000;
const awayMaximumMs = 60_000;
/** Runs followed at once. */
const followedMaximum = 16;

/** What is kept of a followed run; its figures are read again. */
export const followRecordSchema = z.object({
  serverId: z.string(),
  url: z.string(),
  mlflowRunId: z.string(),
  name: z.string(),
  status: z.enum(mlflowRunStatuses).optional(),
});
export type FollowRecord = z.infer<typeof followRecordSchema>;

export interface FollowStore {
  put(id: string, record: FollowRecord): Result<void>;
  delete(id: string): Result<boolean>;
  list(): Result<readonly { readonly id: string; readonly value: FollowRecord }[]>;
}

export interface FollowOptions {
  readonly clock: () => number;
  /** Between 0 and 1: parts the looks of many desks. */
  readonly jitter: () => number;
  readonly store: FollowStore;
  /** Errors: `locked`, `not_found`, and those of the address. */
  readonly reader: (serverId: string, signal: AbortSignal) => Result<MlflowReader>;
  readonly onChange: (view: FollowedRun) => void;
  readonly lookMs?: number;
}

/** Runs of MLflow servers, followed read-only. */
export interface FollowService {
  /** Errors: `already_exists`, `invalid_input` (too many), those of the server and of the disk. */
  follow(server: { readonly id: string; readonly url: string }, mlflowRunId: string): Promise<Result<FollowedRun>>;
  /** false when it was not followed. */
  unfollow(id: string): Result<boolean>;
  /** Of a server that is forgotten. */
  unfollowServer(serverId: string): Result<void>;
  list(): FollowedRun[];
  /** Errors: `not_found`. */
  series(id: string, names: readonly string[], maximumPoints: number): Result<Series[]>;
  /** Goes on with what an earlier process followed; does nothing the second time. */
  resume(): Result<void>;
  close(): Promise<void>;
}

interface Followed {
  readonly id: string;
  readonly abort: AbortController;
  readonly series: FollowedSeries;
  record: FollowRecord;
  state: FollowedRun['state'];
  lastAt: number | undefined;
  error: NacreError | undefined;
  loop: Promise<void>;
}

export function createFollowService(options: FollowOptions): FollowService {
  const followed = new Map<string, Followed>();
  const loops = new Set<Promise<void>>();
  let resumed = false;

  const viewOf = ({ id, record, series, state, lastAt, error }: Followed): FollowedRun => ({
    id,
    ...record,
    state,
    metrics: series.names(),
    points: series.points(),
    ...(lastAt === undefined ? {} : { lastAt: new Date(lastAt).toISOString() }),
    ...(error === undefined ? {} : { error: { code: error.code, message: error.message } }),
    truncated: series.truncated(),
  });

  /** One look. @returns whether there was something new */
  const look = async (entry: Followed): Promise<Result<boolean>> => {
    const { signal } = entry.abort;
    const reader = options.reader(entry.record.serverId, signal);
    if (!reader.ok) return reader;
    const run = await reader.value.run(entry.record.mlflowRunId);
    if (!run.ok) return run;
    const { status, name, latest } = run.value;
    const over = status === 'FINISHED' || status === 'FAILED' || status === 'KILLED';
    // Its history is ordered by time: what was logged late lies between what was read before.
    if (over && entry.series.points() > 0) entry.series.reset();
    const read = await entry.series.read(reader.value, entry.record.mlflowRunId, latest, () => signal.aborted);
    if (!read.ok) return read;
    if (signal.aborted) return ok(false);
    if (status !== entry.record.status || name !== entry.record.name) {
      entry.record = { ...entry.record, status, name };
      const kept = options.store.put(entry.id, entry.record);
      if (!kept.ok) return kept;
    }
    entry.lastAt = options.clock();
    entry.state = over ? 'ended' : 'following';
    return read;
  };

  const run = async (entry: Followed) => {
    const { signal } = entry.abort;
    const every = options.lookMs ?? lookMs;
    let wait = every;
    while (!signal.aborted) {
      const looked = await look(entry);
      if (signal.aborted) return;
      entry.error = looked.ok ? undefined : looked.error;
      if (!looked.ok) {
        entry.state = looked.error.code === 'locked' ? 'locked' : 'waiting';
        wait = Math.min(wait * 2, looked.error.code === 'locked' ? every * 2 : awayMaximumMs);
      } else wait = looked.value ? every : Math.min(wait * 1.5, quietMaximumMs);
      options.onChange(viewOf(entry));
      if (entry.state === 'ended') return;
      await pause(wait * (0.8 + 0.4 * options.jitter()), signal);
    }
  };

  const start = (id: string, record: FollowRecord): Followed => {
    const entry: Followed = {
      id,
      record,
      abort: new AbortController(),
      series: createFollowedSeries(),
      state: 'starting',
      lastAt: undefined,
      error: undefined,
      loop: Promise.resolve(),
    };
    followed.set(id, entry);
    entry.loop = run(entry);
    loops.add(entry.loop);
    void entry.loop.finally(() => loops.delete(entry.loop));
    return entry;
  };

  const stop = (id: string): Result<boolean> => {
    const entry = followed.get(id);
    if (entry === undefined) return ok(false);
    const removed = options.store.delete(id);
    if (!removed.ok) return removed;
    entry.abort.abort();
    followed.delete(id);
    return ok(true);
  };

  return {
    async follow({ id: serverId, url }, mlflowRunId) {
      const id = `followed-${createHash('sha256').update(`${serverId}/${mlflowRunId}`).digest('hex').slice(0, 12)}`;
      if (followed.has(id)) return err('already_exists', 'This run is followed already.');
      if (followed.size >= followedMaximum) {
        return err('invalid_input', `${followedMaximum} runs are followed; stop following one of them first.`);
      }
      const asking = new AbortController();
      const reader = options.reader(serverId, asking.signal);
      if (!reader.ok) return reader;
      const found = await reader.value.run(mlflowRunId);
      if (!found.ok) return found;
      const record: FollowRecord = { serverId, url, mlflowRunId, name: found.value.name, status: found.value.status };
      const kept = options.store.put(id, record);
      if (!kept.ok) return kept;
      return ok(viewOf(followed.get(id) ?? start(id, record)));
    },
    unfollow: stop,
    unfollowServer(serverId) {
      for (const [id, { record }] of followed) {
        if (record.serverId !== serverId) continue;
        const stopped = stop(id);
        if (!stopped.ok) return stopped;
      }
      return ok(undefined);
    },
    list: () => [...followed.values()].map(viewOf),
    series(id, names, maximumPoints) {
      const entry = followed.get(id);
      return entry === undefined
        ? err('not_found', `No run ${JSON.stringify(id)} is followed.`)
        : ok(entry.series.draw(names, maximumPoints));
    },
    resume() {
      if (resumed) return ok(undefined);
      const kept = options.store.list();
      if (!kept.ok) return kept;
      resumed = true;
      for (const { id, value } of kept.value) if (!followed.has(id)) start(id, value);
      return ok(undefined);
    },
    async close() {
      for (const { abort } of followed.values()) abort.abort();
      await Promise.all(loops);
    },
  };
}
