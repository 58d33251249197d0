import dgram, { createSocket } from 'node:dgram';
import { lookup } from 'node:dns';
import { lookup as lookupPromise } from 'node:dns/promises';
import { get } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect, createServer } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { forbidSockets } from '../no-sockets.ts';

/** Tries every way to a socket, with or without the wall, and prints what happened to each as JSON. */
const ways: Record<string, () => unknown> = {
  'net.connect': () => connect(59999, '127.0.0.1'),
  'net.connect to a path': () => connect('/tmp/nowhere.sock'),
  'net.listen': () => createServer().listen(0, '127.0.0.1'),
  'http.get': () => get('http://127.0.0.1:59999/'),
  'http2.connect': () => connectHttp2('http://127.0.0.1:59999'),
  'tls.connect': () => connectTls(59999, '127.0.0.1'),
  'dgram.bind': () => createSocket('udp4').bind(0, '127.0.0.1'),
  'dgram.send': () => dgram.createSocket('udp4').send('x', 9, '127.0.0.1'),
  'dns.lookup': () => lookup('localhost', () => undefined),
  'dns.promises.lookup': () => lookupPromise('localhost'),
  fetch: () => fetch('http://127.0.0.1:59999/'),
  WebSocket: () =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket('ws://127.0.0.1:59999/');
      socket.addEventListener('error', (event) => reject((event as ErrorEvent).error ?? new Error('failed')));
      socket.addEventListener('open', resolve);
    }),
};

if (process.argv.includes('--wall')) forbidSockets();
const outcomes: Record<string, string> = {};
// Where a library meets the wall a turn later, the error comes here.
process.on('uncaughtException', (error) => (outcomes['uncaught'] = String(error)));
for (const [name, way] of Object.entries(ways)) {
  outcomes[name] = 'opened';
  try {
    const made = way() as { on?: (event: string, listener: (error: Error) => void) => void };
    made.on?.('error', (error) => (outcomes[name] = causes(error)));
    await made;
  } catch (error) {
    outcomes[name] = causes(error);
  }
}
await new Promise((wake) => setTimeout(wake, 100));
process.stdout.write(JSON.stringify(outcomes), () => process.exit(0));

function causes(error: unknown): string {
  return error instanceof Error && error.cause !== undefined ? `${error} <- ${causes(error.cause)}` : String(error);
}
