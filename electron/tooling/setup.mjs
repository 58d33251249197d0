// What must hold before any command runs: the packages of package-lock.json, and Node 24 out of them.
// Runs on Node 20 with nothing installed, so it imports only node: modules.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '..', '..');

/** Set-up speaks on stderr: stdout belongs to the command. @param {string} line */
export function say(line) {
  process.stderr.write(`nacre: ${line}\n`);
}

/** @param {string} file @returns {Record<string, {version?: string, optional?: boolean, devOptional?: boolean}> | undefined} */
function lockedPackages(file) {
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages ?? {};
  } catch {
    return undefined;
  }
}

/**
 * The packages that the lock file names and the installed tree lacks or has in another version. Optional ones (other
 * platforms' binaries) are not counted. Comparing versions, not file times, holds in a fresh clone and after a checkout.
 * @param {Record<string, {version?: string, optional?: boolean, devOptional?: boolean}>} wanted
 * @param {Record<string, {version?: string}>} installed
 * @returns {string[]}
 */
export function missingPackages(wanted, installed) {
  return Object.entries(wanted)
    .filter(([place, entry]) => place !== '' && entry.optional !== true && entry.devOptional !== true)
    .filter(([place, entry]) => installed[place]?.version !== entry.version)
    .map(([place]) => place.replace(/^.*node_modules\//, ''));
}

/** Installs what package-lock.json names, when it is not there. Ends the process with a sentence when it cannot. */
export async function ensurePackages() {
  const wanted = lockedPackages(path.join(root, 'package-lock.json'));
  if (wanted === undefined) return fail('package-lock.json is missing or damaged; fetch the repository again.');
  const installed = lockedPackages(path.join(root, 'node_modules', '.package-lock.json'));
  const missing = installed === undefined ? undefined : missingPackages(wanted, installed);
  if (missing !== undefined && missing.length === 0) return;
  const count = Object.keys(wanted).length - 1;
  const behind = missing === undefined ? '' : `${missing.slice(0, 3).join(', ')} not current: `;
  say(`${behind}installing the ${count} packages of package-lock.json (npm install, about a minute) …`);
  const started = Date.now();
  // Not `npm ci`: it refuses a lock file without the optional bindings of other platforms, and a registry mirror may not
  // have those to lock. This takes the locked versions and their hashes all the same, and does not write the lock.
  const flags = ['install', '--no-save', '--no-fund', '--no-audit', '--loglevel=error'];
  // npm names its own program in npm_execpath; going through it avoids a shell on Windows.
  const npm = process.env['npm_execpath'];
  const code =
    npm !== undefined && npm.endsWith('.js')
      ? await run(process.execPath, [npm, ...flags], { quiet: true })
      : await run('npm', flags, { quiet: true, shell: process.platform === 'win32' });
  if (code !== 0) fail('npm install failed (its reason is above). Check the network and try again.');
  say(`packages installed in ${Math.round((Date.now() - started) / 1000)} s`);
}

/** @param {string} message @returns {never} */
export function fail(message) {
  say(message);
  process.exit(1);
}

/** The Node that runs everything: 24 from its npm package, else this very one when it is new enough. */
export function node24() {
  const file = process.platform === 'win32' ? 'node.exe' : 'node';
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  for (const name of [`node-${platform}-${process.arch}`, `node-bin-${platform}-${process.arch}`]) {
    const candidate = path.join(root, 'node_modules', name, 'bin', file);
    if (existsSync(candidate)) return candidate;
  }
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  return fail(`npm has no Node 24 for ${process.platform} ${process.arch}: install Node 24, then try again.`);
}

/** The environment of every child: `node` means Node 24 there, and a script's `#!/usr/bin/env node` too. */
export function childEnvironment(extra = {}) {
  const bin = [path.dirname(node24()), path.join(root, 'node_modules', '.bin')];
  return { ...process.env, PATH: [...bin, process.env['PATH'] ?? ''].join(path.delimiter), ...extra };
}

/**
 * The script behind a package's command, to be run by Node itself: no shell, the same on every platform.
 * @param {string} packageName @param {string} command @returns {string}
 */
export function toolScript(packageName, command) {
  const folder = path.join(root, 'node_modules', packageName);
  const { bin } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const relative = typeof bin === 'string' ? bin : bin?.[command];
  if (typeof relative !== 'string') return fail(`package ${packageName} has no command ${command}.`);
  return path.join(folder, relative);
}

/**
 * Runs a program to its end and gives its exit code; Ctrl-C reaches it and is answered by it, not by us.
 * `quiet` sends its stdout to our stderr.
 * @param {string} program @param {string[]} args
 * @param {{quiet?: boolean, shell?: boolean, env?: NodeJS.ProcessEnv, cwd?: string}} [options]
 * @returns {Promise<number>}
 */
export function run(program, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: options.cwd ?? root,
      env: options.env ?? process.env,
      shell: options.shell ?? false,
      stdio: ['inherit', options.quiet === true ? 2 : 'inherit', 'inherit'],
    });
    /** @param {NodeJS.Signals} signal */
    const forward = (signal) => child.kill(signal);
    process.on('SIGTERM', forward).on('SIGINT', ignore);
    /** @param {number} code */
    const done = (code) => {
      process.off('SIGTERM', forward).off('SIGINT', ignore);
      resolve(code);
    };
    child.on('error', (error) => {
      say(`${program} did not start: ${error.message}`);
      done(127);
    });
    child.on('close', (code, signal) => done(code ?? (signal === 'SIGINT' ? 130 : 143)));
  });
}

// The terminal sends Ctrl-C to the whole group; this process only waits for the child to close down well.
function ignore() {}

/** Where the person stands: npm moves to the repository's root and keeps the former place in INIT_CWD. */
export function personFolder() {
  return process.cwd() === root ? (process.env['INIT_CWD'] ?? root) : process.cwd();
}

/** Runs a package's command on Node 24. @param {string} packageName @param {string} command @param {string[]} args */
export function runTool(packageName, command, args, options = {}) {
  return run(node24(), [toolScript(packageName, command), ...args], { env: childEnvironment(), ...options });
}
