import type { HostClient } from './client.ts';
import { createElectronClient, type PreloadBridge } from './electron-client.ts';
import { createWebClient } from './web-client.ts';

declare global {
  interface Window {
    readonly nacre?: PreloadBridge;
  }
}

/** The client of whichever host opened this window. */
export function createHostClient(): HostClient {
  if (window.nacre !== undefined) return createElectronClient(window.nacre);
  return createWebClient(new URL(window.location.origin));
}
