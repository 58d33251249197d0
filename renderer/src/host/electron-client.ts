import type { MethodOutput, StreamEvent } from '../../../electron/contract/methods.ts';
import type { Result } from '../../../electron/contract/result.ts';
import type { HostClient } from './client.ts';

/** What the preload script exposes: three functions and nothing of Electron (HABITS §2.1, item 20). */
export interface PreloadBridge {
  readonly version: string;
  call(method: string, input: unknown): Promise<unknown>;
  subscribe(stream: string, listener: (event: unknown) => void): () => void;
}

export function createElectronClient(bridge: PreloadBridge): HostClient {
  return {
    kind: 'electron',
    call: async (method, input) => (await bridge.call(method, input)) as Result<MethodOutput<typeof method>>,
    subscribe: (stream, listener) => bridge.subscribe(stream, (event) => listener(event as StreamEvent<typeof stream>)),
    onLink: () => () => undefined,
    downloadUrl: () => null,
  };
}
