// The one door of every npm script: sets up what is missing, then runs the command on Node 24.
import path from 'node:path';
import { childEnvironment, ensurePackages, node24, personFolder, root, run } from './setup.mjs';

const usage =
  'usage: node electron/tooling/run.mjs start|test|cli|bench|fuzz|chaos|build|ray:up|ray:down [ARGUMENTS]\n';
const [command, ...args] = process.argv.slice(2);

/** @param {string} entry @param {string[]} rest */
function script(entry, rest) {
  const file = path.join(root, 'electron', entry);
  return run(node24(), ['--disable-warning=ExperimentalWarning', file, ...rest], {
    env: childEnvironment(),
    cwd: personFolder(),
  });
}

const commands = {
  start: async () => (await import('./start.mjs')).start(args),
  test: async () => (await import('./test.mjs')).test(args),
  cli: async () => script('cli/main.ts', args),
  bench: async () => script('tooling/bench.ts', args),
  fuzz: async () => script('tooling/fuzz.ts', args),
  chaos: async () => script('tooling/chaos.ts', args),
  'ray:up': async () => (await import('./ray.mjs')).rayUp(args),
  'ray:down': async () => (await import('./ray.mjs')).rayDown(args),
  build: async () => {
    const { buildElectron, buildRenderer } = await import('./build.mjs');
    return (await buildRenderer({ force: true })) || (await buildElectron({ force: true }));
  },
};

if (command === undefined || !Object.hasOwn(commands, command)) {
  process.stderr.write(usage);
  process.exitCode = 2;
} else {
  await ensurePackages();
  process.exitCode = await commands[/** @type {keyof typeof commands} */ (command)]();
}
