import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import { createServer as createSocketServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface RealMlflow {
  readonly url: string;
  /** Ends the process at once, and starts it again on the same port and database. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** A real `mlflow server` on 127.0.0.1 with a database of its own. */
export async function startMlflow(): Promise<RealMlflow> {
  const made = spawnSync(process.execPath, ['electron/tooling/python.mjs', 'mlflow-server'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (made.status !== 0) throw new Error('there is no environment for an MLflow server');
  const program = join(dirname(made.stdout.trim()), 'mlflow');
  const folder = await mkdtemp(join(tmpdir(), 'nacre-mlflow-server-'));
  const free = createSocketServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address() as AddressInfo;
  await new Promise((done) => free.close(done));
  const url = `http://127.0.0.1:${port}/`;
  let child: ChildProcess | undefined;
  const kill = async () => {
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    // Its workers are children of it, in a group of their own.
    process.kill(-child.pid, 'SIGKILL');
    await ended;
  };
  const start = async () => {
    child = spawn(
      program,
      [
        'server',
        `--backend-store-uri=sqlite:///${join(folder, 'mlflow.db')}`,
        `--default-artifact-root=${join(folder, 'artifacts')}`,
        '--host=127.0.0.1',
        `--port=${port}`,
        '--workers=1',
      ],
      {
        stdio: 'ignore',
        detached: true,
        env: { ...process.env, MLFLOW_DISABLE_TELEMETRY: 'true', MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false' },
      },
    );
    const until = Date.now() + 90_000;
    for (;;) {
      const up = await fetch(`${url}health`).then(
        (answer) => answer.ok,
        () => false,
      );
      if (up) return;
      if (Date.now() > until || child.exitCode !== null) throw new Error('the MLflow server did not come up');
      await new Promise((wake) => setTimeout(wake, 200));
    }
  };
  await start();
  return {
    url,
    kill,
    start,
    async stop() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export interface LossyWay {
  readonly url: string;
  /** Requests of each path so far. */
  readonly counts: Map<string, number>;
  /** Says for each request, after the server has done it, whether its answer gets lost. */
  lose: (path: string, count: number) => boolean;
  close(): Promise<void>;
}

/** A way to a server on which answers get lost after the server has acted. */
export async function lossyWay(target: string): Promise<LossyWay> {
  const counts = new Map<string, number>();
  const server: Server = createServer((incoming, outgoing) => {
    const path = new URL(incoming.url ?? '', target).pathname;
    const count = (counts.get(path) ?? 0) + 1;
    counts.set(path, count);
    const { host: _host, ...headers } = incoming.headers;
    const forwarded = request(
      new URL(incoming.url ?? '', target),
      { method: incoming.method ?? 'GET', headers },
      (answer) => {
        if (way.lose(path, count)) {
          answer.resume().on('end', () => incoming.socket.destroy());
          return;
        }
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(outgoing);
      },
    );
    forwarded.on('error', () => incoming.socket.destroy());
    incoming.pipe(forwarded);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const way: LossyWay = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    counts,
    lose: () => false,
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
  return way;
}
