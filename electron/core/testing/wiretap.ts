import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { directorySchema } from '../../contract/wire.ts';

/** Someone on the line between desk and nodes: forwards every byte and keeps a copy. */
export interface Wiretap {
  /** A directory whose addresses lead through the tap. */
  readonly directory: string;
  /** Leads to the agents that the directory names now: they were restarted. */
  follow(): Promise<void>;
  /** All bytes so far, both ways. */
  heard(): Buffer;
  close(): void;
}

/** Puts a tap before every node of a directory. TLS goes through it untouched: the nodes' keys stay what they are. */
export async function tapDirectory(path: string): Promise<Wiretap> {
  const read = async () => directorySchema.parse(JSON.parse(await readFile(path, 'utf8')));
  const directory = await read();
  const targets = new Map(directory.nodes.map(({ name, url }) => [name, Number(new URL(url).port)]));
  const chunks: Buffer[] = [];
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  const join = (from: Socket, to: Socket) => {
    sockets.add(from);
    from.on('data', (chunk: Buffer) => chunks.push(chunk));
    from.pipe(to);
    // A side that breaks takes the other with it, as on a real line.
    from.on('error', () => to.destroy());
    from.on('close', () => to.destroy());
  };
  for (const node of directory.nodes) {
    const server = createServer((desk) => {
      const agent = connect(targets.get(node.name) ?? 1, '127.0.0.1');
      join(desk, agent);
      join(agent, desk);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    node.url = `https://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
    servers.push(server);
  }
  const tapped = `${path}.tapped`;
  await writeFile(tapped, JSON.stringify(directory));
  return {
    directory: tapped,
    async follow() {
      for (const { name, url } of (await read()).nodes) targets.set(name, Number(new URL(url).port));
    },
    heard: () => Buffer.concat(chunks),
    close() {
      for (const socket of sockets) socket.destroy();
      for (const server of servers) server.close();
    },
  };
}
