import type { QueryClient } from '@tanstack/react-query';
import type { MethodInput, MethodName, MethodOutput } from '../../../electron/contract/methods.ts';
import type { HostClient } from './client.ts';

/** What may stay on screen while the vault is locked: state, nothing of a person's work. */
const keptWhileLocked: ReadonlySet<unknown> = new Set<MethodName>(['app.state', 'vault.state', 'settings.get']);

const maximumActivity = 500;
const maximumEvents = 5000;
/** Series are asked again at most this often while a run streams; the core pushes up to ten changes a second. */
const seriesEveryMs = 1000;

/** Everything that has been finished when a task of that kind ends. */
const madeByTask: Readonly<Record<string, ReadonlyArray<string>>> = {
  seal: ['datasets.'],
  'network-start': ['network.', 'nodes.', 'app.', 'policies.'],
  'verify-nodes': ['nodes.', 'evidence.'],
  launch: ['runs.', 'datasets.', 'nodes.'],
  rewrap: ['datasets.', 'keys.'],
  'mlflow-export': ['mlflow.exports'],
};

function upsert<T>(
  list: ReadonlyArray<T> | undefined,
  item: T,
  same: (other: T) => boolean,
): ReadonlyArray<T> | undefined {
  if (list === undefined) return undefined;
  const at = list.findIndex(same);
  return at === -1 ? [item, ...list] : list.with(at, item);
}

/** Throws away everything that may not be seen while the vault is locked (DESIGN §9). Safe to repeat. */
export function clearForLock(queries: QueryClient): void {
  const doomed = {
    predicate: ({ queryKey: [key] }: { queryKey: ReadonlyArray<unknown> }) => !keptWhileLocked.has(key),
  };
  void queries.cancelQueries(doomed);
  queries.removeQueries(doomed);
  queries.getMutationCache().clear();
}

/**
 * Keeps what the renderer holds in step with the core: pushed views replace what is shown, other events mark it stale.
 * When the vault locks, everything but state is thrown away. Returns the function that stops it.
 */
export function followHost(client: HostClient, queries: QueryClient, onLock?: () => void): () => void {
  const set = <M extends MethodName>(
    method: M,
    input: MethodInput<M>,
    change: (current: MethodOutput<M> | undefined) => MethodOutput<M> | undefined,
  ) => queries.setQueryData<MethodOutput<M>>([method, input], change);
  const invalidate = (prefixes: ReadonlyArray<string>) =>
    queries.invalidateQueries({
      predicate: ({ queryKey: [key] }) => typeof key === 'string' && prefixes.some((prefix) => key.startsWith(prefix)),
    });

  let seriesTimer: ReturnType<typeof setTimeout> | undefined;
  const staleRuns = new Set<string>();
  const markSeriesStale = (runId: string) => {
    staleRuns.add(runId);
    seriesTimer ??= setTimeout(() => {
      seriesTimer = undefined;
      void queries.invalidateQueries({
        predicate: ({ queryKey: [key, input] }) =>
          key === 'runs.series' && staleRuns.has((input as MethodInput<'runs.series'>).id),
      });
      staleRuns.clear();
    }, seriesEveryMs);
  };

  const stops = [
    client.subscribe('app.changed', (state) => {
      const before = queries.getQueryData<MethodOutput<'app.state'>>(['app.state', {}]);
      set('app.state', {}, () => state);
      set('vault.state', {}, () => state.vault);
      if (state.vault.state !== 'unlocked') {
        clearForLock(queries);
        onLock?.();
      } else if (before?.vault.state !== 'unlocked') void queries.invalidateQueries();
      else void invalidate(['network.']);
    }),
    client.subscribe('task.changed', (task) => {
      set('tasks.list', {}, (list) => upsert(list, task, (other) => other.id === task.id) as typeof list);
      if (task.state !== 'running') void invalidate([...(madeByTask[task.kind] ?? []), 'app.state']);
    }),
    client.subscribe('node.changed', (node) => {
      const before = queries.getQueryData<MethodOutput<'nodes.list'>>(['nodes.list', {}]);
      const known = before?.find((other) => other.name === node.name);
      set('nodes.list', {}, (list) => upsert(list, node, (other) => other.name === node.name) as typeof list);
      if (known?.verifiedAt !== node.verifiedAt || known?.trust !== node.trust) {
        void queries.invalidateQueries({ queryKey: ['nodes.evidence', { node: node.name }] });
        void invalidate(['evidence.list']);
      }
    }),
    client.subscribe('health.changed', (health) => {
      set('health.node', { node: health.node }, () => health);
      set('health.list', {}, (list) => upsert(list, health, (other) => other.node === health.node) as typeof list);
    }),
    client.subscribe('mlflow.changed', (followed) => {
      set('mlflow.followed', {}, (list) => upsert(list, followed, (other) => other.id === followed.id) as typeof list);
    }),
    client.subscribe('run.changed', (run) => {
      set('runs.get', { id: run.id }, () => run);
      set('runs.list', {}, (list) => upsert(list, run, (other) => other.id === run.id) as typeof list);
      markSeriesStale(run.id);
      if (run.endedAt !== undefined) void invalidate(['reports.', 'app.state']);
    }),
    client.subscribe('run.event', ({ runId, event }) => {
      set('runs.events', { id: runId }, (list) =>
        list === undefined ? undefined : [...list, event].slice(-maximumEvents),
      );
    }),
    client.subscribe('activity', (activity) => {
      for (const [key] of queries.getQueriesData<MethodOutput<'app.activity'>>({ queryKey: ['app.activity'] })) {
        queries.setQueryData<MethodOutput<'app.activity'>>(key, (list) =>
          // Newest first, as the core lists them.
          list === undefined ? undefined : [activity, ...list].slice(0, maximumActivity),
        );
      }
    }),
    client.onMissed(() => void queries.invalidateQueries()),
    client.onConnection((connection) => {
      // Events may have been missed while the connection was down.
      if (connection === 'open') void queries.invalidateQueries();
    }),
  ];
  return () => {
    if (seriesTimer !== undefined) clearTimeout(seriesTimer);
    for (const stop of stops) stop();
  };
}
