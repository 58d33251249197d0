import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type RawData, type WebSocket } from 'ws';
import { webClientMessageSchema, type WebServerMessage } from '../contract/hosts.ts';
import type { StreamName } from '../contract/methods.ts';
import { tabToken } from '../contract/web-paths.ts';
import type { Core } from '../core/types.ts';

/** Above this many unread bytes a page gets no more events; once it has caught up it is told that it missed some. */
const unreadMaximum = 1_048_576;
const catchUpMs = 250;

export interface EventSockets {
  /** Takes over a socket whose request was already allowed. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  close(): void;
}

/** The tab's token is among the protocols that a page offers; the answer must not say it back. */
const handleProtocols = (offered: ReadonlySet<string>) => (offered.has(tabToken.protocol) ? tabToken.protocol : false);

/** Sends each page the streams it asks for. While the vault is locked the core itself sends state only. */
export function createEventSockets(core: Core): EventSockets {
  const server = new WebSocketServer({ noServer: true, maxPayload: 1024, perMessageDeflate: false, handleProtocols });
  return {
    accept: (request, socket, head) => server.handleUpgrade(request, socket, head, (page) => follow(core, page)),
    close() {
      for (const page of server.clients) page.terminate();
      server.close();
    },
  };
}

function follow(core: Core, page: WebSocket): void {
  const stops = new Map<StreamName, () => void>();
  let catchUp: NodeJS.Timeout | undefined;

  const write = (message: WebServerMessage) => page.send(JSON.stringify(message));
  const tellMissed = () => {
    catchUp = undefined;
    if (page.readyState !== page.OPEN) return;
    if (page.bufferedAmount > 0) catchUp = setTimeout(tellMissed, catchUpMs);
    else write({ missed: true });
  };
  const send = (stream: StreamName, event: unknown) => {
    if (page.readyState !== page.OPEN || catchUp !== undefined) return;
    if (page.bufferedAmount > unreadMaximum) catchUp = setTimeout(tellMissed, catchUpMs);
    else write({ stream, event });
  };
  const read = (data: RawData) => {
    const message = parseMessage(data);
    if (message === undefined) return page.close(1008, 'not a message of this socket');
    if ('subscribe' in message) {
      const stream = message.subscribe;
      if (!stops.has(stream)) {
        stops.set(
          stream,
          core.subscribe(stream, (event) => send(stream, event)),
        );
      }
    } else {
      stops.get(message.unsubscribe)?.();
      stops.delete(message.unsubscribe);
    }
  };

  page.on('message', read);
  // A page that vanishes is an error of the socket and then its close; the close is what matters.
  page.on('error', () => page.terminate());
  page.on('close', () => {
    clearTimeout(catchUp);
    for (const stop of stops.values()) stop();
    stops.clear();
  });
}

function parseMessage(data: RawData) {
  try {
    const text = Buffer.isBuffer(data) ? data.toString('utf8') : '';
    const parsed = webClientMessageSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
