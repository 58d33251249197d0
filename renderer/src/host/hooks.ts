import { useMutation, useQuery, type UseMutationResult, type UseQueryResult } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import type {
  MethodInput,
  MethodName,
  MethodOutput,
  StreamEvent,
  StreamName,
} from '../../../electron/contract/methods.ts';
import type { NacreError, Result } from '../../../electron/contract/result.ts';
import { useHost } from './provider.tsx';

/** A refusal of the core, carried through react-query as what it is. */
export class HostError extends Error {
  readonly error: NacreError;
  constructor(error: NacreError) {
    super(error.message);
    this.name = 'HostError';
    this.error = error;
  }
}

export function unwrap<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw new HostError(result.error);
}

/** What the core owns, kept by react-query under [method, input]; pushed events update it (see live.ts). */
export function useMethod<M extends MethodName>(
  method: M,
  input: MethodInput<M>,
  options: { enabled?: boolean; refetchMs?: number } = {},
): UseQueryResult<MethodOutput<M>, HostError> {
  const host = useHost();
  return useQuery<MethodOutput<M>, HostError>({
    queryKey: [method, input],
    queryFn: async () => unwrap(await host.call(method, input)),
    enabled: options.enabled ?? true,
    refetchInterval: options.refetchMs ?? false,
  });
}

/** A task a person asks for. The error is shown where the button is, never swallowed. */
export function useAction<M extends MethodName>(
  method: M,
): UseMutationResult<MethodOutput<M>, HostError, MethodInput<M>> {
  const host = useHost();
  return useMutation<MethodOutput<M>, HostError, MethodInput<M>>({
    mutationFn: async (input) => unwrap(await host.call(method, input)),
  });
}

/** Listens to a stream while the component is shown. */
export function useStream<S extends StreamName>(stream: S, listener: (event: StreamEvent<S>) => void): void {
  const host = useHost();
  const latest = useRef(listener);
  useEffect(() => {
    latest.current = listener;
  });
  useEffect(() => host.subscribe(stream, (event) => latest.current(event)), [host, stream]);
}
