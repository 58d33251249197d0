// The Python of Nacre's Ray networks and examples: a virtual environment of its own in .build/python, made from
// assets/python/requirements.txt and made anew when that file or the interpreter changes.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { root, run, say } from './setup.mjs';

const windows = process.platform === 'win32';
const environments = {
  ray: { folder: 'python', requirements: 'requirements.txt', holds: 'Ray, PyTorch, MLflow' },
  // Apart from the other: a server brings packages that no job should see.
  'mlflow-server': { folder: 'mlflow', requirements: 'mlflow-server.txt', holds: 'an MLflow server for tests' },
};
/** Wheels of the pinned Ray and PyTorch exist for these. */
const oldest = 10;
const newest = 13;

/** @param {string} program @returns {{program: string, version: string, minor: number} | undefined} */
function inspect(program) {
  const asked = spawnSync(program, ['-c', 'import sys; print(*sys.version_info[:3], sep=".")'], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  const [, version, minor] = /^(3\.(\d+)\.\d+)\s*$/.exec(asked.stdout ?? '') ?? [];
  return version === undefined ? undefined : { program, version, minor: Number(minor) };
}

/** The first Python that the pinned packages have wheels for; `python3` itself first. */
export function findPython() {
  const names = ['python3', ...Array.from({ length: newest - oldest + 1 }, (_, i) => `python3.${newest - i}`)];
  for (const name of windows ? ['python', ...names] : names) {
    const found = inspect(name);
    if (found !== undefined && found.minor >= oldest && found.minor <= newest) return found;
  }
  return undefined;
}

/**
 * The interpreter of the environment, made when it is not there yet (a minute or two), or why there is none.
 * @param {keyof typeof environments} name
 * @returns {Promise<{ok: true, python: string} | {ok: false, reason: string}>}
 */
export async function ensurePython(name = 'ray') {
  const { holds } = environments[name];
  const folder = path.join(root, '.build', environments[name].folder);
  const requirements = path.join(root, 'assets', 'python', environments[name].requirements);
  const interpreter = path.join(folder, windows ? 'Scripts' : 'bin', windows ? 'python.exe' : 'python');
  const base = findPython();
  if (base === undefined) {
    return no(`no Python 3.${oldest} to 3.${newest} was found: install one (with its venv module) to use Ray`);
  }
  const stamp = createHash('sha256').update(base.version).update('\0').update(readFileSync(requirements)).digest('hex');
  mkdirSync(path.dirname(folder), { recursive: true });
  const unlock = await lock(`${folder}.lock`);
  try {
    const stampFile = path.join(folder, 'stamp');
    const current = existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp && existsSync(interpreter);
    if (current) return { ok: true, python: interpreter };
    say(`making the Python environment with ${base.program} ${base.version} (${holds}; once, 1–3 min) …`);
    const started = Date.now();
    // The stamp is written last: an environment that was cut off is made again from nothing.
    rmSync(folder, { recursive: true, force: true });
    if ((await run(base.program, ['-m', 'venv', folder], { quiet: true })) !== 0) {
      return no(`${base.program} cannot make a virtual environment: install its venv module (Debian: python3-venv)`);
    }
    const flags = ['install', '-qq', '--disable-pip-version-check', '--no-input', '--only-binary=:all:'];
    if ((await run(interpreter, ['-m', 'pip', ...flags, '-r', requirements], { quiet: true })) !== 0) {
      return no(`pip could not install assets/python/${environments[name].requirements} (its reason is above)`);
    }
    writeFileSync(stampFile, stamp);
    say(`Python environment made in ${Math.round((Date.now() - started) / 1000)} s`);
    return { ok: true, python: interpreter };
  } finally {
    unlock();
  }
}

/** @param {string} reason @returns {{ok: false, reason: string}} */
function no(reason) {
  return { ok: false, reason };
}

/** One maker at a time; the file of a maker that is gone does not count. @param {string} file */
async function lock(file) {
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
      const owner = Number(existsSync(file) ? readFileSync(file, 'utf8') : '0');
      if (owner > 0 && !alive(owner)) rmSync(file, { force: true });
      else await sleep(500);
    }
  }
}

/** @param {number} pid */
function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

// `node electron/tooling/python.mjs [mlflow-server]`: prints the interpreter, for tests and for people.
if (process.argv[1] === import.meta.filename) {
  const made = await ensurePython(process.argv[2] === 'mlflow-server' ? 'mlflow-server' : 'ray');
  if (made.ok) process.stdout.write(`${made.python}\n`);
  else {
    say(made.reason);
    process.exitCode = 1;
  }
}
