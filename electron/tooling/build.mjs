// Builds the renderer (for every host) and the Electron bundles (main, core process, preload).
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { root, runTool, say } from './setup.mjs';

/** Newest change below a file or folder, in milliseconds; 0 when it is absent. @param {string} place @returns {number} */
function newest(place) {
  const stat = statSync(place, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  const inside = readdirSync(place).filter((name) => name !== 'node_modules');
  return Math.max(0, ...inside.map((name) => newest(path.join(place, name))));
}

/** @param {string} output @param {string[]} sources */
function isCurrent(output, sources) {
  const built = statSync(path.join(root, output), { throwIfNoEntry: false });
  return built !== undefined && sources.every((source) => newest(path.join(root, source)) <= built.mtimeMs);
}

/** @param {{force?: boolean}} [options] @returns {Promise<number>} exit code */
export async function buildRenderer(options = {}) {
  const sources = ['renderer', 'electron/contract', 'assets', 'package-lock.json'];
  if (options.force !== true && isCurrent('out/renderer/index.html', sources)) return 0;
  say('building the user interface …');
  return runTool('vite', 'vite', ['build', '--config', 'renderer/vite.config.ts', '--logLevel', 'warn'], {
    quiet: true,
  });
}

/** @param {{force?: boolean}} [options] @returns {Promise<number>} exit code */
export async function buildElectron(options = {}) {
  const inside = readdirSync(path.join(root, 'electron')).map((room) => `electron/${room}`);
  const sources = [...inside.filter((room) => room !== 'electron/tooling'), 'package-lock.json'];
  if (options.force !== true && isCurrent('dist/shell/main.js', sources)) return 0;
  if (!existsSync(path.join(root, 'electron/shell/main.ts'))) return 1;
  say('building the Electron shell …');
  const config = 'electron/packaging/electron.vite.config.ts';
  return runTool('electron-vite', 'electron-vite', ['build', '--config', config, '--logLevel', 'warn'], {
    quiet: true,
  });
}
