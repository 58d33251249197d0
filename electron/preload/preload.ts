import { contextBridge, ipcRenderer, webUtils } from 'electron';
import type { Bridge } from '../contract/hosts.ts';
import { pageChannels } from '../contract/page-channels.ts';
import type { Result } from '../contract/result.ts';
import { wipeSecrets } from '../contract/secret-bytes.ts';

/**
 * All that a page sees of Electron: four members (security item 20). No event object, no channel name of the
 * page's choice, nothing of Node. One bundled CommonJS file, because the sandbox loads no modules.
 */
const listeners = new Map<string, Set<(event: unknown) => void>>();
let port: MessagePort | undefined;

ipcRenderer.on(pageChannels.events, (message) => {
  port?.close();
  port = message.ports[0];
  if (port === undefined) return;
  port.addEventListener('message', ({ data }: MessageEvent<{ stream: string; event: unknown }>) => {
    for (const listener of listeners.get(data.stream) ?? []) listener(data.event);
  });
  port.start();
});
void ipcRenderer.invoke(pageChannels.connect);

const versionArgument = '--nacre-version=';

const bridge: Bridge = {
  version: process.argv.find((argument) => argument.startsWith(versionArgument))?.slice(versionArgument.length) ?? '',
  call: (method, input) => {
    const answer = ipcRenderer.invoke(pageChannels.call, method, input) as Promise<Result<unknown>>;
    // Sent already; this world's copy of a secret has done its work.
    wipeSecrets(input);
    return answer;
  },
  subscribe: (stream, listener) => {
    const known = listeners.get(stream) ?? new Set();
    listeners.set(stream, known);
    known.add(listener);
    return () => {
      known.delete(listener);
    };
  },
  // Only for a file that a person has dropped or chosen: a page cannot make one that has a path.
  pathOf: (file) => (file instanceof File ? webUtils.getPathForFile(file) : ''),
};

contextBridge.exposeInMainWorld('nacre', bridge);
