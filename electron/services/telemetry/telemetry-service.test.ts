import { describe, expect, it } from 'vitest';
import { err, ok } from '../../contract/result.ts';
import type { Frame, FrameBody } from '../../contract/wire.ts';
import { createSigner, verifyEd25519 } from '../../domain/dsse/dsse.ts';
import { encodeBase64 } from '../../domain/encoding/base64.ts';
import { chainStart, frameHash, frameMessage } from '../../domain/telemetry/frame-chain.ts';
import { createTelemetryService, type FrameStore } from './telemetry-service.ts';

const signer = createSigner(new Uint8Array(32).fill(5));
const identity = { jobId: 'ab'.repeat(32), node: 'n1', signingKey: signer.publicKey };

function frames(bodies: readonly FrameBody[]): Frame[] {
  const made: Frame[] = [];
  for (const body of bodies) {
    const last = made.at(-1);
    const unsigned = {
      version: 1 as const,
      jobId: identity.jobId,
      node: identity.node,
      sequence: made.length,
      previous: last === undefined ? chainStart.head : frameHash(last),
      at: new Date(Date.UTC(2026, 10, 22) + made.length * 1000).toISOString(),
      body,
    };
    made.push({ ...unsigned, signature: encodeBase64(signer.sign(frameMessage(unsigned))) });
  }
  return made;
}

function memoryStore(full = false): FrameStore & { rows: { sequence: number; json: string }[] } {
  const rows: { sequence: number; json: string }[] = [];
  return {
    rows,
    append: (_run, _node, added) => {
      if (full) return err('disk_full', 'The disk is full.');
      rows.push(...added);
      return ok(undefined);
    },
    read: () => ok(rows),
    heads: () => ok(rows.length === 0 ? [] : [{ node: 'n1', sequence: rows.length - 1, frames: rows.length }]),
  };
}

const gpu = (index: number, load: number): FrameBody => ({
  kind: 'gpu',
  gpu: index,
  uuid: `GPU-${index}`,
  fields: { DCGM_FI_DEV_GPU_UTIL: load },
  simulated: true,
});
const bodies: FrameBody[] = [
  { kind: 'metric', step: 1, values: { loss: 2 } },
  gpu(0, 40),
  gpu(1, 60),
  { kind: 'metric', step: 2, values: {}, nonFinite: { loss: 'NaN' } },
  gpu(0, 80),
  gpu(1, 100),
  { kind: 'metric', step: 3, values: { loss: 1 } },
];
const transaction = <T>(work: () => T): T => work();
const query = { runId: 'r', names: ['loss', 'DCGM_FI_DEV_GPU_UTIL'], maximumPoints: 100 };

describe('telemetry service', () => {
  it('takes no more from a node than its share, also after the core was closed, and keeps what it has', () => {
    const store = memoryStore();
    const sent = frames(bodies);
    const three = sent.slice(0, 3).reduce((sum, frame) => sum + JSON.stringify(frame).length, 0);
    const first = createTelemetryService({ frames: store, verify: verifyEd25519, transaction, laneBytes: three });
    for (const frame of sent.slice(0, 3)) expect(first.ingest('r', identity, frame).ok).toBe(true);
    const again = createTelemetryService({ frames: store, verify: verifyEd25519, transaction, laneBytes: three });
    for (const service of [first, again]) {
      expect(service.ingest('r', identity, sent[3])).toMatchObject({
        ok: false,
        error: { code: 'integrity', details: { node: 'n1', reason: 'telemetry-too-long' } },
      });
      expect(service.chain('r', 'n1')).toMatchObject({ ok: true, value: { next: 3 } });
    }
    expect(store.rows).toHaveLength(3);
  });

  it('draws a loss that is no number as a gap, and the mean of a node’s GPUs', () => {
    const store = memoryStore();
    const service = createTelemetryService({ frames: store, verify: verifyEd25519, transaction });
    for (const frame of frames(bodies)) expect(service.ingest('r', identity, frame).ok).toBe(true);
    const series = service.series(query);
    if (!series.ok) throw new Error(series.error.message);
    const [loss, load] = series.value;
    expect(loss?.points).toEqual([
      { x: 1, y: 2 },
      { x: 2, y: null },
      { x: 3, y: 1 },
    ]);
    expect(load).toMatchObject({ unit: '%', x: 'time' });
    expect(load?.points.map(({ y }) => y).slice(-2)).toEqual([50, 90]);

    // After a restart the same chain goes on and the same lines are drawn.
    const next = createTelemetryService({ frames: store, verify: verifyEd25519, transaction });
    expect(next.chain('r', 'n1')).toEqual(service.chain('r', 'n1'));
    expect(next.series(query)).toEqual(series);
  });

  it('keeps nothing of a frame that is not the next one', () => {
    const store = memoryStore();
    const service = createTelemetryService({ frames: store, verify: verifyEd25519, transaction });
    const [first, second, third] = frames(bodies);
    service.ingest('r', identity, first);
    expect(service.ingest('r', identity, third)).toMatchObject({ ok: false, error: { code: 'integrity' } });
    expect(service.ingest('r', identity, { ...second, at: 'x' })).toMatchObject({ ok: false });
    expect(store.rows).toHaveLength(1);
    expect(service.ingest('r', identity, second).ok).toBe(true);
  });

  it('does not count what the disk did not take', () => {
    const service = createTelemetryService({ frames: memoryStore(true), verify: verifyEd25519, transaction });
    expect(service.ingest('r', identity, frames(bodies)[0])).toMatchObject({ ok: false, error: { code: 'disk_full' } });
    expect(service.chain('r', 'n1')).toEqual({ ok: true, value: chainStart });
  });

  it('stores in one transaction what comes in one turn, of many nodes, and keeps what came before a bad frame', async () => {
    let transactions = 0;
    const counted = <T>(work: () => T): T => {
      transactions += 1;
      return work();
    };
    const service = createTelemetryService({ frames: memoryStore(), verify: verifyEd25519, transaction: counted });
    const sent = frames(bodies);
    const [good, bad] = await Promise.all([
      service.receive('r', identity, sent),
      service.receive('r', identity, [...sent.slice(0, 2), sent[3]], 'n1#2'),
    ]);
    expect(transactions).toBe(1);
    expect(good).toEqual({ frames: sent });
    expect(bad).toMatchObject({ frames: sent.slice(0, 2), error: { code: 'integrity' } });
    expect(service.chain('r', 'n1#2')).toMatchObject({ ok: true, value: { next: 2 } });
  });

  it('forgets what it counted when the transaction does not come to its end', async () => {
    let full = true;
    const store = memoryStore();
    const service = createTelemetryService({
      frames: store,
      verify: verifyEd25519,
      transaction(work) {
        const done = work();
        if (!full) return done;
        store.rows.length = 0;
        return err('disk_full', 'The disk is full.');
      },
    });
    const sent = frames(bodies);
    expect(await service.receive('r', identity, sent)).toMatchObject({ frames: [], error: { code: 'disk_full' } });
    expect(service.chain('r', 'n1')).toEqual({ ok: true, value: chainStart });
    full = false;
    expect((await service.receive('r', identity, sent)).frames).toHaveLength(sent.length);
  });
});
