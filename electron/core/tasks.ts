import { err, ok, type Result } from '../contract/result.ts';
import type { Progress, TaskView } from '../contract/views.ts';

/** Ended tasks that are still listed. */
const keptEnded = 50;

export interface TaskControl {
  readonly signal: AbortSignal;
  progress(progress: Progress): void;
  /** One sentence on how it went, for people. */
  note(text: string): void;
  /** Resolves when the task is not paused: at once, at `resume`, or when it is cancelled. */
  unpaused(): Promise<void>;
  /** Called at each pause (true) and resume (false); at once when the task is paused already. */
  onPause(listener: (paused: boolean) => void): void;
}

export interface TaskFacts {
  /** Its work heeds `unpaused` or `onPause`. */
  readonly pausable?: boolean;
  readonly subjectId?: string;
}

export interface TaskRunner {
  /**
   * Starts a long action and answers with its view at once. `work` resolves with the id of what it made, or nothing.
   * What it throws is a bug: the task fails as `internal`.
   */
  start(
    kind: TaskView['kind'],
    title: string,
    work: (control: TaskControl) => Promise<Result<string | undefined>>,
    facts?: TaskFacts,
  ): TaskView;
  list(): TaskView[];
  /** Asks a task to stop; it ends as `cancelled` when its work has cleaned up. Errors: `not_found`, `wrong_state`. */
  cancel(id: string): Result<TaskView>;
  /** Errors: `not_found`, `wrong_state` (it ended, or cannot be paused). */
  pause(id: string): Result<TaskView>;
  resume(id: string): Result<TaskView>;
  /** Resolves with the view of the ended task. Errors: `not_found`. */
  ended(id: string): Promise<Result<TaskView>>;
  /** Cancels all and waits for their ends. */
  close(): Promise<void>;
}

interface Entry {
  view: TaskView;
  readonly abort: AbortController;
  readonly done: Promise<void>;
  /** Resolves at resume; undefined while the task is not paused. */
  pause: { readonly over: Promise<void>; readonly end: () => void } | undefined;
  readonly change: (patch: Partial<TaskView>) => void;
  readonly pauseListeners: ((paused: boolean) => void)[];
}

export function createTaskRunner(options: {
  newId: () => string;
  onChange: (view: TaskView) => void;
  onBug: (what: string, error: unknown) => void;
}): TaskRunner {
  const tasks = new Map<string, Entry>();

  const forgetOld = () => {
    const ended = [...tasks.values()].filter(({ view }) => view.state !== 'running');
    for (const { view } of ended.slice(0, Math.max(0, ended.length - keptEnded))) tasks.delete(view.id);
  };

  const setPaused = (entry: Entry, paused: boolean) => {
    if ((entry.pause !== undefined) === paused) return;
    const { pause } = entry;
    if (paused) {
      const { promise, resolve } = Promise.withResolvers<void>();
      entry.pause = { over: promise, end: resolve };
    } else entry.pause = undefined;
    entry.change({ paused });
    for (const listener of entry.pauseListeners) listener(paused);
    pause?.end();
  };

  const hold = (id: string, paused: boolean): Result<TaskView> => {
    const entry = tasks.get(id);
    if (entry === undefined) return err('not_found', `There is no task ${JSON.stringify(id)}.`);
    if (entry.view.state !== 'running') return err('wrong_state', `${entry.view.title} has ended already.`);
    if (entry.view.pausable !== true) return err('wrong_state', `${entry.view.title} cannot be paused.`);
    setPaused(entry, paused);
    return ok(entry.view);
  };

  const runner: TaskRunner = {
    start(kind, title, work, facts = {}) {
      const abort = new AbortController();
      const { promise, resolve } = Promise.withResolvers<void>();
      const change = (patch: Partial<TaskView>) => {
        entry.view = { ...entry.view, ...patch };
        options.onChange(entry.view);
      };
      const entry: Entry = {
        view: { id: options.newId(), kind, title, state: 'running', ...facts },
        abort,
        done: promise,
        pause: undefined,
        change,
        pauseListeners: [],
      };
      tasks.set(entry.view.id, entry);
      // A paused task that is cancelled must wake to clean up.
      abort.signal.addEventListener('abort', () => setPaused(entry, false));
      const finish = (answer: Result<string | undefined>) => {
        if (answer.ok) {
          change({ state: 'succeeded', ...(answer.value === undefined ? {} : { resultId: answer.value }) });
        } else {
          const { code, message, hint } = answer.error;
          const error = { code, message, ...(hint === undefined ? {} : { hint }) };
          change({ state: code === 'cancelled' ? 'cancelled' : 'failed', error });
        }
        forgetOld();
        resolve();
      };
      const control: TaskControl = {
        signal: abort.signal,
        progress: (progress) => change({ progress }),
        note: (note) => change({ note }),
        unpaused: () => entry.pause?.over ?? Promise.resolve(),
        onPause(listener) {
          entry.pauseListeners.push(listener);
          if (entry.pause !== undefined) listener(true);
        },
      };
      work(control).then(finish, (error: unknown) => {
        options.onBug(title, error);
        finish(err('internal', `${title} ended by a bug in Nacre; the log of the profile has the details.`));
      });
      options.onChange(entry.view);
      return entry.view;
    },
    list: () => [...tasks.values()].map(({ view }) => view).toReversed(),
    cancel(id) {
      const entry = tasks.get(id);
      if (entry === undefined) return err('not_found', `There is no task ${JSON.stringify(id)}.`);
      if (entry.view.state !== 'running') return err('wrong_state', `${entry.view.title} has ended already.`);
      entry.abort.abort();
      return ok(entry.view);
    },
    pause: (id) => hold(id, true),
    resume: (id) => hold(id, false),
    async ended(id) {
      const entry = tasks.get(id);
      if (entry === undefined) return err('not_found', `There is no task ${JSON.stringify(id)}.`);
      await entry.done;
      return ok(entry.view);
    },
    async close() {
      const running = [...tasks.values()].filter(({ view }) => view.state === 'running');
      for (const entry of running) entry.abort.abort();
      await Promise.all(running.map(({ done }) => done));
    },
  };
  return runner;
}
