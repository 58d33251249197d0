import { inboxNameHeader, webPaths, type SealedSecrets, type SecretKey } from '../../../electron/contract/web-paths.ts';
import type { StreamName } from '../../../electron/contract/methods.ts';
import { err } from '../../../electron/contract/result.ts';
import { wipeSecrets } from '../../../electron/contract/secret-bytes.ts';
import type { HostClient, HostConnection } from './client.ts';
import { readResult } from './envelope.ts';
import { partSecrets, sealSecrets } from './sealed-secrets.ts';

const reconnectAfterMs = [250, 500, 1000, 2000, 5000] as const;
const keepBlobMs = 60_000;

export interface WebTransport {
  readonly fetch: typeof globalThis.fetch;
  readonly openSocket: (url: string) => WebSocket;
}

type Listener = (event: never) => void;

const unreachable = () =>
  err('unavailable', 'The core does not answer.', {
    hint: 'Look at the terminal where Nacre was started, and at the tunnel to it where there is one.',
  });
const noSession = () =>
  err('not_permitted', 'This page has no session with the core.', {
    hint: 'Open the link that the start of Nacre printed; it works once.',
  });

/**
 * The web host's transport: POST for calls, one WebSocket for events, opened again when it breaks. The session lives in
 * an HttpOnly cookie that the one-time link was exchanged for, so no script of any page can read it.
 */
export function createWebClient(base: URL, { fetch, openSocket }: WebTransport): HostClient {
  const listeners = new Map<StreamName, Set<Listener>>();
  const watchers = new Set<(state: HostConnection) => void>();
  const missed = new Set<() => void>();
  let connection: HostConnection = 'connecting';
  let attempts = 0;
  let socket: WebSocket | undefined;

  const setConnection = (next: HostConnection) => {
    connection = next;
    for (const watcher of watchers) watcher(next);
  };
  const send = (message: object) => {
    if (socket?.readyState === 1) socket.send(JSON.stringify(message));
  };
  const receive = (text: string) => {
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      // A broken text is a lost event: everything is asked again.
      for (const listener of missed) listener();
      return;
    }
    if (typeof message !== 'object' || message === null) return;
    if ('missed' in message) for (const listener of missed) listener();
    else if ('stream' in message && 'event' in message) {
      for (const listener of listeners.get(message.stream as StreamName) ?? []) listener(message.event as never);
    }
  };
  const connect = () => {
    const url = new URL(webPaths.events, base);
    url.protocol = base.protocol === 'https:' ? 'wss:' : 'ws:';
    const opened = openSocket(url.href);
    socket = opened;
    opened.addEventListener('open', () => {
      attempts = 0;
      for (const stream of listeners.keys()) send({ subscribe: stream });
      setConnection('open');
    });
    opened.addEventListener('message', (event: MessageEvent<unknown>) => {
      if (typeof event.data === 'string') receive(event.data);
    });
    opened.addEventListener('close', () => {
      socket = undefined;
      setConnection('closed');
      const wait = reconnectAfterMs[Math.min(attempts, reconnectAfterMs.length - 1)];
      attempts += 1;
      setTimeout(connect, wait);
    });
  };

  const post = async (path: string, body: object): Promise<unknown> => {
    const response = await fetch(new URL(path, base), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      credentials: 'same-origin',
      cache: 'no-store',
    });
    return response.status === 401 ? noSession() : response.json();
  };

  return {
    kind: 'web',
    call: async (method, input) => {
      const parted = partSecrets(input);
      try {
        let sealed: SealedSecrets | undefined;
        if (parted.secrets.length > 0) {
          const key = readResult<SecretKey>(await post(webPaths.secretKey, {}));
          if (!key.ok) return key;
          sealed = await sealSecrets(method, parted.secrets, key.value);
        }
        return readResult(await post(webPaths.call, { method, input: parted.input, sealed }));
      } catch {
        return unreachable();
      } finally {
        wipeSecrets(input);
      }
    },
    subscribe: (stream, listener) => {
      const known = listeners.get(stream) ?? new Set<Listener>();
      listeners.set(stream, known);
      known.add(listener as Listener);
      if (socket === undefined && attempts === 0) connect();
      else if (known.size === 1) send({ subscribe: stream });
      return () => {
        known.delete(listener as Listener);
        if (known.size > 0) return;
        listeners.delete(stream);
        send({ unsubscribe: stream });
      };
    },
    onConnection: (watcher) => {
      watchers.add(watcher);
      watcher(connection);
      return () => watchers.delete(watcher);
    },
    onMissed: (listener) => {
      missed.add(listener);
      return () => missed.delete(listener);
    },
    placeFile: async (file) => {
      try {
        const response = await fetch(new URL(webPaths.inbox, base), {
          method: 'POST',
          headers: {
            'content-type': 'application/octet-stream',
            [inboxNameHeader]: encodeURIComponent(file.name.slice(-100).toWellFormed()),
          },
          body: file,
          credentials: 'same-origin',
          cache: 'no-store',
        });
        if (response.status === 401) return noSession();
        return readResult(await response.json());
      } catch {
        return unreachable();
      }
    },
    download: async (downloadId, fileName) => {
      try {
        const response = await fetch(new URL(webPaths.download + encodeURIComponent(downloadId), base), {
          credentials: 'same-origin',
        });
        if (response.status === 401) return noSession();
        if (!response.ok) {
          return err('not_found', `${fileName} can be fetched once, and was.`, { hint: 'Export it again.' });
        }
        const address = URL.createObjectURL(await response.blob());
        const link = document.createElement('a');
        link.href = address;
        link.download = fileName;
        link.click();
        setTimeout(() => URL.revokeObjectURL(address), keepBlobMs);
        return { ok: true, value: undefined };
      } catch {
        return unreachable();
      }
    },
  };
}
