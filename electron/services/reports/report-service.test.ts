import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { err, ok } from '../../contract/result.ts';
import type { RunView } from '../../contract/views.ts';
import { openPack, pureCrypto } from '../../domain/pack/container.ts';
import { organisation, sampleRun } from '../../domain/pack/testing/sample-run.ts';
import { standInAppraiser, standInMaker } from '../../domain/pack/testing/stand-in-evidence.ts';
import { verifyPack } from '../../domain/pack/verify-pack.ts';
import { createReportService, type ReportDependencies, type WrittenPack } from './report-service.ts';

const contents = sampleRun(standInMaker);
let directory = '';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'nacre-reports-'));
});
afterAll(async () => {
  await rm(directory, { recursive: true });
});

const run: RunView = {
  id: 'run-1',
  name: 'Breast cancer',
  state: 'succeeded',
  simulated: true,
  jobId: contents.evidence[0]?.challenge.jobId ?? '',
  datasetId: 'd1',
  datasetName: 'breast_cancer.csv',
  draft: {
    name: 'Breast cancer',
    datasetId: 'd1',
    program: { type: 'command', command: ['train'] },
    nodes: [],
    policyId: 'local-default',
    budget: { maximumUsd: 1, maximumSeconds: 60 },
    checkpointEverySteps: 50,
    evidenceRenewSeconds: 60,
  },
  createdAt: '2026-11-22T11:00:00.000Z',
  endedAt: '2026-11-22T11:02:00.000Z',
  nodes: [
    {
      name: 'local-a',
      trust: 'verified',
      keyReleased: true,
      lane: [
        { from: '2026-11-22T11:00:02Z', until: '2026-11-22T11:01:00Z', fromStep: 0, untilStep: 6, state: 'verified' },
      ],
    },
    { name: 'local-b', trust: 'refused', reason: 'debug-enabled', keyReleased: false, lane: [] },
  ],
  lastStep: 6,
  lastMetrics: {},
  checkpoints: [],
  costUsd: 0.01,
  usdPerHour: 2,
  log: [],
};

function service(change: Partial<ReportDependencies> = {}) {
  const packs = new Map<string, WrittenPack>();
  const exports: string[] = [];
  const made = createReportService({
    runs: () => ok([run, { ...run, id: 'run-2', state: 'running' }]),
    source: () => ok(contents),
    organisation: () => ok(organisation),
    logExport: (runId, details) => {
      exports.push(`${runId} ${details['what']}`);
      return ok(undefined);
    },
    auditBundle: () => ok(contents.audit),
    written: {
      get: (runId) => packs.get(runId),
      put: (runId, pack) => {
        packs.set(runId, pack);
        return ok(undefined);
      },
    },
    verify: (bytes, path) => verifyPack(bytes, { appraiser: standInAppraiser, path }),
    offerDownload: ({ fileName }) => `download of ${fileName}`,
    crypto: pureCrypto,
    clock: () => Date.parse('2026-11-22T12:00:00Z'),
    directory,
    fontDirectory: new URL('../../../assets/fonts/', import.meta.url).pathname,
    ...change,
  });
  return { made, exports };
}

describe('the report service', () => {
  it('logs, writes a pack that verifies, and lists it', async () => {
    const { made, exports } = service();
    const path = join(directory, 'a.nacre-pack');
    const file = await made.exportPack('run-1', path);
    expect(file).toMatchObject({
      ok: true,
      value: { path, fileName: 'a.nacre-pack', downloadId: 'download of a.nacre-pack' },
    });
    expect(exports).toEqual(['run-1 pack']);
    const verdict = await made.verifyPack(path);
    expect(verdict).toMatchObject({ ok: true, value: { whole: true, simulated: true, status: 'warning', path } });
    const opened = openPack(new Uint8Array(await readFile(path)));
    expect(opened.ok && opened.value.index.createdAt).toBe('2026-11-22T12:00:00.000Z');
    const list = made.list();
    expect(list.ok && list.value).toMatchObject([{ runId: 'run-1', packPath: path, simulated: true }]);
    expect(list.ok && list.value.length).toBe(1);
  });

  it('writes a PDF, and the pack that it names beside it', async () => {
    const { made } = service();
    const file = await made.exportPdf('run-1', join(directory, 'a.pdf'));
    expect(file.ok).toBe(true);
    expect((await readFile(join(directory, 'a.pdf'))).subarray(0, 5).toString()).toBe('%PDF-');
    expect((await made.verifyPack(join(directory, 'breast-cancer-run1.nacre-pack'))).ok).toBe(true);
  });

  it('writes nothing when the export cannot be logged, the vault is locked, or the pack would not verify', async () => {
    const before = await readdir(directory);
    const path = join(directory, 'never.nacre-pack');
    const broken = { ...contents, frames: contents.frames.slice(1) };
    for (const [change, code] of [
      [{ logExport: () => err('disk_full', 'The log could not be written.') }, 'disk_full'],
      [{ organisation: () => err('locked', 'The vault is locked.') }, 'locked'],
      [{ source: () => ok(broken) }, 'integrity'],
      [{ source: () => err('wrong_state', 'The run has no receipt.') }, 'wrong_state'],
    ] as const) {
      expect(await service(change).made.exportPack('run-1', path)).toMatchObject({ ok: false, error: { code } });
    }
    expect(await service().made.exportPack('run-9', path)).toMatchObject({ error: { code: 'not_found' } });
    expect(await readdir(directory)).toEqual(before);
  });

  it('leaves nothing half-written where it cannot write, and reads only files', async () => {
    const { made } = service();
    expect(await made.exportPack('run-1', join(directory, 'no', 'such.nacre-pack'))).toMatchObject({
      error: { code: 'not_found' },
    });
    expect(await made.verifyPack(join(directory, 'missing'))).toMatchObject({ error: { code: 'not_found' } });
    expect(await made.verifyPack(directory)).toMatchObject({ error: { code: 'not_found' } });
    await writeFile(join(directory, 'garbage'), 'garbage');
    expect(await made.verifyPack(join(directory, 'garbage'))).toMatchObject({ ok: true, value: { whole: false } });
  });
});
