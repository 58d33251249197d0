import type { Bridge } from '../../../electron/contract/hosts.ts';
import { tabToken } from '../../../electron/contract/web-paths.ts';
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
  // Put there by the page that the printed link opened; without it the host answers that there is no session.
  const tab = window.sessionStorage.getItem(tabToken.storageKey) ?? '';
  return createWebClient(new URL(window.location.origin), {
    fetch: (input, init) => window.fetch(input, { ...init, headers: { ...init?.headers, [tabToken.header]: tab } }),
    openSocket: (url) => new WebSocket(url, [tabToken.protocol, tabToken.protocolPrefix + tab]),
  });
}
