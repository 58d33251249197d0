import type {
  MethodInput,
  MethodName,
  MethodOutput,
  StreamEvent,
  StreamName,
} from '../../../electron/contract/methods.ts';
import type { Result } from '../../../electron/contract/result.ts';
import type { InboxFile } from '../../../electron/contract/web-paths.ts';

export type HostConnection = 'open' | 'connecting' | 'closed';

/** The one door from the renderer to the core; each host brings its own transport for the same contract. */
export interface HostClient {
  readonly kind: 'electron' | 'web' | 'fixture';
  /** Never rejects: a transport failure is an `unavailable` result. Byte arrays in the input are secrets: they are wiped. */
  readonly call: <M extends MethodName>(method: M, input: MethodInput<M>) => Promise<Result<MethodOutput<M>>>;
  /** Events of one stream until the returned function is called. */
  readonly subscribe: <S extends StreamName>(stream: S, listener: (event: StreamEvent<S>) => void) => () => void;
  /** Whether pushed events arrive; told at once and at each change. */
  readonly onConnection: (listener: (state: HostConnection) => void) => () => void;
  /** Told when events were dropped because this page read too slowly: what is held must be fetched again. */
  readonly onMissed: (listener: () => void) => () => void;
  /**
   * Where the core can open a file that a person dropped onto the page: its own path in Electron; in a browser, where it
   * has none, it is handed over to the core's inbox first. Never rejects.
   */
  readonly placeFile: (file: File) => Promise<Result<Pick<InboxFile, 'path'>>>;
  /** Brings an exported file to the person's browser. Absent where the core writes to the person's own disk. */
  readonly download?: (downloadId: string, fileName: string) => Promise<Result<void>>;
}
