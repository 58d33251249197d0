import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { err, ok, type Result } from '../contract/result.ts';

/** How often another port is tried when the one that 127.0.0.1 gave is taken on ::1. */
const attempts = 8;
const noIpv6 = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL']);

/**
 * Listens on 127.0.0.1 and on the same port of ::1, and nowhere else. Browsers try both for `localhost`: a program that
 * took the other one would be that page's origin, with its cookies and its storage. A machine without IPv6 has no ::1 that
 * somebody could take. Port 0 takes any that is free on both.
 * Errors: `in_use` when the port is taken on either, `not_permitted` when the system refuses it.
 */
export async function listenOnLoopback(
  makeServer: () => Server,
  wanted: number,
): Promise<Result<{ port: number; servers: Server[] }>> {
  for (let attempt = 1; ; attempt += 1) {
    const first = makeServer();
    const listening = await listen(first, '127.0.0.1', wanted);
    if (!listening.ok) return refusal('127.0.0.1', wanted, listening.code);
    const { port } = listening;
    const second = makeServer();
    const beside = await listen(second, '::1', port);
    if (beside.ok) return ok({ port, servers: [first, second] });
    if (noIpv6.has(beside.code)) return ok({ port, servers: [first] });
    await closeServer(first);
    if (wanted !== 0 || attempt === attempts) return refusal('::1', port, beside.code);
  }
}

/** Ends all connections and waits until the port is free. */
export async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeAllConnections();
  await closed;
}

type Listening = { readonly ok: true; readonly port: number } | { readonly ok: false; readonly code: string };

function listen(server: Server, host: string, port: number): Promise<Listening> {
  return new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => resolve({ ok: false, code: error.code ?? error.name }));
    server.listen({ host, port }, () => resolve({ ok: true, port: (server.address() as AddressInfo).port }));
  });
}

function refusal(host: string, port: number, code: string) {
  if (code !== 'EADDRINUSE') return err('not_permitted', `The system refuses port ${port} of ${host} (${code}).`);
  const hint = 'Close the program that uses it, or choose another with --port; without --port a free one is taken.';
  return err('in_use', `Port ${port} of ${host} is in use.`, { hint });
}
