// A Ray cluster on this machine, for development and tests: a head that takes no work, worker nodes, and beside each
// worker the agent of a SIMULATED node of the local network, named in the worker's labels. Everything listens on
// 127.0.0.1 and asks for a token. This process owns all of it and takes it along when it ends.
//
//   node electron/tooling/ray-cluster.mjs --folder FOLDER [--workers NODE,NODE] [--detached]
//
// FOLDER/cluster.json (0600) says what runs; it is written when the cluster is whole. stdout: the same as one line.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ensurePython } from './python.mjs';
import { node24, root, say } from './setup.mjs';

/** Object store of each node: examples keep their data elsewhere, and the machine is shared. Bytes; Ray's least is 75 MiB. */
const objectStoreBytes = 80 * 1024 ** 2;
const startMs = 90_000;
const stopMs = 10_000;
const defaultWorkers = ['frankfurt-h100', 'virginia-h200'];

/** @type {{child: import('node:child_process').ChildProcess, what: string, group: boolean}[]} */
const children = [];

/** @param {string} program @param {string[]} args @param {{what: string, group: boolean, env: NodeJS.ProcessEnv, log: string}} options */
function launch(program, args, { what, group, env, log }) {
  const output = openSync(log, 'a', 0o600);
  // A group of its own: a Ray node is six processes, and all of them go with it.
  const child = spawn(program, args, {
    detached: group,
    env,
    stdio: group ? ['ignore', output, output] : ['pipe', 'pipe', output],
  });
  closeSync(output);
  children.push({ child, what, group });
  child.on('error', (error) => fail(`${what} did not start: ${error.message}`));
  return child;
}

/** Ports that are free now. They are all held until all are known, so that none comes twice. @param {number} count */
async function freePorts(count) {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        /** @type {Promise<import('node:net').Server>} */ (
          new Promise((resolve, reject) => {
            const server = createServer().once('error', reject);
            server.listen(0, '127.0.0.1', () => resolve(server));
          })
        ),
    ),
  );
  const ports = servers.map((server) => /** @type {import('node:net').AddressInfo} */ (server.address()).port);
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}

/** @param {string} folder @param {string} search PATH, on which jobs find Python @returns {Promise<string>} path of directory.json */
function startAgents(folder, search) {
  const child = launch(node24(), [path.join(root, 'electron/localnet/main.ts'), '--directory', folder], {
    what: 'the local network',
    group: false,
    env: { PATH: search },
    log: path.join(folder, 'network.log'),
  });
  return new Promise((resolve, reject) => {
    if (child.stdout === null) return reject(new Error('the local network has no output'));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const event = JSON.parse(line);
      if (event.event === 'ready') resolve(event.directory);
      if (event.event === 'error') reject(new Error(`the local network: ${event.message}`));
    });
    child.once('exit', () => reject(new Error('the local network ended while it started')));
  });
}

/** @param {string} what @param {() => Promise<boolean>} ready */
async function until(what, ready) {
  const end = Date.now() + startMs;
  for (;;) {
    if (await ready().catch(() => false)) return;
    const gone = children.find(({ child }) => child.exitCode !== null || child.signalCode !== null);
    if (gone !== undefined) throw new Error(`${gone.what} ended while it started`);
    if (Date.now() > end) throw new Error(`${what} did not come up within ${startMs / 1000} s`);
    await sleep(250);
  }
}

/** @param {string} folder @param {string[]} workers */
async function start(folder, workers) {
  const made = await ensurePython();
  if (!made.ok) throw new Error(made.reason);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const stateFile = path.join(folder, 'cluster.json');
  rmSync(stateFile, { force: true });
  const agents = path.join(folder, 'agents');
  mkdirSync(agents, { recursive: true, mode: 0o700 });
  const tokenPath = path.join(folder, 'token');
  rmSync(tokenPath, { force: true });
  const token = randomBytes(32).toString('hex');
  writeFileSync(tokenPath, token, { mode: 0o600, flag: 'wx' });
  // Ray puts sockets under it, whose paths may have 107 bytes; its own part takes some 65.
  const inside = path.join(folder, 't');
  const temporary = Buffer.byteLength(inside) <= 40 ? inside : mkdtempSync(path.join(os.tmpdir(), 'nacre-ray-'));
  rmSync(inside, { recursive: true, force: true });
  mkdirSync(temporary, { recursive: true, mode: 0o700 });
  process.once('exit', () => temporary !== inside && rmSync(temporary, { recursive: true, force: true }));

  const search = `${path.dirname(made.python)}${path.delimiter}${process.env['PATH'] ?? ''}`;
  const directory = await startAgents(agents, search);
  /** @type {{nodes: {name: string, url: string}[]}} */
  const known = JSON.parse(readFileSync(directory, 'utf8'));
  const beside = workers.map((name) => {
    const node = known.nodes.find((entry) => entry.name === name);
    if (node === undefined) throw new Error(`the local network has no node ${name}`);
    return { name, port: new URL(node.url).port };
  });
  const [gcs = 0, dashboard = 0, client = 0, autoscalerMetrics = 0, dashboardMetrics = 0, ...agentPorts] =
    await freePorts(6 + workers.length);
  const env = {
    PATH: search,
    HOME: folder,
    LANG: 'C.UTF-8',
    RAY_AUTH_MODE: 'token',
    // The path, not the token: an environment can be read by others of the same person, and ends up in logs.
    RAY_AUTH_TOKEN_PATH: tokenPath,
    RAY_USAGE_STATS_ENABLED: '0',
    // A killed node is known as dead after some 5 s; with Ray's own figures it was 16 s.
    RAY_health_check_period_ms: '1000',
    RAY_health_check_failure_threshold: '5',
    AUTOSCALER_METRIC_PORT: String(autoscalerMetrics),
    DASHBOARD_METRIC_PORT: String(dashboardMetrics),
  };
  const script = path.join(root, 'assets', 'python', 'ray_node.py');
  /** @param {string} name @param {string[]} args */
  const rayNode = (name, args) => {
    const shared = ['--node-ip-address', '127.0.0.1', '--temp-dir', temporary, '--disable-usage-stats', '--block'];
    const memory = ['--object-store-memory', String(objectStoreBytes)];
    const ports = ['--dashboard-agent-listen-port', String(agentPorts.pop())];
    return launch(made.python, [script, 'start', ...args, ...shared, ...memory, ...ports], {
      what: `the Ray node ${name}`,
      group: true,
      env,
      log: path.join(folder, `${name}.log`),
    });
  };
  const headPorts = ['--port', String(gcs), '--ray-client-server-port', String(client)];
  const panel = ['--dashboard-host', '127.0.0.1', '--dashboard-port', String(dashboard)];
  const head = rayNode('head', ['--head', ...headPorts, ...panel, '--num-cpus', '0', '--labels', 'nacre-node=head']);
  const url = `http://127.0.0.1:${dashboard}`;
  const headers = { authorization: `Bearer ${token}` };
  await until('the Ray head', async () => (await fetch(`${url}/api/version`, { headers })).ok);
  const alive = async () => {
    const answer = await (await fetch(`${url}/api/v0/nodes?detail=1`, { headers })).json();
    /** @type {{state: string}[]} */
    const nodes = answer.data.result.result;
    return nodes.filter(({ state }) => state === 'ALIVE').length;
  };
  await until('the head node', async () => (await alive()) === 1);
  // One folder for all nodes: they share an address, so Ray reads the log of one node's job through another's agent. And
  // one after the other: two that start at once in one folder take the same socket names, and one of them gives up.
  const started = [];
  for (const { name, port } of beside) {
    const labels = ['--labels', `nacre-node=${name},nacre-port=${port}`];
    const child = rayNode(name, ['--address', `127.0.0.1:${gcs}`, '--num-cpus', '1', ...labels]);
    started.push({ name, pid: child.pid, agentPort: Number(port) });
    await until(`the Ray worker ${name}`, async () => (await alive()) === started.length + 1);
  }
  const pids = children.map(({ child, what, group }) => ({ pid: child.pid, what, group }));
  const state = {
    version: 1,
    url,
    tokenPath,
    directory,
    supervisor: process.pid,
    head: head.pid,
    workers: started,
    pids,
  };
  writeFileSync(`${stateFile}.tmp`, `${JSON.stringify(state, undefined, 1)}\n`, { mode: 0o600 });
  renameSync(`${stateFile}.tmp`, stateFile);
  return state;
}

/** @param {import('node:child_process').ChildProcess} child @param {boolean} group @param {NodeJS.Signals} signal */
function end(child, group, signal) {
  if (child.pid === undefined) return;
  try {
    process.kill(group ? -child.pid : child.pid, signal);
  } catch {
    // Gone already, which is what is wanted.
  }
}

/** @type {Promise<void> | undefined} */
let stopping;
/** @param {number} code */
function stop(code) {
  stopping ??= (async () => {
    // Workers before the head, so that none of them complains that it is gone.
    for (const { child, group } of children.toReversed()) {
      if (!group) child.stdin?.end();
      else if (child.pid !== undefined) child.kill('SIGTERM');
    }
    const gone = children.map(({ child }) => (child.exitCode ?? child.signalCode) !== null || once(child));
    await Promise.race([Promise.all(gone), sleep(stopMs, undefined, { ref: false })]);
    for (const { child, group } of children) end(child, group, 'SIGKILL');
    if (folder !== undefined) rmSync(path.join(folder, 'cluster.json'), { force: true });
    process.exit(code);
  })();
  return stopping;
}

/** @param {import('node:child_process').ChildProcess} child */
const once = (child) => new Promise((resolve) => child.once('exit', resolve));

/** @param {string} message */
function fail(message) {
  say(message);
  void stop(1);
}

const { values } = parseArgs({
  options: { folder: { type: 'string' }, workers: { type: 'string' }, detached: { type: 'boolean' } },
});
const folder = values.folder === undefined ? undefined : path.resolve(values.folder);
if (folder === undefined) fail('name the folder of the cluster: --folder FOLDER');
else {
  process.on('SIGTERM', () => stop(0)).on('SIGINT', () => stop(0));
  // Started by a test, it ends with it; `ray:up` leaves it running.
  if (values.detached !== true)
    process.stdin
      .on('end', () => stop(0))
      .on('error', () => stop(0))
      .resume();
  start(folder, values.workers?.split(',') ?? defaultWorkers)
    .then((state) => process.stdout.write(`${JSON.stringify(state)}\n`))
    .catch((error) => fail(error instanceof Error ? error.message : String(error)));
}
