import type { Bridge } from '../../../electron/contract/hosts.ts';
import { err, ok } from '../../../electron/contract/result.ts';
import { wipeSecrets } from '../../../electron/contract/secret-bytes.ts';
import type { HostClient } from './client.ts';
import { readResult } from './envelope.ts';

/** The Electron transport: what the preload script exposes as `window.nacre`, given the contract's types. */
export function createElectronClient(bridge: Bridge): HostClient {
  return {
    kind: 'electron',
    call: async (method, input) => {
      try {
        return readResult(await bridge.call(method, input));
      } catch {
        return err('unavailable', 'The core of Nacre stopped and did not answer.', {
          hint: 'Running jobs go on at their nodes. Restart Nacre to follow them again.',
        });
      } finally {
        wipeSecrets(input);
      }
    },
    // The preload passes events of the named stream only, which the core made from the contract.
    subscribe: (stream, listener) =>
      bridge.subscribe(stream, (event) => listener(event as Parameters<typeof listener>[0])),
    placeFile: async (file) => {
      const path = bridge.pathOf(file);
      return path === ''
        ? err('not_found', `${file.name} lies nowhere on this machine.`, { hint: 'Save it as a file first.' })
        : ok({ path });
    },
    onConnection: (listener) => {
      listener('open');
      return () => undefined;
    },
    onMissed: () => () => undefined,
  };
}
