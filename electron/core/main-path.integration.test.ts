import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { methods } from '../contract/methods.ts';
import type { RunView } from '../contract/views.ts';
import { createCore } from './create-core.ts';
import {
  openReadyCore,
  openTestCore,
  secret,
  runEnd,
  startTestNetwork,
  value,
  type TestCore,
  type TestNetwork,
} from './testing/harness.ts';
import { tapDirectory, type Wiretap } from './testing/wiretap.ts';

const honest = ['frankfurt-h100', 'singapore-h100', 'virginia-h200'];
const refusals = { 'saopaulo-h100': 'debug', 'helsinki-h200': 'tcb', 'tokyo-h100': 'measurement' } as const;

let network: TestNetwork;
let tap: Wiretap;
beforeAll(async () => {
  network = await startTestNetwork();
  tap = await tapDirectory(network.directory);
}, 30_000);
afterAll(async () => {
  tap.close();
  await network.stop();
});

describe('the main path', () => {
  let test: TestCore;
  let run: RunView;
  const states: string[] = [];

  beforeAll(async () => {
    test = await openReadyCore({ ...network, directory: tap.directory });
    test.core.subscribe('run.event', ({ event }) => {
      if (event.kind === 'state') states.push(event.message);
    });
    value(await test.core.invoke('settings.set', { evidenceRenewSeconds: 5 }));
    const { runId } = value(await test.core.invoke('jobs.launchSample', {}));
    run = await runEnd(test.core, runId);
  }, 40_000);
  afterAll(() => test.end());

  it('trains on a verified node and brings the model home', async () => {
    expect(run.error).toBeUndefined();
    expect(run).toMatchObject({ state: 'succeeded', simulated: true });
    expect(run.heldOutAccuracy).toBeGreaterThanOrEqual(0.94);
    expect(run.nodes.filter(({ keyReleased }) => keyReleased)).toHaveLength(1);
    expect(run.nodes[0]?.lane[0]).toMatchObject({ state: 'verified', fromStep: 0 });
    expect(run.checkpoints.length).toBeGreaterThan(0);
    expect(run.receipt?.countersignedAt).toBeDefined();
    expect(states.length).toBeGreaterThanOrEqual(6);
    expect(test.troubles).toEqual([]);
  });

  it('verifies three nodes and refuses three, each for its own reason, and none of them gets anything', async () => {
    const nodes = value(await test.core.invoke('nodes.list', {}));
    expect(
      nodes
        .filter(({ trust }) => trust === 'verified')
        .map(({ name }) => name)
        .sort(),
    ).toEqual(honest);
    const refused = nodes.filter(({ trust }) => trust === 'refused');
    expect(refused.map(({ name }) => name).sort()).toEqual(Object.keys(refusals).sort());
    expect(new Set(refused.map(({ reason }) => reason)).size).toBe(3);
    for (const node of refused) {
      expect(node.reason, node.name).toContain(refusals[node.name as keyof typeof refusals]);
      expect(node.simulated).toBe(true);
      const calls = test.sent.filter((item) => item.node === node.name).map(({ call }) => call);
      expect(new Set(calls)).toEqual(new Set(['evidence', 'close']));
      const evidence = value(await test.core.invoke('nodes.evidence', { node: node.name }));
      expect(evidence?.verification).toMatchObject({ simulated: true, reason: node.reason });
    }
    expect(test.sent.filter(({ call }) => call === 'submitJob')).toHaveLength(1);
  });

  it('draws what was measured', async () => {
    const series = value(
      await test.core.invoke('runs.series', {
        id: run.id,
        names: ['loss', 'accuracy', 'DCGM_FI_DEV_GPU_UTIL', 'none'],
        maximumPoints: 100,
      }),
    );
    const [loss, accuracy, load, none] = series;
    expect(loss?.raw).toBe(run.lastStep);
    expect(loss?.points.length).toBeLessThanOrEqual(100);
    expect(loss?.points.at(-1)?.y ?? 9).toBeLessThan(loss?.points[0]?.y ?? 0);
    expect(accuracy?.x).toBe('step');
    expect(load).toMatchObject({ unit: '%', x: 'time' });
    expect(none?.points).toEqual([]);
  });

  it('opens the model on the desk only, and hands out each file once', async () => {
    const exported = value(await test.core.invoke('runs.exportModel', { id: run.id }));
    expect(exported.files.map(({ fileName }) => fileName)).toEqual(['model.json', 'model.safetensors']);
    const model = JSON.parse(await readFile(join(exported.directory, 'model.json'), 'utf8')) as { target: string };
    expect(model.target).toBe('diagnosis');
    const id = exported.files[0]?.downloadId ?? '';
    expect(test.core.takeDownload(id)).toMatchObject({ ok: true, value: { fileName: 'model.json' } });
    expect(test.core.takeDownload(id)).toMatchObject({ ok: false, error: { code: 'not_found' } });
    const again = value(await test.core.invoke('runs.exportModel', { id: run.id }));
    expect(again.directory).not.toBe(exported.directory);
  });

  it('hands the auditor a pack that verifies, and not when a byte is changed', async () => {
    const pack = value(await test.core.invoke('reports.exportPack', { runId: run.id }));
    const verdict = value(await test.core.invoke('reports.verifyPack', { path: pack.path }));
    expect(verdict.checks.filter(({ outcome, required }) => required && outcome !== 'pass')).toEqual([]);
    expect(verdict).toMatchObject({ whole: true, simulated: true, status: 'warning' });
    expect(verdict.summary).toMatchObject({ jobId: run.jobId, heldOutAccuracy: run.heldOutAccuracy });
    const bytes = await readFile(pack.path);
    const at = Math.floor(bytes.length / 2);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    const changed = join(test.profile, 'changed.nacre-pack');
    await writeFile(changed, bytes);
    expect(value(await test.core.invoke('reports.verifyPack', { path: changed })).status).toBe('contraindicated');
    expect(value(await test.core.invoke('reports.list', {}))[0]).toMatchObject({ packSha256: pack.sha256 });
    const log = value(await test.core.invoke('audit.verify', {}));
    expect(log.whole).toBe(true);
    const kinds = value(await test.core.invoke('audit.list', { after: -1, limit: 100 })).entries.map(
      ({ kind }) => kind,
    );
    for (const kind of [
      'dataset-sealed',
      'node-verified',
      'node-refused',
      'order-signed',
      'key-released',
      'run-ended',
    ]) {
      expect(kinds).toContain(kind);
    }
    expect(kinds.indexOf('order-signed')).toBeLessThan(kinds.indexOf('key-released'));
  });

  it('leaves no row of the table in the clear: not in its profile, on the nodes’ disks, or on the line', async () => {
    const table = await readFile('assets/data/breast_cancer.csv', 'utf8');
    const rows = table
      .split('\n')
      .slice(0, 60)
      .map((row) => row.slice(0, 40));
    expect(rows.every((row) => row.length === 40 && table.includes(row))).toBe(true);
    const found: string[] = [];
    let files = 0;
    for (const folder of [test.profile, dirname(network.directory)]) {
      for (const entry of await readdir(folder, { recursive: true })) {
        const path = join(folder, entry);
        if (!(await stat(path)).isFile()) continue;
        files += 1;
        const bytes = await readFile(path, 'latin1');
        if (rows.some((row) => bytes.includes(row))) found.push(entry);
      }
    }
    expect(files).toBeGreaterThan(10);
    expect(found).toEqual([]);
    const heard = tap.heard().toString('latin1');
    expect(heard.length).toBeGreaterThan(124_000);
    expect(rows.filter((row) => heard.includes(row))).toEqual([]);
    // Nor is the sealed file seen: it goes through TLS.
    expect(heard.includes('age-encryption.org')).toBe(false);
  });

  it('refuses everything but state and unlocking while it is locked', async () => {
    const seen: string[] = [];
    const stop = test.core.subscribe('activity', ({ message }) => seen.push(message));
    value(await test.core.invoke('vault.lock', {}));
    seen.length = 0;
    for (const [name, input] of [
      ['runs.list', {}],
      ['runs.exportModel', { id: run.id }],
      ['jobs.launchSample', {}],
      ['nodes.list', {}],
      ['datasets.list', {}],
      ['audit.list', { after: -1, limit: 5 }],
      ['files.browse', {}],
    ] as const) {
      expect(await test.core.call(name, input), name).toMatchObject({ ok: false, error: { code: 'locked' } });
    }
    expect(seen).toEqual([]);
    expect(value(await test.core.invoke('app.state', {})).vault.state).toBe('locked');
    value(await test.core.invoke('vault.unlock', { passphrase: secret() }));
    expect(value(await test.core.invoke('runs.get', { id: run.id })).state).toBe('succeeded');
    stop();
  });
});

describe('the core', () => {
  it('names the place in bad input and survives any', async () => {
    const test = await openTestCore();
    value(await test.core.invoke('vault.create', { passphrase: secret() }));
    const bad = await test.core.call('jobs.estimate', { draft: { name: '', datasetId: 'x', colour: 1 } });
    expect(bad).toMatchObject({ ok: false, error: { code: 'invalid_input' } });
    if (!bad.ok) expect(bad.error.message).toContain('draft.');
    for (const [name, input] of [
      ['no.such.method', {}],
      ['__proto__', {}],
      ['runs.get', null],
      ['runs.get', { id: '../../etc/passwd' }],
      ['vault.unlock', { passphrase: secret('x'.repeat(20_000)) }],
      ['datasets.preview', { path: '/nonexistent' }],
      ['nodes.verify', {}],
      ['network.start', { extra: 1 }],
      ['jobs.launch', []],
    ] as const) {
      const answer = await test.core.call(name, input);
      expect(answer.ok, name).toBe(false);
      if (!answer.ok) expect(['internal'], `${name}: ${answer.error.message}`).not.toContain(answer.error.code);
    }
    expect(test.troubles).toEqual([]);
    await test.end();
  });

  it('opens a profile once, and names what is wrong with one', async () => {
    const test = await openTestCore();
    const second = await createCore({ profile: test.profile, host: 'test' });
    expect(second).toMatchObject({ ok: false, error: { code: 'in_use' } });
    await test.core.close();
    expect(await test.core.call('app.state', {})).toMatchObject({ ok: false, error: { code: 'unavailable' } });
    const again = await openTestCore({ profile: test.profile });
    await again.end();
    const nowhere = await createCore({ profile: '/dev/null/profile', host: 'test' });
    expect(nowhere.ok).toBe(false);
    if (!nowhere.ok) expect(nowhere.error.code).not.toBe('internal');
  });

  it('has one handler for every method of the contract', async () => {
    const test = await openTestCore();
    for (const name of Object.keys(methods)) {
      const answer = await test.core.call(name, { extra: 'no method takes this' });
      expect(answer.ok, name).toBe(false);
      if (!answer.ok) expect(['invalid_input', 'locked'], `${name}: ${answer.error.code}`).toContain(answer.error.code);
    }
    await test.end();
  });
});
