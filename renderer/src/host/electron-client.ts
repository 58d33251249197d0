import type { MethodOutput, StreamEvent } from '../../../electron/contract/methods.ts';
import type { Result } from '../../../electron/contract/result.ts';
import type { Bridge } from '../../../electron/contract/hosts.ts';
import type { HostClient } from './client.ts';

/** The Electron transport: what the preload script exposes, given the contract's types. */
export function createElectronClient(bridge: Bridge): HostClient {
  return {
    kind: 'electron',
    call: async (method, input) => (await bridge.call(method, input)) as Result<MethodOutput<typeof method>>,
    subscribe: (stream, listener) => bridge.subscribe(stream, (event) => listener(event as StreamEvent<typeof stream>)),
    onLink: () => () => undefined,
    onMissed: () => () => undefined,
    downloadUrl: () => null,
  };
}
