// `npm run ray:up` and `npm run ray:down`: the cluster of ray-cluster.mjs as a background process.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { childEnvironment, node24, personFolder, root, say } from './setup.mjs';

/** @param {string[]} args */
function read(args) {
  const { values } = parseArgs({ args, options: { folder: { type: 'string' }, workers: { type: 'string' } } });
  const folder =
    values.folder === undefined ? path.join(root, '.build', 'ray') : path.resolve(personFolder(), values.folder);
  return { folder, workers: values.workers, stateFile: path.join(folder, 'cluster.json') };
}

/** @param {number} pid @param {NodeJS.Signals | 0} signal @returns {boolean} whether there was such a process */
function signalTo(pid, signal) {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** Starts the cluster and prints, as JSON, where it is; the token stays in its file. @param {string[]} args */
export async function rayUp(args) {
  const { folder, workers, stateFile } = read(args);
  if (existsSync(stateFile)) {
    const state = JSON.parse(readFileSync(stateFile, 'utf8'));
    if (signalTo(state.supervisor, 0)) {
      say('the Ray cluster runs already');
      process.stdout.write(`${JSON.stringify(state, undefined, 2)}\n`);
      return 0;
    }
    await rayDown(args);
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const log = openSync(path.join(folder, 'cluster.log'), 'w', 0o600);
  const script = path.join(root, 'electron', 'tooling', 'ray-cluster.mjs');
  const flags = ['--folder', folder, '--detached', ...(workers === undefined ? [] : ['--workers', workers])];
  const child = spawn(node24(), [script, ...flags], {
    detached: true,
    stdio: ['ignore', log, log],
    env: childEnvironment(),
  });
  closeSync(log);
  child.unref();
  say('starting a Ray cluster of two SIMULATED nodes on 127.0.0.1 …');
  while (!existsSync(stateFile)) {
    if (child.exitCode !== null || child.signalCode !== null) {
      process.stderr.write(readFileSync(path.join(folder, 'cluster.log'), 'utf8').slice(-4000));
      return 1;
    }
    await sleep(250);
  }
  process.stdout.write(readFileSync(stateFile, 'utf8'));
  return 0;
}

/** Ends what `rayUp` started, by the process ids that it wrote down. @param {string[]} args */
export async function rayDown(args) {
  const { stateFile } = read(args);
  if (!existsSync(stateFile)) {
    say('no Ray cluster of ours runs');
    return 0;
  }
  const state = JSON.parse(readFileSync(stateFile, 'utf8'));
  if (signalTo(state.supervisor, 'SIGTERM')) {
    for (let waited = 0; waited < 15_000 && signalTo(state.supervisor, 0); waited += 250) await sleep(250);
  } else {
    // Its owner was killed: the nodes are groups of their own and are still there.
    for (const { pid, group } of state.pids) if (group) signalTo(-pid, 'SIGKILL');
  }
  rmSync(stateFile, { force: true });
  say('the Ray cluster is stopped');
  return 0;
}
