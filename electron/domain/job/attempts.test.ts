import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { failureClasses } from '../../contract/attempts.ts';
import { afterFailure, failureClassOf, lostSteps, remainingNodes, type EndedAttempt } from './attempts.ts';

const ended: EndedAttempt = {
  failureClass: 'node-unreachable',
  number: 1,
  released: true,
  maximumAttempts: 3,
  candidates: ['a', 'b', 'c'],
  lost: ['a'],
};
const backOff = { firstDelayMs: 1000, maximumDelayMs: 3000 };
const error = (code: Parameters<typeof failureClassOf>[0]['code'], details = {}) => ({ code, message: '', details });

describe('after an attempt', () => {
  it('names the class of what ended it', () => {
    expect(failureClassOf(error('unavailable'))).toBe('node-unreachable');
    expect(failureClassOf(error('unavailable', { failureClass: 'job-failed' }))).toBe('job-failed');
    expect(failureClassOf(error('unavailable', { failureClass: 'made up' }))).toBe('node-unreachable');
    expect(failureClassOf(error('attestation_failed'))).toBe('evidence-refused');
    expect(failureClassOf(error('integrity'))).toBe('data-integrity');
    expect(failureClassOf(error('integrity', { reason: 'tls-key-mismatch' }))).toBe('node-unreachable');
    expect(failureClassOf(error('cancelled'))).toBe('stopped');
    expect(failureClassOf(error('internal'))).toBe('job-failed');
  });

  it('goes on elsewhere only where another node helps', () => {
    expect(afterFailure(ended, backOff)).toEqual({ retry: true, nodes: ['b', 'c'], delayMs: 1000 });
    for (const failureClass of ['job-failed', 'data-integrity', 'budget', 'stopped'] as const) {
      expect(afterFailure({ ...ended, failureClass }, backOff)).toMatchObject({ why: 'not-cured-by-another-node' });
    }
    expect(afterFailure({ ...ended, released: false }, backOff)).toMatchObject({ why: 'not-started' });
    expect(afterFailure({ ...ended, number: 3 }, backOff)).toMatchObject({ why: 'attempts-spent' });
    expect(afterFailure({ ...ended, lost: ['a', 'b', 'c'] }, backOff)).toMatchObject({ why: 'no-node-left' });
    expect(afterFailure({ ...ended, candidates: ['a'] }, backOff)).toMatchObject({ retry: true, nodes: ['a'] });
  });

  it('is bounded, waits no longer than it may, and takes no lost node while there is another', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...failureClasses),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 10 }),
        fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1 }),
        fc.subarray(['a', 'b', 'c', 'd']),
        (failureClass, number, maximumAttempts, candidates, lost) => {
          const next = afterFailure(
            { failureClass, number, released: true, maximumAttempts, candidates, lost },
            backOff,
          );
          if (!next.retry) return;
          expect(number).toBeLessThan(maximumAttempts);
          expect(next.delayMs).toBeLessThanOrEqual(3000);
          expect(next.nodes.length).toBeGreaterThan(0);
          if (candidates.length > 1) expect(next.nodes.some((node) => lost.includes(node))).toBe(false);
        },
      ),
    );
  });

  it('counts the steps that are in no checkpoint', () => {
    expect(lostSteps(130, 100)).toBe(30);
    expect(lostSteps(100, 100)).toBe(0);
    expect(remainingNodes([], [])).toEqual([]);
  });
});
