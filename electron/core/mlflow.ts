import { z } from 'zod';
import { mlflowExportSchema, type FollowedRun, type MlflowExport } from '../contract/mlflow.ts';
import { frameSchema, type Frame } from '../contract/wire.ts';
import { err, ok, type Result } from '../contract/result.ts';
import type { TaskView } from '../contract/views.ts';
import { createMlflowClient, type MlflowClient } from '../networks/mlflow/mlflow-client.ts';
import { parseServerAddress } from '../networks/servers/address.ts';
import type { Credentials } from '../networks/servers/ask.ts';
import type { AuditPort } from '../services/runs/ports.ts';
import { exportRun, type ExportLane } from '../services/mlflow/export-run.ts';
import { createFollowService, followRecordSchema, type FollowService } from '../services/mlflow/follow-service.ts';
import type { RunService } from '../services/runs/run-service.ts';
import { sessionsOf } from '../services/runs/run-record.ts';
import type { Store } from '../services/store/store.ts';
import type { SavedServer, SavedServers } from './networks/saved-servers.ts';
import type { TaskRunner } from './tasks.ts';

/** For one whole answer: milliseconds. */
const answerMs = 15_000;
/** Frames looked at in one go. */
const frameChunk = 2000;

export interface MlflowOptions {
  readonly store: Store;
  readonly servers: SavedServers;
  readonly runs: Pick<RunService, 'get' | 'record'>;
  readonly tasks: TaskRunner;
  readonly audit: AuditPort;
  readonly clock: () => number;
  readonly random: (bytes: number) => Uint8Array;
  readonly onFollowed: (view: FollowedRun) => void;
}

export interface Mlflow {
  readonly servers: SavedServers;
  readonly followed: FollowService;
  /** Errors: `not_found`, `locked`, those of the address. */
  client(serverId: string, signal?: AbortSignal): Result<MlflowClient>;
  /** Errors: `not_found`, `wrong_state` (it is exported there now). */
  export(ask: { readonly runId: string; readonly server: string; readonly experiment: string }): Result<TaskView>;
  exports(runId: string): Result<MlflowExport[]>;
}

/** MLflow both ways: runs to a server of the user's, and runs of such a server followed. */
export function createMlflow(options: MlflowOptions): Mlflow {
  const { store, servers, runs, tasks, clock } = options;
  const exported = store.collection('mlflow-exports', mlflowExportSchema);
  const records = store.collection('mlflow-followed', followRecordSchema);
  const working = new Set<string>();

  const client: Mlflow['client'] = (serverId, signal) => {
    const server = servers.get(serverId);
    if (!server.ok) return server;
    const credentials = servers.credentials(serverId);
    return credentials.ok ? connectMlflow(server.value, credentials.value, signal) : credentials;
  };

  const followed = createFollowService({
    clock,
    jitter: () => (options.random(1)[0] ?? 0) / 255,
    reader: client,
    onChange: options.onFollowed,
    store: {
      put: (id, record) => records.put(id, record),
      delete: (id) => records.delete(id),
      list() {
        const listed = records.list();
        return listed.ok ? ok(listed.value.items) : listed;
      },
    },
  });

  const lanesOf = (runId: string): Result<ExportLane[]> => {
    const record = runs.record(runId);
    if (!record.ok) return record;
    const heads = store.frames.heads(runId);
    if (!heads.ok) return heads;
    // The figures of rank 0 are the run's, in each attempt.
    const leaders = new Set([record.value, ...(record.value.attempts ?? [])].map((each) => sessionsOf(each)[0]?.node));
    return ok(
      heads.value.map(({ node: lane }) => {
        const node = lane.split('#')[0] ?? lane;
        return { lane, node: leaders.has(node) ? undefined : node };
      }),
    );
  };

  const framesOf = (runId: string, lane: string, from: number): Result<Frame[]> => {
    const rows = store.frames.read(runId, lane, { from, limit: frameChunk });
    if (!rows.ok) return rows;
    const frames = z.array(frameSchema).safeParse(rows.value.map(({ json }) => JSON.parse(json) as unknown));
    return frames.success ? ok(frames.data) : err('damaged', `Stored telemetry of ${lane} cannot be read.`);
  };

  return {
    servers,
    followed,
    client,
    export({ runId, server: serverId, experiment }) {
      const run = runs.get(runId);
      if (!run.ok) return run;
      const server = servers.get(serverId);
      if (!server.ok) return server;
      const { url } = server.value;
      const id = `${runId}/${serverId}`;
      if (working.has(id)) return err('wrong_state', 'This run is being exported there already.');
      const logged = options.audit('metrics-exported', runId, { url, experiment }, run.value.simulated);
      if (!logged.ok) return logged;
      working.add(id);
      return ok(
        tasks.start(
          'mlflow-export',
          `Export ${run.value.name} to MLflow`,
          async (control) => {
            try {
              const connected = client(serverId, control.signal);
              if (!connected.ok) return connected;
              const done = await exportRun({
                server: connected.value,
                experiment,
                signal: control.signal,
                run() {
                  const now = runs.get(runId);
                  if (!now.ok) return now;
                  const record = runs.record(runId);
                  if (!record.ok) return record;
                  const lanes = lanesOf(runId);
                  if (!lanes.ok) return lanes;
                  return ok({ view: now.value, datasetRoot: record.value.order.dataset.root, lanes: lanes.value });
                },
                frames: (lane, from) => framesOf(runId, lane, from),
                onProgress(mlflowRunId, points, complete) {
                  control.note(`${points.toLocaleString('en')} figures are there${complete ? '' : ' so far'}.`);
                  const at = new Date(clock()).toISOString();
                  return exported.put(id, { runId, serverId, url, experiment, mlflowRunId, points, complete, at });
                },
              });
              return done.ok ? ok(done.value.mlflowRunId) : done;
            } finally {
              working.delete(id);
            }
          },
          { subjectId: runId },
        ),
      );
    },
    exports(runId) {
      const listed = exported.list({ prefix: `${runId}/` });
      return listed.ok ? ok(listed.value.items.map(({ value }) => value)) : listed;
    },
  };
}

/** Errors: those of the address. */
export function connectMlflow(
  server: Pick<SavedServer, 'url' | 'accepted'>,
  credentials: Credentials | undefined,
  signal?: AbortSignal,
): Result<MlflowClient> {
  const base = parseServerAddress(server.url, 'The address of the MLflow server', server.accepted);
  if (!base.ok) return base;
  return ok(
    createMlflowClient({
      base: base.value,
      timeoutMs: answerMs,
      ...(credentials === undefined ? {} : { credentials }),
      ...(signal === undefined ? {} : { signal }),
    }),
  );
}
