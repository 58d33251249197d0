import type { PreloadBridge } from '../../../electron/contract/bridge.ts';
import type { HostClient } from './client.ts';
import { createElectronClient } from './electron-client.ts';
import { createWebClient, takeToken } from './web-client.ts';

declare global {
  interface Window {
    readonly nacre?: PreloadBridge;
  }
}

/** Finds the host this page runs in; `undefined` when it was opened without a bridge and without a token. */
export function connectHost(): HostClient | undefined {
  if (window.nacre !== undefined) return createElectronClient(window.nacre);
  const token = takeToken(window.location, window.history, window.sessionStorage);
  if (token === undefined) return undefined;
  return createWebClient({
    token,
    origin: window.location.origin,
    fetch: window.fetch.bind(window),
    openSocket: (url, protocols) => new WebSocket(url, protocols),
  });
}
