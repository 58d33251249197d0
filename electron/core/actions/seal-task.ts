import { ok } from '../../contract/result.ts';
import type { TaskView } from '../../contract/views.ts';
import { describeEarlier } from '../../services/sealing/earlier.ts';
import type { Services } from '../services.ts';
import type { TaskControl } from '../tasks.ts';

/** Seals in the background; the task's result is the id of the dataset. */
export function sealTask(
  { tasks, datasets }: Services,
  request: { readonly path: string; readonly name: string; readonly target?: string | undefined },
): TaskView {
  const { path, name, target } = request;
  const seal = async ({ signal, progress, note, onPause }: TaskControl) => {
    const sealed = await datasets.seal({
      path,
      name,
      ...(target === undefined ? {} : { target }),
      signal,
      pause: { onPause },
      onEarlier: (sealed) => note(describeEarlier(sealed)),
      onProgress: ({ bytes, total, ratePerSecond, secondsLeft }) =>
        progress({
          done: bytes,
          total,
          unit: 'bytes',
          ratePerSecond,
          ...(secondsLeft === undefined ? {} : { secondsLeft }),
        }),
    });
    return sealed.ok ? ok(sealed.value.id) : sealed;
  };
  return tasks.start('seal', `Sealing ${name}`, seal, { pausable: true });
}
