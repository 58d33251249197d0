import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobDraft } from '../contract/job.ts';
import type { AuditView, RunView } from '../contract/views.ts';
import { NetworkProcess } from '../localnet/testing/network-process.ts';
import { openTestCore, runEnd, secret, taskEnd, value, waitFor, type TestCore } from './testing/harness.ts';

let folder = '';
let profile = '';
let network: NetworkProcess;
let datasetId = '';

// The nodes outlive the core here, as nodes do elsewhere.
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nacre-reopen-'));
  profile = join(folder, 'profile');
  network = new NetworkProcess(folder);
  await network.directory();
  const desk = await openDesk();
  value(await desk.core.invoke('vault.create', { passphrase: secret() }));
  const task = await desk.core.invoke('datasets.seal', {
    path: 'assets/data/digits.csv',
    name: 'digits',
    target: 'digit',
  });
  datasetId = (await taskEnd(desk.core, value(task))).resultId ?? '';
  await desk.core.close();
}, 120_000);
afterAll(async () => {
  network.send({ command: 'stop', wipe: true });
  await network.exited;
  await rm(folder, { recursive: true, force: true });
}, 60_000);

const openDesk = (): Promise<TestCore> =>
  openTestCore({
    profile,
    externalNetwork: join(folder, 'directory.json'),
    timeouts: { connectMs: 2000, idleMs: 5000, slowMs: 1500 },
    silenceMs: 3000,
  });

const draft = (name: string): JobDraft => ({
  name,
  datasetId,
  program: {
    type: 'builtin',
    trainer: 'csv-classification',
    target: 'digit',
    hidden: [16],
    epochs: 40,
    batchSize: 64,
    learningRate: 0.01,
    heldOutShare: 0.2,
    seed: 1,
  },
  nodes: ['virginia-h200', 'singapore-h100'],
  policyId: 'default',
  budget: { maximumUsd: 5, maximumSeconds: 300 },
  checkpointEverySteps: 100,
  evidenceRenewSeconds: 5,
});

/** Launches a job in a core of its own, which dies without a word when its run has come to a stage. @returns the run */
async function dieAt(stage: string, delayMs: number, onStage: (reached: string) => Promise<void>): Promise<string> {
  const entry = fileURLToPath(new URL('testing/core-process.ts', import.meta.url));
  const child = spawn(process.execPath, [entry, profile, join(folder, 'directory.json')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stages: string[] = [];
  let runId = '';
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const said = JSON.parse(line) as { open?: true; runId?: string; stage?: string };
      if (said.open === true) child.stdin.write(`${JSON.stringify(draft(`dies while ${stage}`))}\n`);
      if (said.stage === undefined) continue;
      runId = said.runId ?? '';
      stages.push(said.stage);
      await onStage(said.stage);
      if (said.stage === stage) break;
      if (['succeeded', 'failed', 'stopped'].includes(said.stage)) {
        throw new Error(`it ended before ${stage}: ${stages.join()}`);
      }
    }
    await new Promise((wake) => setTimeout(wake, delayMs));
  } finally {
    child.kill('SIGKILL');
    await exited;
  }
  return runId;
}

async function logOf(desk: TestCore): Promise<AuditView[]> {
  const entries: AuditView[] = [];
  for (;;) {
    const page = value(await desk.core.invoke('audit.list', { after: entries.at(-1)?.index ?? -1, limit: 1000 }));
    entries.push(...page.entries);
    if (page.entries.length < 1000) return entries;
  }
}

/** Stage, and how long after it: milliseconds. `NACRE_REOPEN=all` adds the places that differ little. */
const cases: readonly (readonly [stage: string, delayMs: number])[] = [
  ['launched', 0],
  ['verifying', 150],
  ['uploading', 0],
  ['releasing', 40],
  ['running', 0],
  ['between', 900],
  ['collecting', 0],
  ...(process.env['NACRE_REOPEN'] === 'all'
    ? ([
        ['verifying', 0],
        ['releasing', 0],
        ['running', 1200],
        ['between', 0],
        ['collecting', 60],
      ] as const)
    : []),
];

describe('a core that is killed and opened again', () => {
  it.each(cases)(
    'while %s, after %i ms: finds its run, and no key goes out twice or unlogged',
    async (stage, delayMs) => {
      const runId = await dieAt(stage, delayMs, async (reached) => {
        if (stage === 'between' && reached === 'running') await network.setFault('virginia-h200', 'hang');
      });
      const desk = await openDesk();
      try {
        value(await desk.core.invoke('vault.unlock', { passphrase: secret() }));
        const found = value(await desk.core.invoke('runs.list', {})).filter(({ id }) => id === runId);
        expect(found).toHaveLength(1);
        await waitFor(async () => value(await desk.core.invoke('network.state', {})).state === 'running');
        const run = await runEnd(desk.core, runId, 120_000);
        if (['launched', 'verifying', 'uploading'].includes(stage)) neverStarted(run);
        else if (run.state !== 'succeeded') neverStarted(run);
        if (['running', 'between', 'collecting'].includes(stage)) expect(run.error).toBeUndefined();
        await consistent(desk, run);
        expect(desk.troubles).toEqual([]);
      } finally {
        await desk.core.close();
        await network.setFault('virginia-h200', 'none');
      }
    },
    180_000,
  );
});

/** A run whose node never confirmed the key says so, and is not begun again behind anybody's back. */
function neverStarted(run: RunView): void {
  expect(run.state).toBe('failed');
  expect(run.error?.message).toContain('did not start');
}

/** What the run says, the log says: one order and one release an attempt, one end; and the pack of a success verifies. */
async function consistent(desk: TestCore, run: RunView): Promise<void> {
  const log = await logOf(desk);
  const of = (kind: string, jobId: string) =>
    log.filter((entry) => entry.kind === kind && entry.details['jobId'] === jobId);
  for (const attempt of run.attempts ?? []) {
    expect(of('order-signed', attempt.jobId)).toHaveLength(1);
    const released = of('key-released', attempt.jobId);
    expect(released.length).toBeLessThanOrEqual(1);
    if (attempt.nodes.length > 0) expect(released.map(({ subject }) => subject)).toEqual(attempt.nodes);
  }
  expect(new Set(run.attempts?.map(({ number }) => number)).size).toBe(run.attempts?.length);
  expect(log.filter(({ kind, subject }) => kind === 'run-ended' && subject === run.id)).toHaveLength(1);
  expect(value(await desk.core.invoke('audit.verify', {}))).toMatchObject({ whole: true });
  if (run.state !== 'succeeded') return;
  const pack = value(await desk.core.invoke('reports.exportPack', { runId: run.id }));
  const verdict = value(await desk.core.invoke('reports.verifyPack', { path: pack.path }));
  expect(verdict.status).toBe('warning');
  expect(verdict.summary?.attempts?.length ?? 0).toBe((run.attempts?.length ?? 1) - 1);
}
