import { describe, expect, it } from 'vitest';
import type { RunView } from '../../../../electron/contract/views.ts';
import { restartWords } from './attempt-words.ts';
import { claimWords, signedWords, workerRows } from './worker-rows.ts';

const cluster: NonNullable<RunView['cluster']> = {
  network: 'ray-1',
  submissionId: 'nacre-1',
  status: 'RUNNING',
  nodes: [
    { node: 'a', state: 'alive' },
    { node: 'b', state: 'dead', message: 'health check failed' },
  ],
};
const nodes: RunView['nodes'] = [
  { name: 'a', trust: 'verified', keyReleased: true, lane: [] },
  { name: 'b', trust: 'verified', keyReleased: true, lane: [] },
  { name: 'c', trust: 'refused', keyReleased: false, lane: [] },
];
const run = (change: Partial<RunView>) => ({ nodes, draft: {}, ...change }) as RunView;

describe('workers', () => {
  it('are shown by rank with what was signed beside what Ray says; a refused candidate is none', () => {
    const workers: RunView['workers'] = [
      { rank: 0, node: 'a', state: 'running', lastSignedAt: '2026-11-22T14:00:00Z' },
      { rank: 1, node: 'b', state: 'lost' },
    ];
    const rows = workerRows(run({ workers, cluster }));
    expect(rows.map(({ rank, node, signed, said }) => [rank, node, signed?.state, said?.state])).toEqual([
      [0, 'a', 'running', 'alive'],
      [1, 'b', 'lost', 'dead'],
    ]);
    expect(workerRows(run({}))).toEqual([]);
    expect(workerRows(run({ cluster })).map(({ signed }) => signedWords(signed))).toEqual([
      'Nothing signed yet',
      'Nothing signed yet',
    ]);
  });

  it('say whose word it is', () => {
    expect(claimWords(cluster)).toBe('Ray says running. That is its claim; what the nodes sign is what counts.');
    expect(claimWords({ ...cluster, status: 'FAILED', message: 'Traceback\nValueError: no.\n' })).toContain(
      'Ray says failed (ValueError: no).',
    );
    expect(claimWords({ ...cluster, status: 'unknown' })).toContain('does not answer');
  });
});

describe('restarts', () => {
  const attempt: NonNullable<RunView['attempts']>[number] = {
    number: 1,
    jobId: 'ab',
    nodes: ['a'],
    outcome: 'failed',
    failureClass: 'node-unreachable',
    lostSteps: 12,
    firstStep: 0,
    lastStep: 52,
    usdPerHour: 3,
    costUsd: 0.02,
  };
  it('are counted with their causes and what was lost', () => {
    expect(restartWords(run({ attempts: [{ ...attempt, outcome: 'open' }] }))).toBe(
      'never restarted, 3 attempts at most',
    );
    const twice = [
      attempt,
      { ...attempt, number: 2, lostSteps: 0 },
      { ...attempt, number: 3, outcome: 'open' as const },
    ];
    expect(restartWords(run({ attempts: twice, draft: { maximumAttempts: 5 } as RunView['draft'] }))).toBe(
      'restarted twice (the node was lost, the node was lost), 12 steps trained again, 5 attempts at most',
    );
  });
});
