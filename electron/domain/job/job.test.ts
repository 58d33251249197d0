import * as fc from 'fast-check';
import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { describe, expect, it } from 'vitest';
import type { JobDraft } from '../../contract/job.ts';
import { costUsd, estimateJob } from './estimate.ts';
import { estimateTransfer } from './transfer.ts';
import { buildOrder, checkDraft, orderIsWhole, parseDraft, type OrderContext } from './order.ts';

const draft: JobDraft = {
  name: 'Sample',
  datasetId: 'd1',
  program: {
    type: 'builtin',
    trainer: 'csv-classification',
    target: 'diagnosis',
    hidden: [16],
    epochs: 20,
    batchSize: 32,
    learningRate: 0.01,
    heldOutShare: 0.2,
    seed: 1,
  },
  nodes: ['a'],
  policyId: 'default',
  budget: { maximumUsd: 5, maximumSeconds: 600 },
  checkpointEverySteps: 50,
  evidenceRenewSeconds: 30,
};
const context: OrderContext = {
  dataset: {
    id: 'd1',
    name: 'breast_cancer.csv',
    root: 'aa'.repeat(32),
    sealedBytes: 1_250_000,
    manifestSha256: 'bb'.repeat(32),
    columns: ['mean_radius', 'diagnosis'],
    rows: 569,
  },
  policyDigest: 'cc'.repeat(32),
  nodes: ['a', 'b'],
  outputRecipients: ['age1abc'],
  ownerKey: 'AAAA',
  now: Date.UTC(2026, 10, 22),
};

describe('job order', () => {
  it('carries the SHA-256 of the JCS of all other fields, and any change shows', () => {
    const order = buildOrder(draft, context);
    if (!order.ok) throw new Error(order.error.message);
    const { jobId, ...rest } = order.value;
    expect(jobId).toBe(
      createHash('sha256')
        .update(canonicalize(rest) ?? '')
        .digest('hex'),
    );
    expect(order.value.notAfter).toBe('2026-11-22T01:10:00.000Z');
    expect(orderIsWhole(order.value)).toBe(true);
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }),
        fc.constantFrom('name', 'policyId', 'policyDigest', 'ownerKey'),
        (s, k) => {
          const changed = { ...order.value, [k]: s };
          expect(orderIsWhole(changed)).toBe(s === order.value[k as 'name']);
        },
      ),
    );
  });

  it('renews evidence as the draft says, and less often where a receipt could not name so many answers', () => {
    const renewed = (maximumSeconds: number) => {
      const order = buildOrder(
        { ...draft, evidenceRenewSeconds: 10, budget: { maximumUsd: 5, maximumSeconds } },
        context,
      );
      return order.ok ? order.value.evidenceRenewSeconds : undefined;
    };
    expect([3600, 150_000, 150_001, 2_592_000].map(renewed)).toEqual([10, 10, 11, 173]);
  });

  it('names the place of everything that does not fit', () => {
    const unknown = parseDraft({ ...draft, colour: 'red' });
    expect(unknown).toMatchObject({ ok: false, error: { code: 'invalid_input' } });
    if (!unknown.ok) expect(unknown.error.message).toContain('colour');
    const epochs = parseDraft({ ...draft, program: { ...draft.program, epochs: 0 } });
    if (epochs.ok) throw new Error('accepted');
    expect(epochs.error.message).toContain('program.epochs');
    const target = checkDraft({ ...draft, program: { ...draft.program, target: 'nope' } as never }, context.dataset);
    if (target.ok) throw new Error('accepted');
    expect(target.error.message).toMatch(/program\.target.*"nope".*mean_radius, diagnosis/);
    const { columns: _, ...folder } = context.dataset;
    expect(checkDraft(draft, folder).ok).toBe(false);
    expect(checkDraft({ ...draft, nodes: ['a', 'a'] }, context.dataset).ok).toBe(false);
    expect(checkDraft({ ...draft, program: { type: 'command', command: ['a\0'] } }, folder).ok).toBe(false);
    expect(checkDraft(draft, context.dataset).ok).toBe(true);
  });

  it('survives any value', () => {
    fc.assert(fc.property(fc.anything(), (value) => void parseDraft(value)));
  });
});

describe('estimate', () => {
  const transfer = estimateTransfer({
    node: 'a',
    region: 'r',
    uploadMbps: 100,
    transferUsdPerGb: 0.5,
    simulated: true,
    bytes: context.dataset.sealedBytes,
    bytesPresent: 0,
    now: 0,
  });
  const node = { name: 'a', usdPerHour: 3.6, transfer, simulated: true };
  it('counts money and transfer', () => {
    expect(costUsd(3.6, 1000)).toBeCloseTo(1);
    const estimate = estimateJob(draft, context.dataset, [node, { ...node, name: 'b', usdPerHour: 7.2 }]);
    expect(estimate.transferSeconds).toBeCloseTo(0.1);
    expect(estimate.transferUsd).toBeCloseTo((context.dataset.sealedBytes / 1e9) * 0.5, 9);
    expect(estimate.usd).toBeCloseTo((7.2 * (5 + 0.1 + estimate.trainSeconds)) / 3600 + estimate.transferUsd, 6);
    expect(estimate).toMatchObject({ fits: true, simulated: true, problems: [] });
    expect(estimate.basis).toContain('SIMULATED');
  });
  it('says what does not fit', () => {
    const poor = { ...draft, budget: { maximumUsd: 0, maximumSeconds: 10 } };
    expect(estimateJob(poor, context.dataset, [node]).problems.join()).toContain('budget of $0.00');
    expect(estimateJob(draft, context.dataset, []).fits).toBe(false);
    const command: JobDraft = { ...draft, program: { type: 'command', command: ['python3'] } };
    expect(estimateJob(command, context.dataset, [node])).toMatchObject({ trainSeconds: 600, fits: true });
  });
});
