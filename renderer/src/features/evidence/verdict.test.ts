import { describe, expect, it } from 'vitest';
import type { Check } from '../../../../electron/contract/evidence.ts';
import { makeVerification } from '../../testing/sample-views.ts';
import {
  checkGroups,
  firstOfInterest,
  notChecked,
  statusOfChecks,
  tally,
  trustOfCheck,
  trustOfStatus,
} from './verdict.ts';

const check = (id: string, outcome: Check['outcome'], required = true): Check => ({ id, title: id, outcome, required });

describe('verdict', () => {
  it('gives the pearl to affirming only', () => {
    expect(trustOfStatus('affirming')).toBe('verified');
    expect(trustOfStatus('none')).toBe('unknown');
    expect(trustOfStatus('contraindicated')).toBe('refused');
    expect(trustOfCheck(check('a', 'unknown'))).toBe('unknown');
  });

  it('takes the worst outcome, and unknown is never a pass', () => {
    expect(statusOfChecks([])).toBe('none');
    expect(statusOfChecks([check('a', 'pass'), check('b', 'unknown')])).toBe('none');
    expect(statusOfChecks([check('a', 'unknown'), check('b', 'fail')])).toBe('contraindicated');
    expect(statusOfChecks([check('a', 'pass'), check('b', 'fail', false)])).toBe('warning');
    expect(statusOfChecks([check('a', 'pass'), check('b', 'unknown', false)])).toBe('affirming');
  });

  it('opens at the failed required check', () => {
    const verification = makeVerification({ refused: true });
    const groups = checkGroups(verification);
    expect(groups.at(-1)?.id).toBe('binding');
    expect(firstOfInterest(groups)?.check.outcome).toBe('fail');
    expect(firstOfInterest(checkGroups(makeVerification({ refused: false })))?.check.outcome).toBe('unknown');
    expect(tally(groups.flatMap((group) => group.checks)).fail).toBeGreaterThan(0);
  });

  it('says each thing that was not checked once', () => {
    const verification = makeVerification({ refused: false });
    const first = verification.notChecked[0] ?? '';
    expect(notChecked({ ...verification, notChecked: [first, first] }).filter((each) => each === first)).toHaveLength(
      1,
    );
  });
});
