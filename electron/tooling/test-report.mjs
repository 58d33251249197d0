// Reads the runners' JSON reports and words the closing summary. Pure, so that "CI lets nothing be skipped" is tested.

/**
 * What a step came to. `leftOut` says why it did not run at all; `mayBeLeftOut` marks the one step that CI allows that.
 * @typedef {{passed: number, failed: number, skipped: number, leftOut?: string, mayBeLeftOut?: boolean}} Outcome
 */

/** A runner that exits badly has failed at least once, whatever its report says. @param {Outcome} outcome @param {number} code */
function withExitCode(outcome, code) {
  return code !== 0 && outcome.failed === 0 ? { ...outcome, failed: 1 } : outcome;
}

/** @param {unknown} report vitest's JSON reporter @param {number} code @returns {Outcome} */
export function fromVitest(report, code) {
  const counts = /** @type {Record<string, number> | undefined} */ (report);
  if (counts === undefined) return withExitCode({ passed: 0, failed: 0, skipped: 0 }, code);
  const skipped = (counts['numPendingTests'] ?? 0) + (counts['numTodoTests'] ?? 0);
  const outcome = { passed: counts['numPassedTests'] ?? 0, failed: counts['numFailedTests'] ?? 0, skipped };
  return withExitCode(outcome, code);
}

/** @param {unknown} report Playwright's JSON reporter @param {number} code @returns {Outcome} */
export function fromPlaywright(report, code) {
  const stats = /** @type {{stats?: Record<string, number>} | undefined} */ (report)?.stats;
  if (stats === undefined) return withExitCode({ passed: 0, failed: 0, skipped: 0 }, code);
  // A flaky test passed only when tried again: that is a failure to look at.
  const failed = (stats['unexpected'] ?? 0) + (stats['flaky'] ?? 0);
  return withExitCode({ passed: stats['expected'] ?? 0, failed, skipped: stats['skipped'] ?? 0 }, code);
}

/**
 * The table, what was left out and why, and the last line `N passed, N failed`. In CI whatever was skipped or left
 * out counts as failed, except the step that says it may be.
 * @param {(Outcome & {name: string, seconds: number})[]} outcomes
 * @param {{inCi: boolean, all: string[]}} options
 * @returns {{lines: string[], passed: number, failed: number}}
 */
export function summary(outcomes, options) {
  const lines = ['step          passed  failed  skipped  seconds'];
  const notes = [];
  let passed = 0;
  let failed = 0;
  for (const outcome of outcomes) {
    const strict = options.inCi && outcome.mayBeLeftOut !== true;
    const held = strict ? outcome.skipped + (outcome.leftOut === undefined ? 0 : 1) : 0;
    passed += outcome.passed;
    failed += outcome.failed + held;
    const cells = [outcome.passed, outcome.failed + held, outcome.skipped].map((count) => String(count).padStart(6));
    lines.push(`${outcome.name.padEnd(12)}  ${cells.join('  ')}   ${outcome.seconds.toFixed(1).padStart(6)}`);
    const verdict = strict ? ' (a failure in CI)' : '';
    if (outcome.leftOut !== undefined) notes.push(`left out: ${outcome.name}: ${outcome.leftOut}${verdict}`);
    if (outcome.skipped > 0) notes.push(`left out: ${outcome.name}: ${outcome.skipped} tests were skipped${verdict}`);
  }
  const ran = new Set(outcomes.map((outcome) => outcome.name));
  const absent = options.all.filter((name) => !ran.has(name));
  if (absent.length > 0) notes.push(`not asked for: ${absent.join(', ')}`);
  return { lines: [...lines, ...notes, `${passed} passed, ${failed} failed`], passed, failed };
}
