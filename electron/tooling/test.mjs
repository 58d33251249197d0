// `npm test`: every step that proves the product works, in order, with its time and its counts.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { buildElectron, buildRenderer } from './build.mjs';
import { ensurePython } from './python.mjs';
import { childEnvironment, root, runTool } from './setup.mjs';
import { electronBinary, ensureTestPrograms, noDisplayReason } from './system.mjs';
import { fromPlaywright, fromVitest, summary } from './test-report.mjs';

/** @typedef {import('./test-report.mjs').Outcome} Outcome */

const reports = path.join(root, '.build', 'test');
const inCi = process.env['CI'] === 'true' || process.env['CI'] === '1';

/** A step that is one check: its exit code says all. @param {number} code @returns {Outcome} */
const single = (code) => (code === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 });

/** Hundreds of processes start from the sources; with Node’s cache of what it compiled each takes half the time. */
const env = childEnvironment({ NODE_COMPILE_CACHE: path.join(root, '.build', 'node-cache') });

/** @param {string} name @param {string[]} args @returns {Promise<Outcome>} */
async function vitest(name, args) {
  const report = path.join(reports, `${name}.json`);
  rmSync(report, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const code = await runTool('vitest', 'vitest', ['run', ...args, ...reporters], { env });
  return fromVitest(readReport(report), code);
}

/** @param {string} name @param {string[]} projects @param {NodeJS.ProcessEnv} extra @returns {Promise<Outcome>} */
async function playwright(name, projects, extra) {
  const report = path.join(reports, `${name}.json`);
  rmSync(report, { force: true });
  const flags = projects.map((project) => `--project=${project}`);
  const args = ['test', '--config', 'e2e/playwright.config.ts', ...flags, '--reporter=list,json'];
  const options = { env: { ...env, ...extra, PLAYWRIGHT_JSON_OUTPUT_FILE: report } };
  const code = await runTool('@playwright/test', 'playwright', args, options);
  return fromPlaywright(readReport(report), code);
}

/** @param {string} file @returns {unknown} */
function readReport(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

/**
 * `prepare` is begun at once, beside the earlier steps: it downloads and unpacks more than it computes.
 * @type {Record<string, {about: string, prepare?: () => Promise<unknown>, run: () => Promise<Outcome>}>}
 */
const steps = {
  format: {
    about: 'prettier over every file',
    run: async () =>
      single(
        await runTool('prettier', 'prettier', [
          '--check',
          '--cache',
          '--cache-location=.build/prettier',
          '--log-level',
          'warn',
          '.',
        ]),
      ),
  },
  lint: {
    about: 'oxlint, no warning allowed',
    run: async () => single(await runTool('oxlint', 'oxlint', ['--max-warnings', '0'])),
  },
  typecheck: {
    about: 'one compiler project a layer, then all tests',
    run: async () => {
      const layers = await runTool('typescript', 'tsc', ['-b']);
      const tests = await runTool('typescript', 'tsc', ['-p', 'tsconfig.tests.json', '--noEmit']);
      const page = await runTool('typescript', 'tsc', ['-p', 'tsconfig.page-tests.json', '--noEmit']);
      const failed = [layers, tests, page].filter((code) => code !== 0).length;
      return { passed: 3 - failed, failed, skipped: 0 };
    },
  },
  unused: {
    about: 'knip: unused files, exports and packages',
    run: async () => single(await runTool('knip', 'knip', ['--no-progress'])),
  },
  unit: { about: 'vitest', run: () => vitest('unit', ['--exclude', '**/*.integration.test.ts']) },
  integration: {
    about: 'vitest: agents, networks and the CLI as real processes',
    // Without a Python the tests that need one are left out, or fail under CI, and say why themselves.
    prepare: () => Promise.all([ensurePython(), ensurePython('mlflow-server')]),
    // Three on two processors: most of these wait for a process, a timeout or a training step.
    run: () => vitest('integration', ['.integration.test.ts', '--passWithNoTests', '--maxWorkers=3']),
  },
  build: {
    about: 'production renderer and Electron bundles',
    run: async () => {
      const renderer = await buildRenderer({ force: true });
      return single(renderer === 0 ? await buildElectron({ force: true }) : renderer);
    },
  },
  e2e: {
    about: 'Playwright in Chromium against the production renderer',
    run: async () => {
      const { chromium } = await ensureTestPrograms();
      if (chromium === undefined) {
        const how = 'Chromium was not found: install it, or name it in CHROMIUM_PATH';
        return { passed: 0, failed: 0, skipped: 0, leftOut: how };
      }
      if ((await buildRenderer()) !== 0) return single(1);
      return playwright('e2e', ['web-long', 'web'], { CHROMIUM_PATH: chromium });
    },
  },
  electron: {
    about: 'Playwright in the real Electron',
    run: async () => {
      const binary = electronBinary();
      const reason = binary === undefined ? 'no Electron binary in node_modules' : noDisplayReason();
      if (binary === undefined || reason !== undefined) {
        const why = `the real-Electron smoke test did NOT run: ${reason}`;
        return { passed: 0, failed: 0, skipped: 0, leftOut: why, mayBeLeftOut: true };
      }
      if ((await buildRenderer()) !== 0 || (await buildElectron()) !== 0) return single(1);
      return playwright('electron', ['electron'], { NACRE_ELECTRON: binary });
    },
  },
};

/** @param {string[]} args `--only a,b` and `--list` @returns {Promise<number>} exit code */
export async function test(args) {
  if (args.includes('--list')) {
    for (const [name, step] of Object.entries(steps)) process.stdout.write(`${name.padEnd(12)} ${step.about}\n`);
    return 0;
  }
  const wanted = chosen(args);
  if (wanted === undefined) {
    process.stderr.write(`usage: npm test [-- --only STEP,STEP]\nsteps: ${Object.keys(steps).join(', ')}\n`);
    return 2;
  }
  mkdirSync(reports, { recursive: true });
  const prepared = new Map(wanted.map((name) => [name, steps[name]?.prepare?.()]));
  if (wanted.includes('unit') || wanted.includes('integration')) await ensureTestPrograms();
  /** @type {(Outcome & {name: string, seconds: number})[]} */
  const outcomes = [];
  for (const name of wanted) {
    const step = steps[name];
    if (step === undefined) continue;
    process.stdout.write(`\n── ${name}: ${step.about}\n`);
    const started = Date.now();
    await prepared.get(name);
    const outcome = await step.run();
    outcomes.push({ ...outcome, name, seconds: (Date.now() - started) / 1000 });
  }
  const { lines, failed } = summary(outcomes, { inCi, all: Object.keys(steps) });
  process.stdout.write(`\n${lines.join('\n')}\n`);
  return failed === 0 ? 0 : 1;
}

/** @param {string[]} args @returns {string[] | undefined} */
function chosen(args) {
  if (args.length === 0) return Object.keys(steps);
  const [flag, list, ...rest] = args;
  if (flag !== '--only' || list === undefined || rest.length > 0) return undefined;
  const names = list.split(',');
  return names.every((name) => Object.hasOwn(steps, name)) ? names : undefined;
}
