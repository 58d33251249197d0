import { webPaths, type WebServerMessage } from '../../../electron/contract/hosts.ts';
import type { MethodName, MethodOutput, StreamEvent, StreamName } from '../../../electron/contract/methods.ts';
import { err, type Result } from '../../../electron/contract/result.ts';
import type { HostClient } from './client.ts';

type Listener = (event: unknown) => void;

const reconnectMs = 1_000;

/**
 * The web host's transport: POST for calls, one WebSocket for events. The session lives in an HttpOnly cookie that the
 * one-time link was exchanged for, so no script of any page can read it.
 */
export function createWebClient(base: URL): HostClient {
  const listeners = new Map<StreamName, Set<Listener>>();
  const linkListeners = new Set<(up: boolean) => void>();
  const missedListeners = new Set<() => void>();
  let socket: WebSocket | null = null;

  const connect = (): void => {
    const url = new URL(webPaths.events, base);
    url.protocol = base.protocol === 'https:' ? 'wss:' : 'ws:';
    const opened = new WebSocket(url);
    socket = opened;
    opened.addEventListener('open', () => {
      for (const stream of listeners.keys()) opened.send(JSON.stringify({ subscribe: stream }));
      for (const listener of linkListeners) listener(true);
    });
    opened.addEventListener('message', (message) => {
      const told = JSON.parse(String(message.data)) as WebServerMessage;
      if ('missed' in told) for (const listener of missedListeners) listener();
      else for (const listener of listeners.get(told.stream) ?? []) listener(told.event);
    });
    opened.addEventListener('close', () => {
      socket = null;
      for (const listener of linkListeners) listener(false);
      setTimeout(connect, reconnectMs);
    });
  };

  const send = (message: object): void => {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  };

  return {
    kind: 'web',
    call: async (method, input) => callOverHttp(base, method, input),
    subscribe: (stream, listener) => {
      const known = listeners.get(stream) ?? new Set<Listener>();
      const heard: Listener = (event) => listener(event as StreamEvent<typeof stream>);
      known.add(heard);
      listeners.set(stream, known);
      if (socket === null) connect();
      else if (known.size === 1) send({ subscribe: stream });
      return () => {
        known.delete(heard);
        if (known.size > 0) return;
        listeners.delete(stream);
        send({ unsubscribe: stream });
      };
    },
    onLink: (listener) => {
      linkListeners.add(listener);
      return () => linkListeners.delete(listener);
    },
    onMissed: (listener) => {
      missedListeners.add(listener);
      return () => missedListeners.delete(listener);
    },
    downloadUrl: (downloadId) => new URL(webPaths.download + encodeURIComponent(downloadId), base).href,
  };
}

async function callOverHttp<M extends MethodName>(
  base: URL,
  method: M,
  input: unknown,
): Promise<Result<MethodOutput<M>>> {
  try {
    const response = await fetch(new URL(webPaths.call, base), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ method, input }),
    });
    if (response.status === 401) {
      return err('not_permitted', 'This page has no session with the core.', {
        hint: 'Open the link that `npm start` printed; it works once.',
      });
    }
    return (await response.json()) as Result<MethodOutput<M>>;
  } catch {
    return err('unavailable', 'The core does not answer.', { hint: 'Look at the terminal where Nacre was started.' });
  }
}
