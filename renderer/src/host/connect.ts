import type { Bridge } from '../../../electron/contract/hosts.ts';
import type { HostClient } from './client.ts';
import { createElectronClient } from './electron-client.ts';
import { createWebClient } from './web-client.ts';

declare global {
  interface Window {
    readonly nacre?: Bridge;
  }
}

/** The transport of the host this page runs in: the preload's bridge where there is one, else the web host's. */
export function connectHost(): HostClient {
  if (window.nacre !== undefined) return createElectronClient(window.nacre);
  return createWebClient(new URL(window.location.origin), {
    fetch: window.fetch.bind(window),
    openSocket: (url) => new WebSocket(url),
  });
}
