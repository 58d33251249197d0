import { resolve } from 'node:path';
import type { TaskView } from '../contract/views.ts';
import { err, ok, type NacreError, type Result } from '../contract/result.ts';
import { defaultProfile } from '../core/default-profile.ts';
import type { Core } from '../core/types.ts';
import { reportError, type CommandIo } from './command.ts';
import { createProgress } from './format.ts';
import { createTransferProgress } from './seal-progress.ts';

export interface SessionOptions {
  readonly profile?: string | undefined;
  readonly 'passphrase-fd'?: string | undefined;
}

/** The number after `--passphrase-fd`. Errors: `invalid_input`. */
export function passphraseDescriptor(options: SessionOptions): Result<number | undefined> {
  const text = options['passphrase-fd'];
  if (text === undefined) return ok(undefined);
  if (!/^\d{1,4}$/.test(text)) return err('invalid_input', '--passphrase-fd takes the number of a file descriptor.');
  return ok(Number(text));
}

/** The passphrase (once more): the next line of the descriptor, or asked for at the terminal. */
export async function askAgain(
  io: CommandIo,
  options: SessionOptions,
  why: string | undefined,
): Promise<Result<Uint8Array>> {
  const descriptor = passphraseDescriptor(options);
  if (!descriptor.ok) return descriptor;
  return io.secret(why === undefined ? 'Passphrase' : `Passphrase again, ${why}`, descriptor.value);
}

/**
 * Opens the core on the profile, unlocks the vault when the command needs it, runs the action, and always closes.
 * The action answers with an exit code; an error of the session becomes one.
 */
export async function withCore(
  io: CommandIo,
  options: SessionOptions,
  need: 'unlocked' | 'any',
  action: (core: Core) => Promise<Result<number>>,
): Promise<number> {
  const descriptor = passphraseDescriptor(options);
  if (!descriptor.ok) return reportError(io, descriptor.error);
  // Loaded here, so that commands without a core (verify, open) start fast and touch nothing.
  const { createCore, knownProfilesPath } = await import('../core/create-core.ts');
  const profile = options.profile === undefined ? defaultProfile() : resolve(io.cwd, options.profile);
  const core = await createCore({ profile, host: 'cli', knownProfiles: knownProfilesPath(), ...io.cost });
  if (!core.ok) return reportError(io, core.error);
  try {
    const unlocked = need === 'unlocked' ? await unlock(core.value, io, descriptor.value) : ok(null);
    if (!unlocked.ok) return reportError(io, unlocked.error);
    const code = await action(core.value);
    return code.ok ? code.value : reportError(io, code.error);
  } finally {
    await core.value.close();
  }
}

async function unlock(core: Core, io: CommandIo, descriptor: number | undefined): Promise<Result<null>> {
  const state = await core.invoke('vault.state', {});
  if (!state.ok) return state;
  if (state.value.state === 'absent') {
    return err('not_found', `There is no vault at ${state.value.path}.`, { hint: 'nacre vault create makes one.' });
  }
  if (state.value.state === 'unlocked') return ok(null);
  const passphrase = await io.secret('Passphrase', descriptor);
  if (!passphrase.ok) return passphrase;
  const unlocked = await core.invoke('vault.unlock', { passphrase: passphrase.value });
  return unlocked.ok ? ok(null) : unlocked;
}

/** Follows a task to its end, showing rate and time left. Ctrl-C cancels it. Errors: the task's own. */
export async function followTask(core: Core, io: CommandIo, started: TaskView): Promise<Result<TaskView>> {
  const progress = createProgress(io);
  const bar = createTransferProgress(io);
  let task = started;
  const unsubscribe = core.subscribe('task.changed', (event) => {
    if (event.id !== started.id) return;
    if (event.progress?.unit === 'bytes') bar.show(event.title, event.progress);
    else progress.show(taskLine(event));
  });
  const cancel = (): void => void core.invoke('tasks.cancel', { id: started.id });
  io.signal.addEventListener('abort', cancel, { once: true });
  try {
    while (task.state === 'running') {
      await new Promise((wake) => setTimeout(wake, 150));
      const tasks = await core.invoke('tasks.list', {});
      if (!tasks.ok) return tasks;
      const found = tasks.value.find(({ id }) => id === started.id);
      if (found === undefined) return err('internal', `The task "${started.title}" vanished.`);
      task = found;
    }
  } finally {
    unsubscribe();
    io.signal.removeEventListener('abort', cancel);
    progress.end();
    bar.end();
  }
  if (task.note !== undefined) io.note(`${task.note}\n`);
  if (task.state === 'succeeded') return ok(task);
  if (task.state === 'cancelled') return err('cancelled', `${task.title} was cancelled.`);
  return { ok: false, error: taskError(task) };
}

function taskError(task: TaskView): NacreError {
  const { error } = task;
  // A task carries the code as text; one that is not of the union would be a bug of the core.
  return { code: 'internal', message: `${task.title} failed.`, ...error } as NacreError;
}

function taskLine({ title, progress }: TaskView): string {
  if (progress === undefined || progress.total === 0) return title;
  return `${title}: ${progress.done} of ${progress.total} ${progress.unit}`;
}
