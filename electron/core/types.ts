import type { MethodInput, MethodName, MethodOutput, StreamEvent, StreamName } from '../contract/methods.ts';
import type { Result } from '../contract/result.ts';
import type { InboxFile } from '../contract/web-paths.ts';

export type { KeychainPort, KeychainStatus } from '../services/vault/keychain.ts';

export type HostKind = 'electron' | 'web' | 'cli' | 'test';

/** Who asks; goes into logs, never into a decision about keys. */
export interface CallContext {
  /** The window, the browser session, the CLI process. */
  readonly client: string;
}

/** A file that the core wrote for a person to take away. */
export interface DownloadFile {
  readonly path: string;
  readonly fileName: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** The one core that all four hosts carry (DESIGN §3). */
export interface Core {
  /**
   * Runs one method of the contract. The input comes from anywhere and is parsed here. Byte arrays in it are secrets:
   * they are overwritten before the answer comes.
   * Never rejects: a bug inside becomes `internal`.
   */
  call(name: string, input: unknown, context?: CallContext): Promise<Result<unknown>>;
  /** `call` for callers inside the process, with the types of the contract. */
  invoke<M extends MethodName>(name: M, input: MethodInput<M>, context?: CallContext): Promise<Result<MethodOutput<M>>>;
  /** Follows a stream until the returned function is called. While the vault is locked only `app.changed` comes. */
  subscribe<S extends StreamName>(stream: S, listener: (event: StreamEvent<S>) => void): () => void;
  /** The file behind a `downloadId`, once: the id is spent by this call. Errors: `not_found`, `locked`. */
  takeDownload(downloadId: string): Result<DownloadFile>;
  /**
   * Lays down a file that a page without paths handed over, for the core to open. Evidence and collateral, no secrets;
   * gone when the vault locks. Errors: `locked`, `invalid_input` (too large), and those of the disk.
   */
  receiveFile(name: string, content: AsyncIterable<Uint8Array>): Promise<Result<InboxFile>>;
  /** Stops the local network, locks the vault and closes the store. Safe to call twice. */
  close(): Promise<void>;
}
