import type { Bridge } from '../../../electron/contract/hosts.ts';
import type { HostClient } from './client.ts';
import { createElectronClient } from './electron-client.ts';
import { createWebClient } from './web-client.ts';

declare global {
  interface Window {
    readonly nacre?: Bridge;
  }
}

/** The client of whichever host opened this window. */
export function createHostClient(): HostClient {
  if (window.nacre !== undefined) return createElectronClient(window.nacre);
  return createWebClient(new URL(window.location.origin));
}
