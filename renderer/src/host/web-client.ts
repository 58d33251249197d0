import { webHost, type WebCall } from '../../../electron/contract/bridge.ts';
import type { StreamName } from '../../../electron/contract/methods.ts';
import { err } from '../../../electron/contract/result.ts';
import type { HostClient, HostConnection } from './client.ts';
import { readResult } from './envelope.ts';

const storageKey = 'nacre.host-token';
const reconnectAfterMs = [250, 500, 1000, 2000, 5000] as const;

/**
 * Takes the token out of the page's fragment, once: the address bar is rewritten at once, and a reload in the same tab
 * finds the token in the session storage of that tab. Gives `undefined` when there is none.
 */
export function takeToken(location: Location, history: History, storage: Storage): string | undefined {
  const fragment = new URLSearchParams(location.hash.replace(/^#\/?/u, ''));
  const fresh = fragment.get(webHost.tokenFragment);
  if (fresh !== null && fresh !== '') {
    history.replaceState(null, '', `${location.pathname}${location.search}#/`);
    storage.setItem(storageKey, fresh);
    return fresh;
  }
  return storage.getItem(storageKey) ?? undefined;
}

export interface WebClientOptions {
  readonly token: string;
  readonly origin: string;
  readonly fetch: typeof globalThis.fetch;
  readonly openSocket: (url: string, protocols: string[]) => WebSocket;
}

type Listener = (event: never) => void;

/** The client over loopback HTTP and a WebSocket that is opened again when it breaks. */
export function createWebClient({ token, origin, fetch, openSocket }: WebClientOptions): HostClient {
  const listeners = new Map<StreamName, Set<Listener>>();
  const watchers = new Set<(state: HostConnection) => void>();
  let connection: HostConnection = 'connecting';
  let attempts = 0;

  const setConnection = (next: HostConnection) => {
    connection = next;
    for (const watcher of watchers) watcher(next);
  };

  const receive = (text: string) => {
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      return; // A broken text carries no event; the queries are asked again on the next one.
    }
    if (typeof message !== 'object' || message === null || !('stream' in message) || !('event' in message)) return;
    const set = listeners.get(message.stream as StreamName);
    if (set !== undefined) for (const listener of set) listener(message.event as never);
  };

  const connect = () => {
    const socket = openSocket(`${origin.replace(/^http/u, 'ws')}${webHost.eventsPath}`, [
      webHost.eventsProtocol,
      `${webHost.tokenProtocolPrefix}${token}`,
    ]);
    socket.addEventListener('open', () => {
      attempts = 0;
      setConnection('open');
    });
    socket.addEventListener('message', (event: MessageEvent<unknown>) => {
      if (typeof event.data === 'string') receive(event.data);
    });
    socket.addEventListener('close', () => {
      setConnection('closed');
      const wait = reconnectAfterMs[Math.min(attempts, reconnectAfterMs.length - 1)];
      attempts += 1;
      setTimeout(connect, wait);
    });
  };
  connect();

  const headers = { authorization: `Bearer ${token}` };
  const unreachable = () =>
    err('unavailable', 'The Nacre host did not answer.', {
      hint: 'Check that it is still running and that the tunnel to it is open, then try again.',
    });
  const unknownToken = () =>
    err('not_permitted', 'This page is not, or no longer, known to the Nacre host.', {
      hint: 'Open the address that the host printed when it started.',
    });

  return {
    kind: 'web',
    call: async (method, input) => {
      const body: WebCall = { method, input };
      try {
        const response = await fetch(`${origin}${webHost.callPath}`, {
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/json' },
          body: JSON.stringify(body),
          credentials: 'omit',
          cache: 'no-store',
        });
        if (response.status === 401 || response.status === 403) return unknownToken();
        return readResult(await response.json());
      } catch {
        return unreachable();
      }
    },
    subscribe: (stream, listener) => {
      const set = listeners.get(stream) ?? new Set<Listener>();
      listeners.set(stream, set);
      set.add(listener as Listener);
      return () => set.delete(listener as Listener);
    },
    onConnection: (watcher) => {
      watchers.add(watcher);
      watcher(connection);
      return () => watchers.delete(watcher);
    },
    download: async (downloadId, fileName) => {
      try {
        const response = await fetch(`${origin}${webHost.downloadPath}/${encodeURIComponent(downloadId)}`, { headers });
        if (response.status === 401 || response.status === 403) return unknownToken();
        if (!response.ok)
          return err('not_found', `${fileName} can be fetched once, and was.`, { hint: 'Export it again.' });
        const address = URL.createObjectURL(await response.blob());
        const link = document.createElement('a');
        link.href = address;
        link.download = fileName;
        link.click();
        setTimeout(() => URL.revokeObjectURL(address), 60_000);
        return { ok: true, value: undefined };
      } catch {
        return unreachable();
      }
    },
  };
}
