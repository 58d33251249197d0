// Programs that come from the machine, not from npm: Chromium for the browser tests, the peers of other tests,
// and Electron's binary, which its package fetches at first use.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { node24, root, run, say } from './setup.mjs';

/** @param {string} name @returns {string | undefined} */
function onPath(name) {
  for (const folder of (process.env['PATH'] ?? '').split(path.delimiter)) {
    const candidate = path.join(folder, name);
    if (folder !== '' && existsSync(candidate)) return candidate;
  }
  return undefined;
}

/** @returns {string | undefined} */
export function findChromium() {
  const named = process.env['CHROMIUM_PATH'];
  if (named !== undefined && named !== '') return existsSync(named) ? named : undefined;
  const usual = [
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  ];
  return usual.find((candidate) => existsSync(candidate)) ?? onPath('chromium');
}

/** Installs Debian packages where this process may; says what it does. @param {string[]} packages */
async function aptInstall(packages) {
  if (process.getuid?.() !== 0 || onPath('apt-get') === undefined) return false;
  say(`installing ${packages.join(' and ')} with apt-get …`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  if ((await run('apt-get', ['update', '-qq'], { quiet: true, env })) !== 0) return false;
  const flags = ['install', '-y', '-qq', '--no-install-recommends'];
  return (await run('apt-get', [...flags, ...packages], { quiet: true, env })) === 0;
}

/** Programs that tests run as peers, by the Debian package that brings them. */
const peers = {
  age: 'age',
  openssl: 'openssl',
  'ssh-keygen': 'openssh-client',
  zstd: 'zstd',
  pdftoppm: 'poppler-utils',
  strace: 'strace',
};

/** Where Prometheus lies when it was unpacked here. */
const prometheusFolder = path.join(root, '.build', 'prometheus');

/** The path of Prometheus, installed or unpacked; undefined when there is none. */
export function findPrometheus() {
  const unpacked = path.join(prometheusFolder, 'usr', 'bin', 'prometheus');
  return onPath('prometheus') ?? (existsSync(unpacked) ? unpacked : undefined);
}

/**
 * Fetches the Debian package of Prometheus (19 MB) and unpacks it. It is not installed: that would start a server that
 * listens on every interface, and nothing but one program of it is needed.
 */
async function unpackPrometheus() {
  if (onPath('apt-get') === undefined || onPath('dpkg-deb') === undefined) return;
  say('fetching prometheus (19 MB, once) …');
  mkdirSync(prometheusFolder, { recursive: true });
  if (process.getuid?.() === 0) await run('apt-get', ['update', '-qq'], { quiet: true });
  if ((await run('apt-get', ['download', '-qq', 'prometheus'], { quiet: true, cwd: prometheusFolder })) !== 0) return;
  const [file] = readdirSync(prometheusFolder).filter((name) => name.endsWith('.deb'));
  if (file === undefined) return;
  await run('dpkg-deb', ['-x', file, '.'], { quiet: true, cwd: prometheusFolder });
  rmSync(path.join(prometheusFolder, file));
  rmSync(path.join(prometheusFolder, 'usr', 'bin', 'promtool'), { force: true });
}

/** Finds or installs the tests' programs; gives the path of Chromium, absent where neither worked. */
export async function ensureTestPrograms() {
  const wanted = [
    ...(findChromium() === undefined && process.env['CHROMIUM_PATH'] === undefined ? ['chromium'] : []),
    ...Object.entries(peers).flatMap(([program, name]) => (onPath(program) === undefined ? [name] : [])),
  ];
  if (wanted.length > 0) await aptInstall(wanted);
  if (findPrometheus() === undefined) await unpackPrometheus();
  return { chromium: findChromium() };
}

/** The path of the Electron binary, when it lies in node_modules. Never starts a download. */
export function electronBinary() {
  const folder = path.join(root, 'node_modules', 'electron');
  if (!existsSync(path.join(folder, 'path.txt')) || !existsSync(path.join(folder, 'dist'))) return undefined;
  // With path.txt there, the package's index only gives the path.
  const binary = createRequire(path.join(root, 'package.json'))('electron');
  return typeof binary === 'string' && existsSync(binary) ? binary : undefined;
}

/** Why no Electron window can open on this machine, in words; undefined when one can. */
export function noDisplayReason() {
  if (process.platform !== 'linux') return undefined;
  if (!process.env['DISPLAY'] && !process.env['WAYLAND_DISPLAY']) return 'this machine has no display';
  return process.getuid?.() === 0 ? 'Chromium’s sandbox does not run as root' : undefined;
}

/** Fetches Electron's binary as its package does at first use (checksums are in the package); false when it cannot. */
export function fetchElectron() {
  say('fetching the Electron binary (about 120 MB, once) …');
  const result = spawnSync(node24(), [path.join(root, 'node_modules', 'electron', 'install.js')], {
    cwd: root,
    stdio: 'ignore',
    timeout: 300_000,
  });
  return result.status === 0 && electronBinary() !== undefined;
}
