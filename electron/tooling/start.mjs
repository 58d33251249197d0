// `npm start`: the Electron window where one can open, else the web host, with one line that says why.
import path from 'node:path';
import { buildElectron, buildRenderer } from './build.mjs';
import { childEnvironment, fail, node24, personFolder, root, run, say } from './setup.mjs';
import { electronBinary, fetchElectron, noDisplayReason } from './system.mjs';

/** @param {string[]} args @returns {Promise<number>} exit code */
export async function start(args) {
  if ((await buildRenderer()) !== 0) fail('the user interface did not build (the reason is above).');
  const why = args.includes('--web') ? undefined : whyNoElectron();
  if (!args.includes('--web') && why === undefined) return startElectron(args);
  if (why !== undefined) say(`no Electron window: ${why}. Serving the web host instead.`);
  const rest = args.filter((argument) => argument !== '--web');
  const entry = path.join(root, 'electron', 'webhost', 'main.ts');
  return run(node24(), ['--disable-warning=ExperimentalWarning', entry, ...rest], {
    env: childEnvironment(),
    cwd: personFolder(),
  });
}

function whyNoElectron() {
  const reason = noDisplayReason();
  if (reason !== undefined) return reason;
  if (electronBinary() === undefined && !fetchElectron()) return 'the Electron binary could not be fetched';
  return undefined;
}

/** @param {string[]} args */
async function startElectron(args) {
  if ((await buildElectron()) !== 0) fail('the Electron shell did not build (the reason is above).');
  const binary = electronBinary();
  if (binary === undefined) return fail('the Electron binary is gone; run the command again.');
  return run(binary, [root, `--node=${node24()}`, ...args], { env: childEnvironment(), cwd: personFolder() });
}
