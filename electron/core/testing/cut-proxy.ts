import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A line between desk and agent that can be cut in the middle of a byte stream, and led to another agent. */
export interface CutProxy {
  readonly url: string;
  /** Bytes that came in from the desk so far, whether they arrived or not. */
  readonly sent: () => number;
  /** All of them, when they are kept. */
  readonly heard: () => Buffer;
  /** New connections go here; 0: they are refused. */
  lead(port: number): void;
  /** Breaks every connection now; what is in its buffers is lost. */
  cut(): void;
  close(): void;
}

export async function startCutProxy(keep: boolean): Promise<CutProxy> {
  const sockets = new Set<Socket>();
  const chunks: Buffer[] = [];
  let sent = 0;
  let target = 0;
  const server = createServer((desk) => {
    const agent = connect(target === 0 ? 1 : target, '127.0.0.1');
    for (const [one, other] of [
      [desk, agent],
      [agent, desk],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
    desk.on('data', (chunk: Buffer) => {
      sent += chunk.length;
      if (keep) chunks.push(chunk);
    });
    if (keep) agent.on('data', (chunk: Buffer) => chunks.push(chunk));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sent: () => sent,
    heard: () => Buffer.concat(chunks),
    lead: (port) => void (target = port),
    cut: () => {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
