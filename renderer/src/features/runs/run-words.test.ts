import { describe, expect, it } from 'vitest';
import type { RunView } from '../../../../electron/contract/views.ts';
import { eventTrust, gapSteps, runTrust, timeAndMoney } from './run-words.ts';

type Node = RunView['nodes'][number];
const block = (state: Node['lane'][number]['state'], fromStep: number, untilStep: number) => ({
  from: '',
  until: '',
  fromStep,
  untilStep,
  state,
});
const node = (trust: Node['trust'], lane: Node['lane']): Node => ({ name: 'a', trust, keyReleased: true, lane });
const run = (nodes: Node[]) => ({ nodes }) as RunView;

describe('words of a run', () => {
  it('is unknown without evidence, never verified', () => {
    expect(runTrust(run([]))).toBe('unknown');
    expect(runTrust(run([node('unknown', [])]))).toBe('unknown');
  });

  it('says refused when one node was refused, warning when evidence is missing now', () => {
    expect(runTrust(run([node('verified', []), node('refused', [])]))).toBe('refused');
    expect(runTrust(run([node('verified', [block('verified', 0, 5), block('gap', 5, 9)])]))).toBe('warning');
    expect(runTrust(run([node('verified', [block('verified', 0, 5)])]))).toBe('verified');
  });

  it('is not marred by a candidate that was refused before any key left', () => {
    const candidate: Node = { ...node('refused', []), keyReleased: false };
    expect(runTrust(run([candidate, node('verified', [block('verified', 0, 5)])]))).toBe('verified');
    expect(runTrust(run([candidate]))).toBe('refused');
    expect(runTrust(run([{ ...node('verified', []), keyReleased: false }]))).toBe('unknown');
  });

  it('never says verified of a node that was let through', () => {
    const override = { approvedBy: ['Alice'], checks: ['snp.tcb.minimum'], justification: 'patch on Monday' };
    const through = { ...node('verified', [block('verified', 0, 5)]), override } as Node;
    expect(runTrust(run([through]))).toBe('warning');
    expect(runTrust(run([through, node('refused', [])]))).toBe('refused');
  });

  it('counts steps without fresh evidence', () => {
    expect(gapSteps(run([node('verified', [block('verified', 0, 5), block('gap', 5, 9)])]))).toBe(4);
  });

  it('says time and money of a transfer, and never that a little is nothing', () => {
    expect(timeAndMoney({ seconds: 14, usd: 0.03 })).toBe('14 s and $0.03');
    expect(timeAndMoney({ seconds: 0.2, usd: 0.0001 })).toBe('less than a second and less than $0.01');
    expect(timeAndMoney({ seconds: 0, usd: 0 })).toBe('less than a second and $0.00');
    expect(timeAndMoney({ seconds: 90 })).toContain('no price named');
  });

  it('marks only what is about evidence or failure', () => {
    expect(eventTrust({ at: '', kind: 'checkpoint', message: '' })).toBeUndefined();
    expect(eventTrust({ at: '', kind: 'error', message: '' })).toBe('refused');
  });
});
