import { QueryClient } from '@tanstack/react-query';
import type { NodeView, RunView, TaskView } from '../../../electron/contract/views.ts';
import type { HostClient } from './client.ts';

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      // The core pushes what changes; nothing is asked again because a window got focus.
      queries: { retry: false, refetchOnWindowFocus: false, staleTime: 30_000 },
      mutations: { retry: false },
    },
  });
}

/**
 * Lets pushed events update what react-query holds. A locked vault empties every cache, so that nothing of the session
 * stays in the renderer's memory behind the lock screen (DESIGN §9).
 */
export function connectLive(host: HostClient, queries: QueryClient): () => void {
  const stops = [
    host.onMissed(() => void queries.invalidateQueries()),
    // Events of the time without a link are lost too.
    host.onLink((up) => {
      if (up) void queries.invalidateQueries();
    }),
    host.subscribe('app.changed', (state) => {
      const locked = state.vault.state !== 'unlocked';
      if (locked) queries.clear();
      queries.setQueryData(['app.state', {}], state);
    }),
    host.subscribe('node.changed', (node) => {
      queries.setQueryData<NodeView[]>(['nodes.list', {}], (nodes) => replaceBy(nodes, node, (item) => item.name));
      void queries.invalidateQueries({ queryKey: ['nodes.evidence', { node: node.name }] });
    }),
    host.subscribe('run.changed', (run) => {
      queries.setQueryData<RunView>(['runs.get', { id: run.id }], run);
      queries.setQueryData<RunView[]>(['runs.list', {}], (runs) => replaceBy(runs, run, (item) => item.id));
    }),
    host.subscribe('run.event', ({ runId }) => {
      void queries.invalidateQueries({ queryKey: ['runs.events', { id: runId }] });
    }),
    host.subscribe('task.changed', (task) => {
      queries.setQueryData<TaskView[]>(['tasks.list', {}], (tasks) => replaceBy(tasks, task, (item) => item.id));
      if (task.state === 'running') return;
      if (task.kind === 'seal') void queries.invalidateQueries({ queryKey: ['datasets.list'] });
      if (task.kind === 'network-start') void queries.invalidateQueries({ queryKey: ['nodes.list'] });
    }),
    host.subscribe('activity', () => {
      void queries.invalidateQueries({ queryKey: ['app.activity'] });
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/** The list with `item` in the place of the one with its key, or at the end; nothing where no list is held yet. */
export function replaceBy<T>(list: readonly T[] | undefined, item: T, key: (item: T) => string): T[] | undefined {
  if (list === undefined) return undefined;
  const at = list.findIndex((candidate) => key(candidate) === key(item));
  return at === -1 ? [...list, item] : list.with(at, item);
}
