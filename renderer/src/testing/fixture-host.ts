import type {
  MethodInput,
  MethodName,
  MethodOutput,
  StreamEvent,
  StreamName,
} from '../../../electron/contract/methods.ts';
import { err, ok, type Result } from '../../../electron/contract/result.ts';
import type { HostClient } from '../host/index.ts';

type Answers = { readonly [M in MethodName]?: (input: MethodInput<M>) => MethodOutput<M> | Result<MethodOutput<M>> };

export interface FixtureHost extends HostClient {
  readonly calls: ReadonlyArray<{ readonly method: MethodName; readonly input: unknown }>;
  readonly push: <S extends StreamName>(stream: S, event: StreamEvent<S>) => void;
}

function isResult(value: unknown): value is Result<never> {
  return typeof value === 'object' && value !== null && 'ok' in value && typeof value.ok === 'boolean';
}

/** A host whose answers are given; a method without one answers `unavailable`. For tests and for looking at screens. */
export function createFixtureHost(answers: Answers): FixtureHost {
  const calls: Array<{ method: MethodName; input: unknown }> = [];
  const listeners = new Map<StreamName, Set<(event: never) => void>>();
  return {
    kind: 'fixture',
    calls,
    call: async (method, input) => {
      calls.push({ method, input });
      const answer = answers[method] as ((given: typeof input) => unknown) | undefined;
      if (answer === undefined) return err('unavailable', `The fixture has no answer to ${method}.`);
      const value = answer(input);
      return isResult(value) ? value : ok(value as MethodOutput<typeof method>);
    },
    subscribe: (stream, listener) => {
      const set = listeners.get(stream) ?? new Set();
      listeners.set(stream, set);
      set.add(listener as (event: never) => void);
      return () => set.delete(listener as (event: never) => void);
    },
    push: (stream, event) => {
      for (const listener of listeners.get(stream) ?? []) listener(event as never);
    },
    placeFile: async (file) => ok({ path: `/dropped/${file.name}` }),
    onConnection: (listener) => {
      listener('open');
      return () => undefined;
    },
    onMissed: () => () => undefined,
  };
}
