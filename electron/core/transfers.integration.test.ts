import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobDraft } from '../contract/job.ts';
import type { TaskView } from '../contract/views.ts';
import {
  openReadyCore,
  runEnd,
  startTestNetwork,
  taskEnd,
  value,
  waitFor,
  type TestCore,
  type TestNetwork,
} from './testing/harness.ts';
import { tapDirectory, type Wiretap } from './testing/wiretap.ts';

let network: TestNetwork;
let tap: Wiretap;
let test: TestCore;
let datasetId = '';
let sealedBytes = 0;

beforeAll(async () => {
  network = await startTestNetwork();
  tap = await tapDirectory(network.directory);
  test = await openReadyCore({ ...network, directory: tap.directory });
  const sealed = await taskEnd(
    test.core,
    value(await test.core.invoke('datasets.seal', { path: 'assets/data/digits.csv', name: 'digits', target: 'digit' })),
  );
  datasetId = sealed.resultId ?? '';
  sealedBytes = value(await test.core.invoke('datasets.list', {}))[0]?.sealedBytes ?? 0;
}, 40_000);
afterAll(async () => {
  await test.end();
  tap.close();
  await network.stop();
});

const draft = (changes: Partial<JobDraft> = {}): JobDraft => ({
  name: 'transfer',
  datasetId,
  program: {
    type: 'builtin',
    trainer: 'csv-classification',
    target: 'digit',
    hidden: [],
    epochs: 2,
    batchSize: 64,
    learningRate: 0.01,
    heldOutShare: 0.2,
    seed: 1,
  },
  nodes: ['frankfurt-h100'],
  policyId: 'default',
  budget: { maximumUsd: 5, maximumSeconds: 120 },
  checkpointEverySteps: 10,
  evidenceRenewSeconds: 30,
  ...changes,
});
const launch = async (changes?: Partial<JobDraft>) =>
  value(await test.core.invoke('jobs.launch', { draft: draft(changes) })).runId;
const uploadOf = async (runId: string): Promise<TaskView | undefined> =>
  value(await test.core.invoke('tasks.list', {})).find((task) => task.kind === 'upload' && task.subjectId === runId);
const run = async (id: string) => value(await test.core.invoke('runs.get', { id }));

describe('the upload of a run', () => {
  /** Long enough to be looked at: a second and a half. */
  const slow = () => ({ bandwidthLimitMbps: (sealedBytes * 8) / 1e6 / 1.5 });

  it('is a task that is cancelled cleanly, and taken up where it was by the next run', async () => {
    const first = await launch(slow());
    await waitFor(async () => ((await uploadOf(first))?.progress?.done ?? 0) > sealedBytes / 4);
    value(await test.core.invoke('tasks.cancel', { id: (await uploadOf(first))?.id ?? '' }));
    expect(await runEnd(test.core, first)).toMatchObject({ state: 'stopped', error: { code: 'cancelled' } });

    const second = await launch(slow());
    await waitFor(async () => ((await uploadOf(second))?.progress?.done ?? 0) > 0);
    const task = await uploadOf(second);
    value(await test.core.invoke('tasks.pause', { id: task?.id ?? '' }));
    await new Promise((wake) => setTimeout(wake, 500));
    const held = await uploadOf(second);
    await new Promise((wake) => setTimeout(wake, 500));
    expect((await uploadOf(second))?.progress?.done).toBe(held?.progress?.done);
    expect(held).toMatchObject({ state: 'running', paused: true, pausable: true });
    value(await test.core.invoke('tasks.resume', { id: task?.id ?? '' }));
    const ended = await runEnd(test.core, second);
    expect(ended.error).toBeUndefined();
    expect(ended.transfer?.estimated).toMatchObject({ node: 'frankfurt-h100', basis: 'directory', simulated: true });
    expect(ended.transfer?.estimated.note).toContain("Not measured yet: using the directory's figure (SIMULATED)");
    const { actual } = ended.transfer ?? {};
    expect(actual?.bytesPresent).toBeGreaterThan(sealedBytes / 5);
    expect(actual?.bytesSent).toBeGreaterThan(sealedBytes - (actual?.bytesPresent ?? 0));
    // Paused for a second: that is not counted as transfer.
    expect(actual?.seconds).toBeLessThan(2.2);
    expect(actual?.usd).toBeGreaterThan(0);
  }, 60_000);

  it('is not sent again to a node that has it, is measured elsewhere, and is estimated by that', async () => {
    const before = value(await test.core.invoke('jobs.estimate', { draft: draft() }));
    expect(before).toMatchObject({ transferBytes: 0, transferSeconds: 0 });
    const again = await runEnd(test.core, await launch());
    expect(again.transfer?.actual).toMatchObject({ bytesPresent: sealedBytes });
    expect(again.transfer?.actual?.bytesSent).toBeLessThan(20_000);
    const other = { nodes: ['virginia-h200'] };
    const elsewhere = await runEnd(test.core, await launch(other));
    expect(elsewhere.transfer?.actual).toMatchObject({ bytesPresent: 0, breaks: 0 });
    expect((await run(elsewhere.id)).transfer?.actual?.bytesSent).toBeGreaterThan(sealedBytes);
  }, 60_000);

  it('goes on after the agent was restarted, once the new agent has proved itself', async () => {
    const node = 'singapore-h100';
    const runId = await launch({ ...slow(), nodes: [node] });
    await waitFor(async () => ((await uploadOf(runId))?.progress?.done ?? 0) > sealedBytes / 4);
    await network.restart();
    await tap.follow();
    const ended = await runEnd(test.core, runId, 40_000);
    expect(ended.error).toBeUndefined();
    expect(ended.state).toBe('succeeded');
    expect(ended.transfer?.actual?.breaks).toBeGreaterThan(0);
    // What was there before the restart was not sent again.
    expect(ended.transfer?.actual?.bytesSent).toBeLessThan(sealedBytes * 1.4);
    const events = value(await test.core.invoke('runs.events', { id: runId }));
    expect(events.filter(({ kind, trust }) => kind === 'evidence' && trust === 'verified').length).toBeGreaterThan(1);
  }, 90_000);

  it('leaves nothing in the clear on the line or on the disks of the nodes', async () => {
    const rows = (await readFile('assets/data/digits.csv', 'utf8')).split('\n');
    const needles = [rows[0] ?? '', rows[100] ?? ''].map((row) => Buffer.from(row.trim()));
    const heard = tap.heard();
    expect(heard.length).toBeGreaterThan(2 * sealedBytes);
    let files = 0;
    const agents = join(dirname(network.directory), 'agents');
    for (const entry of await readdir(agents, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      files += 1;
      const bytes = await readFile(join(entry.parentPath, entry.name));
      for (const needle of needles) expect(bytes.includes(needle), entry.name).toBe(false);
    }
    expect(files).toBeGreaterThan(3);
    for (const needle of needles) expect(heard.includes(needle)).toBe(false);
    expect(test.troubles).toEqual([]);
  });
});
