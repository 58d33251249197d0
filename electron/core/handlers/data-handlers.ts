import { ok } from '../../contract/result.ts';
import { browse } from '../actions/browse.ts';
import { inspectDataset } from '../actions/inspect-dataset.ts';
import type { Handlers } from '../router.ts';
import { sealTask } from '../actions/seal-task.ts';
import type { Services } from '../services.ts';

type Names =
  | 'files.browse'
  | 'datasets.preview'
  | 'datasets.seal'
  | 'datasets.list'
  | 'datasets.inspect'
  | 'datasets.verify'
  | 'tasks.list'
  | 'tasks.cancel'
  | 'tasks.pause'
  | 'tasks.resume';

export function dataHandlers(services: Services): Pick<Handlers, Names> {
  const { datasets, tasks, samples, examples } = services;
  return {
    'files.browse': async ({ directory }) => browse(directory, { samples, examples }),
    'datasets.preview': async ({ path, target }) => datasets.preview(path, target),
    'datasets.seal': async (request) => ok(sealTask(services, request)),
    'datasets.list': async () => datasets.list(),
    'datasets.inspect': async ({ id }) => inspectDataset(services, id),
    'datasets.verify': async ({ id }) => datasets.verify(id),
    'tasks.list': async () => ok(tasks.list()),
    'tasks.cancel': async ({ id }) => tasks.cancel(id),
    'tasks.pause': async ({ id }) => tasks.pause(id),
    'tasks.resume': async ({ id }) => tasks.resume(id),
  };
}
