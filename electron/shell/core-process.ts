import { createCore, knownProfilesPath } from '../core/create-core.ts';
import { createCoreServer, type EventsPort } from './core-server.ts';

/** Entry of the utility process: the core, behind messages from the main process. Electron adds `parentPort` to process. */
interface ParentPort {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (message: { data: unknown; ports: EventsPort[] }) => void): void;
}

const { parentPort } = process as unknown as { parentPort: ParentPort };

const receive = createCoreServer({
  createCore: (options) => createCore({ ...options, knownProfiles: knownProfilesPath() }),
  send: (message) => parentPort.postMessage(message),
  onClosed: () => process.exit(0),
  useNode: (binary) => {
    process.execPath = binary;
  },
});
parentPort.on('message', ({ data, ports }) => void receive(data, ports));
