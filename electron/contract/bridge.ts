import type { NacreError } from './result.ts';

/**
 * How the renderer reaches a host. Both transports carry the same methods and streams (`methods.ts`); neither
 * exposes anything of its platform.
 */

/** What the preload puts at `window.nacre`; nothing else crosses the context bridge. */
export interface PreloadBridge {
  readonly version: string;
  /** Resolves to a `Result`; never rejects for a failure of the core. */
  readonly call: (method: string, input: unknown) => Promise<unknown>;
  /** Listens to one stream; the returned function stops it. The Electron event object never reaches the listener. */
  readonly subscribe: (stream: string, listener: (event: unknown) => void) => () => void;
}

/**
 * The web host: `POST callPath` with `Authorization: Bearer TOKEN` and a `WebCall` as JSON answers a `Result` as JSON
 * with status 200, whether it is ok or not; 401 means the token is not, or no longer, known. `GET downloadPath/ID` with
 * the same header gives an exported file once. The WebSocket at `eventsPath` is opened with the subprotocols
 * `eventsProtocol` and `tokenProtocolPrefix + TOKEN` (a browser cannot set headers there, and a token never goes
 * into a URL) and sends `WebEvent` texts.
 */
export const webHost = {
  callPath: '/api/call',
  eventsPath: '/api/events',
  downloadPath: '/api/download',
  eventsProtocol: 'nacre.v1',
  tokenProtocolPrefix: 'nacre.token.',
  /** The page is opened as `/#token=…`; a fragment is never sent to a server. */
  tokenFragment: 'token',
} as const;

export interface WebCall {
  readonly method: string;
  readonly input: unknown;
}

export interface WebEvent {
  readonly stream: string;
  readonly event: unknown;
}

/** An answer before its value is known to fit. */
export type LooseResult =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: NacreError };
