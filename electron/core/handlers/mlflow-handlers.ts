import { ok, type Result } from '../../contract/result.ts';
import type { MlflowRun } from '../../contract/mlflow.ts';
import type { TrackedRun } from '../../networks/mlflow/mlflow-client.ts';
import { parseServerAddress } from '../../networks/servers/address.ts';
import { connectMlflow } from '../mlflow.ts';
import type { Handlers } from '../router.ts';
import { readLogin } from '../networks/saved-servers.ts';
import type { Services } from '../services.ts';

type Names =
  | 'mlflow.servers'
  | 'mlflow.connect'
  | 'mlflow.disconnect'
  | 'mlflow.experiments'
  | 'mlflow.runs'
  | 'mlflow.export'
  | 'mlflow.exports'
  | 'mlflow.follow'
  | 'mlflow.unfollow'
  | 'mlflow.followed'
  | 'mlflow.series';

export function mlflowHandlers({ mlflow, audit }: Services): Pick<Handlers, Names> {
  const { servers, followed } = mlflow;
  const log = (subject: string, details: Record<string, boolean | string | string[]>): Result<void> => {
    const written = audit.append({ kind: 'settings-changed', actor: 'core', subject, details, simulated: false });
    return written.ok ? ok(undefined) : written;
  };
  return {
    'mlflow.servers': async () => {
      const saved = servers.list();
      return saved.ok ? ok(saved.value.map(({ id, url, accepted }) => ({ id, url, accepted }))) : saved;
    },
    'mlflow.connect': async ({ url, login, accept }) => {
      const base = parseServerAddress(url, 'The address of the MLflow server', accept);
      if (!base.ok) return base;
      const credentials = await readLogin(login);
      if (!credentials.ok) return credentials;
      const server = { url: base.value.href, accepted: accept };
      const client = connectMlflow(server, credentials.value);
      if (!client.ok) return client;
      const seen = await client.value.experiments();
      if (!seen.ok) return seen;
      const logged = log(server.url, { mlflow: 'server', accepted: accept, connected: true });
      if (!logged.ok) return logged;
      const saved = servers.put({ ...server, facts: {} }, credentials.value);
      return saved.ok ? ok({ id: saved.value.id, ...server }) : saved;
    },
    'mlflow.disconnect': async ({ id }) => {
      const stopped = followed.unfollowServer(id);
      if (!stopped.ok) return stopped;
      const removed = servers.remove(id);
      if (!removed.ok || !removed.value) return removed;
      const logged = log(id, { mlflow: 'server', connected: false });
      return logged.ok ? removed : logged;
    },
    'mlflow.experiments': async ({ server }) => {
      const client = mlflow.client(server);
      return client.ok ? client.value.experiments() : client;
    },
    'mlflow.runs': async ({ server, experimentId, pageToken }) => {
      const client = mlflow.client(server);
      if (!client.ok) return client;
      const found = await client.value.searchRuns({ experimentId, ...(pageToken === undefined ? {} : { pageToken }) });
      if (!found.ok) return found;
      const { items, next } = found.value;
      return ok({ runs: items.map(runView), ...(next === undefined ? {} : { nextPageToken: next }) });
    },
    'mlflow.export': async ({ runId, server, experiment }) => mlflow.export({ runId, server, experiment }),
    'mlflow.exports': async ({ runId }) => mlflow.exports(runId),
    'mlflow.follow': async ({ server, mlflowRunId }) => {
      const saved = servers.get(server);
      return saved.ok ? followed.follow(saved.value, mlflowRunId) : saved;
    },
    'mlflow.unfollow': async ({ id }) => followed.unfollow(id),
    'mlflow.followed': async () => ok(followed.list()),
    'mlflow.series': async ({ id, names, maximumPoints }) => followed.series(id, names, maximumPoints),
  };
}

function utc(time: number | undefined): string | undefined {
  return time === undefined || time <= 0 || time > 8.64e15 ? undefined : new Date(time).toISOString();
}

function runView({ runId, name, experimentId, status, startTime, endTime }: TrackedRun): MlflowRun {
  const [startedAt, endedAt] = [utc(startTime), utc(endTime)];
  return {
    runId,
    name,
    experimentId,
    status,
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(endedAt === undefined ? {} : { endedAt }),
  };
}
