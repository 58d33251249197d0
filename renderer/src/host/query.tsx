import {
  QueryClient,
  QueryClientProvider,
  useMutation,
  useQuery,
  useQueryClient,
  type UseMutationResult,
  type UseQueryResult,
} from '@tanstack/react-query';
import { createContext, use, useEffect, useState, type ReactNode } from 'react';
import type { MethodInput, MethodName, MethodOutput } from '../../../electron/contract/methods.ts';
import type { NacreError } from '../../../electron/contract/result.ts';
import type { HostClient, HostConnection } from './client.ts';
import { followHost } from './follow.ts';

/** A failed call as react-query wants it: thrown, with the contract's error inside. Stays within this room. */
export class HostError extends Error {
  readonly error: NacreError;
  constructor(error: NacreError) {
    super(error.message);
    this.name = 'HostError';
    this.error = error;
  }
}

const HostContext = createContext<HostClient | undefined>(undefined);

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // Pushed events keep what is shown current; asking again on focus would only add load.
        staleTime: 30_000,
        refetchOnWindowFocus: false,
        networkMode: 'always',
        retry: (failures, error) =>
          failures < 2 &&
          error instanceof HostError &&
          (error.error.code === 'unavailable' || error.error.code === 'timeout'),
      },
      // What was sent may hold a passphrase: it is dropped with the screen that sent it.
      mutations: { networkMode: 'always', retry: false, gcTime: 0 },
    },
  });
}

export interface HostProviderProps {
  readonly client: HostClient;
  readonly queryClient: QueryClient;
  /** Called when the vault locks, after the cache was cleared: drops what other rooms hold. */
  readonly onLock?: () => void;
  readonly children: ReactNode;
}

export function HostProvider({ client, queryClient, onLock, children }: HostProviderProps) {
  useEffect(() => followHost(client, queryClient, onLock), [client, queryClient, onLock]);
  return (
    <HostContext value={client}>
      <QueryClientProvider client={queryClient}>{children}</QueryClientProvider>
    </HostContext>
  );
}

export function useHost(): HostClient {
  const client = use(HostContext);
  if (client === undefined) throw new Error('useHost needs a HostProvider above it');
  return client;
}

export interface MethodOptions {
  /** False leaves the question unasked, for example while an id is not known. */
  readonly enabled?: boolean;
  /** Asks again every so many milliseconds, for what no stream tells. */
  readonly every?: number;
  /** Keeps showing the answer to the former input while the next one is on its way. */
  readonly keepPrevious?: boolean;
}

/** The query of one method, for `useQueries` where a screen asks the same of many. */
export function methodQuery<M extends MethodName>(client: HostClient, method: M, input: MethodInput<M>) {
  return {
    queryKey: [method, input] as const,
    queryFn: async (): Promise<MethodOutput<M>> => {
      const result = await client.call(method, input);
      if (!result.ok) throw new HostError(result.error);
      return result.value;
    },
  };
}

/** Asks the core and keeps the answer current. `error` is a `HostError` whose `.error` goes to `ErrorMessage`. */
export function useMethod<M extends MethodName>(
  method: M,
  input: MethodInput<M>,
  options: MethodOptions = {},
): UseQueryResult<MethodOutput<M>, HostError> {
  const client = useHost();
  return useQuery<MethodOutput<M>, HostError>({
    ...methodQuery(client, method, input),
    enabled: options.enabled ?? true,
    refetchInterval: options.every ?? false,
    ...(options.keepPrevious === true ? { placeholderData: (former: MethodOutput<M> | undefined) => former } : {}),
  } as Parameters<typeof useQuery<MethodOutput<M>, HostError>>[0]);
}

export interface ActionOptions<M extends MethodName> {
  readonly onDone?: (value: MethodOutput<M>, input: MethodInput<M>) => void;
  readonly onFailed?: (error: NacreError) => void;
}

/** An act on the core. Afterwards everything of the same area and the state of the app is asked again. */
export function useAction<M extends MethodName>(
  method: M,
  options: ActionOptions<M> = {},
): UseMutationResult<MethodOutput<M>, HostError, MethodInput<M>> {
  const client = useHost();
  const queryClient = useQueryClient();
  return useMutation<MethodOutput<M>, HostError, MethodInput<M>>({
    mutationFn: async (input) => {
      const result = await client.call(method, input);
      if (!result.ok) throw new HostError(result.error);
      return result.value;
    },
    onSuccess: (value, input) => {
      const area = method.slice(0, method.indexOf('.') + 1);
      void queryClient.invalidateQueries({
        predicate: ({ queryKey: [key] }) => key === 'app.state' || (typeof key === 'string' && key.startsWith(area)),
      });
      options.onDone?.(value, input);
    },
    onError: (error) => options.onFailed?.(error.error),
  });
}

export function useConnection(): HostConnection {
  const client = useHost();
  const [state, setState] = useState<HostConnection>('connecting');
  useEffect(() => client.onConnection(setState), [client]);
  return state;
}
