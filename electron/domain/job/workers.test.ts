import { describe, expect, it } from 'vitest';
import { jobDraftSchema, type JobDraft } from '../../contract/job.ts';
import { afterFailure } from './attempts.ts';
import { estimateJob, type EstimateNode } from './estimate.ts';
import { buildOrder, checkDraft, orderIsWhole, type OrderContext } from './order.ts';

const draft: JobDraft = {
  name: 'together',
  datasetId: 'd1',
  program: { type: 'command', command: ['python3', 'train.py'] },
  nodes: ['a', 'b', 'c'],
  policyId: 'default',
  budget: { maximumUsd: 5, maximumSeconds: 3600 },
  checkpointEverySteps: 50,
  evidenceRenewSeconds: 30,
  workers: { count: 2, minimum: 1 },
};
const context: OrderContext = {
  dataset: { id: 'd1', name: 'd', root: 'aa'.repeat(32), sealedBytes: 10, manifestSha256: 'bb'.repeat(32) },
  policyDigest: 'cc'.repeat(32),
  nodes: ['a', 'b', 'c'],
  outputRecipients: ['age1test'],
  ownerKey: 'key',
  now: Date.UTC(2026, 10, 22),
};
const scheduler = { network: 'ray-1', driverSha256: 'dd'.repeat(32) };
const transfer = { seconds: 0, usd: 0, bytes: 10, note: 'none' } as unknown as EstimateNode['transfer'];
const node = (name: string, usdPerHour: number): EstimateNode => ({ name, usdPerHour, transfer, simulated: true });

describe('a job of several workers', () => {
  it('names count, minimum and scheduler in the order, and in that of one node nothing', () => {
    const order = buildOrder(draft, { ...context, scheduler });
    if (!order.ok) throw new Error(order.error.message);
    expect(order.value.workers).toEqual({ count: 2, minimum: 1, scheduler });
    expect(orderIsWhole(order.value)).toBe(true);
    const other = { ...order.value, workers: { count: 2, minimum: 2, scheduler } };
    expect(orderIsWhole(other)).toBe(false);
    const { workers: _workers, ...alone } = draft;
    const single = buildOrder(alone, context);
    expect(single.ok && 'workers' in single.value).toBe(false);
    const started = buildOrder(alone, { ...context, scheduler });
    expect(started.ok && started.value.workers).toEqual({ count: 1, minimum: 1, scheduler });
  });

  it('is refused for the built-in trainer, for too few nodes, and for a minimum above the count', () => {
    const builtin: JobDraft['program'] = {
      type: 'builtin',
      trainer: 'csv-classification',
      target: 't',
      hidden: [],
      epochs: 1,
      batchSize: 1,
      learningRate: 1,
      heldOutShare: 0.2,
      seed: 1,
    };
    const dataset = { ...context.dataset, columns: ['t'], rows: 100 };
    const places = (changes: Partial<JobDraft>) => {
      const checked = checkDraft({ ...draft, ...changes }, dataset);
      const problems = checked.ok ? [] : checked.error.details?.['problems'];
      return (problems as { place: string }[]).map(({ place }) => place);
    };
    expect(places({})).toEqual([]);
    expect(places({ program: builtin })).toEqual(['workers']);
    expect(places({ nodes: ['a'], workers: { count: 3, minimum: 2 } })).toEqual(['nodes']);
    expect(jobDraftSchema.safeParse({ ...draft, workers: { count: 1, minimum: 2 } }).success).toBe(false);
    expect(jobDraftSchema.safeParse({ ...draft, workers: { count: 17, minimum: 1 } }).success).toBe(false);
  });

  it('costs the dearest of as many nodes as train, and says what is not encrypted', () => {
    const nodes = [node('a', 1), node('b', 2), node('c', 4)];
    const estimate = estimateJob(draft, context.dataset, nodes);
    expect(estimate.usd).toBeCloseTo((6 * 3605) / 3600, 6);
    expect(estimate.basis).toContain('gradients travel unencrypted');
    const few = estimateJob({ ...draft, workers: { count: 4, minimum: 4 } }, context.dataset, nodes);
    expect(few.problems.join()).toContain('3 of at least 4');
  });

  it('goes on with fewer nodes down to the minimum, and no further', () => {
    const ended = { failureClass: 'node-unreachable', number: 1, released: true, maximumAttempts: 3 } as const;
    const after = (minimum: number) =>
      afterFailure({ ...ended, candidates: ['a', 'b'], lost: ['b'], minimum }, { firstDelayMs: 1, maximumDelayMs: 1 });
    expect(after(1)).toMatchObject({ retry: true, nodes: ['a'] });
    expect(after(2)).toEqual({ retry: false, why: 'no-node-left' });
  });
});
