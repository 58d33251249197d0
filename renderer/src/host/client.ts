import type {
  MethodInput,
  MethodName,
  MethodOutput,
  StreamEvent,
  StreamName,
} from '../../../electron/contract/methods.ts';
import type { Result } from '../../../electron/contract/result.ts';

/** The one door from the renderer to the core; each host brings its own transport for the same contract. */
export interface HostClient {
  readonly kind: 'electron' | 'web';
  call<M extends MethodName>(method: M, input: MethodInput<M>): Promise<Result<MethodOutput<M>>>;
  /** Events of one stream until the returned function is called. */
  subscribe<S extends StreamName>(stream: S, listener: (event: StreamEvent<S>) => void): () => void;
  /** Told when the link to the core goes down or comes back. */
  onLink(listener: (up: boolean) => void): () => void;
  /** Told when events were dropped because this page read too slowly: what is held must be fetched again. */
  onMissed(listener: () => void): () => void;
  /** Where a browser fetches an exported file once; null where the core has already put it on this machine's disk. */
  downloadUrl(downloadId: string): string | null;
}
