import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobDraft } from '../contract/job.ts';
import type { RunView } from '../contract/views.ts';
import {
  openReadyCore,
  runEnd,
  startTestNetwork,
  taskEnd,
  value,
  type TestCore,
  type TestNetwork,
} from './testing/harness.ts';

let network: TestNetwork;
let folder = '';
beforeAll(async () => {
  network = await startTestNetwork();
  folder = await mkdtemp(join(tmpdir(), 'nacre-bad-jobs-'));
}, 60_000);
afterAll(async () => {
  await network.stop();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

const minutes = 60_000;

async function run(desk: TestCore, program: string, evidenceRenewSeconds = 5): Promise<RunView> {
  const sealed = value(await desk.core.invoke('datasets.seal', { path: 'assets/data/digits.csv', name: 'digits' }));
  const datasetId = (await taskEnd(desk.core, sealed)).resultId ?? '';
  const draft: JobDraft = {
    name: 'bad job',
    datasetId,
    program: { type: 'command', command: ['sh', '-c', program] },
    nodes: ['virginia-h200', 'singapore-h100'],
    policyId: 'default',
    budget: { maximumUsd: 5, maximumSeconds: 300 },
    checkpointEverySteps: 100,
    evidenceRenewSeconds,
  };
  const { runId } = value(await desk.core.invoke('jobs.launch', { draft }));
  return runEnd(desk.core, runId, 150_000);
}

async function bytesIn(path: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  }
  return bytes;
}

const model = 'echo weights > "$OUTPUT_DIR/model.bin"';

describe('a job that behaves badly', () => {
  it('that logs without end costs neither desk nor agent more than its share', async () => {
    const desk = await openReadyCore(network);
    try {
      // `NACRE_LOG_MIB=1024` is the real thing; lines of 100 KB are the dearest, since each is cut to 8 KB and kept.
      const mib = Number(process.env['NACRE_LOG_MIB'] ?? 48);
      const before = await bytesIn(desk.profile);
      const flood = `head -c ${mib * 1_048_576} /dev/zero | tr '\\0' x | fold -w 100000; echo; echo '{"step":1,"loss":0.5}'; ${model}`;
      const started = Date.now();
      const ended = await run(desk, flood);
      const disk = (await bytesIn(desk.profile)) - before;
      process.stdout.write(
        `log of ${mib} MiB: ${Date.now() - started} ms, ${disk} bytes on the desk, ${process.memoryUsage().rss} bytes of memory\n`,
      );
      expect(ended.error).toBeUndefined();
      expect(ended.lastMetrics).toMatchObject({ loss: 0.5 });
      expect(disk).toBeLessThan(40 * 1_048_576);
      expect(ended.log.length).toBeLessThanOrEqual(400);
      // Said at the end: what came too fast, and, of a log that fills its 16 MiB, what came after that.
      expect(ended.log.slice(-2).some(({ line }) => /^\d+ log lines came too fast and were left out$/.test(line))).toBe(
        true,
      );
      expect(process.memoryUsage().rss).toBeLessThan(1024 * 1_048_576);
    } finally {
      await desk.end();
    }
  }, 200_000);

  it('that measures NaN and Infinity goes on, says so, and its pack verifies', async () => {
    const desk = await openReadyCore(network);
    try {
      const lines = [
        '{"step":1,"loss":0.5,"accuracy":0.1}',
        '{"step":2,"loss":NaN,"accuracy":Infinity}',
        '{"step":3,"loss":-Infinity,"accuracy":0.2}',
      ];
      const ended = await run(desk, `${lines.map((line) => `echo '${line}'`).join('; ')}; ${model}`);
      expect(ended.error).toBeUndefined();
      expect(ended.lastStep).toBe(3);
      expect(ended.lastMetrics).toEqual({ accuracy: 0.2 });
      const pack = value(await desk.core.invoke('reports.exportPack', { runId: ended.id }));
      expect(value(await desk.core.invoke('reports.verifyPack', { path: pack.path })).status).toBe('warning');
    } finally {
      await desk.end();
    }
  }, 120_000);

  it.each([3 * minutes, -3 * minutes])(
    'on a desk whose clock is %i ms off does no harm',
    async (skew) => {
      const desk = await openReadyCore(network, { clock: () => Date.now() + skew });
      try {
        const ended = await run(desk, `echo '{"step":1,"loss":0.5}'; sleep 7; ${model}`);
        expect(ended.error).toBeUndefined();
        const pack = value(await desk.core.invoke('reports.exportPack', { runId: ended.id }));
        expect(value(await desk.core.invoke('reports.verifyPack', { path: pack.path })).status).toBe('warning');
      } finally {
        await desk.end();
      }
    },
    120_000,
  );

  it.each([10 * minutes, -10 * minutes])(
    'on a desk whose clock is %i ms off is refused by name',
    async (skew) => {
      const desk = await openReadyCore(network, { clock: () => Date.now() + skew });
      try {
        const ended = await run(desk, model);
        expect(ended.state).toBe('failed');
        expect(ended.error?.message).toMatch(/By the clock of this node it is \d{4}-.*; compare that with yours\./);
      } finally {
        await desk.end();
      }
    },
    120_000,
  );
});
