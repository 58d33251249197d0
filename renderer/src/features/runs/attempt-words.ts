import type { AttemptView, FailureClass, Recovery } from '../../../../electron/contract/attempts.ts';
import type { RunView } from '../../../../electron/contract/views.ts';
import { formatCount, formatDateTime, formatUsd } from '../../ui/index.ts';

const classes: Readonly<Record<FailureClass, string>> = {
  'node-unreachable': 'the node was lost',
  'node-hung': 'the node hung',
  'evidence-refused': 'the node failed to prove itself again',
  'evidence-gap': 'the node gave no more evidence',
  'worker-not-started': 'a worker was not started',
  'job-failed': 'the program failed',
  'data-integrity': 'its data was not as signed',
  budget: 'the budget was spent',
  stopped: 'stopped',
};

/** How an attempt ended, in a few words. */
export function attemptWords({ outcome, failureClass, resumedFrom }: AttemptView): string {
  const from = resumedFrom === undefined ? '' : `, from the sealed checkpoint of step ${resumedFrom.step}`;
  if (failureClass !== undefined) return `${classes[failureClass]}${from}`;
  return `${outcome === 'succeeded' ? 'succeeded' : 'goes on'}${from}`;
}

/** `defaultMaximumAttempts` of the contract, which the page may import types of only. */
const defaultAttempts = 3;

/** How often a run was begun anew and why, in one line. */
export function restartWords({ attempts = [], draft }: RunView): string {
  const restarts = Math.max(0, attempts.length - 1);
  const causes = attempts
    .slice(0, restarts)
    .flatMap(({ failureClass }) => (failureClass === undefined ? [] : [classes[failureClass]]));
  const lost = attempts.slice(0, restarts).reduce((sum, { lostSteps = 0 }) => sum + lostSteps, 0);
  const times = restarts === 1 ? 'once' : restarts === 2 ? 'twice' : `${restarts} times`;
  const again = lost === 0 ? '' : `, ${formatCount(lost)} steps trained again`;
  const said = restarts === 0 ? 'never restarted' : `restarted ${times} (${causes.join(', ')})${again}`;
  return `${said}, ${draft.maximumAttempts ?? defaultAttempts} attempts at most`;
}

const waits: Readonly<Record<Recovery['waitsFor'], string>> = {
  'back-off': 'Looking for another verified node',
  unlock: 'The vault is locked, so the node is not replaced until it is unlocked',
  network: 'Waiting for the network',
};

/** What a run between two attempts waits for, and what that may cost. */
export function recoveryWords({ lostNode, waitsFor, operatorUsdPerMinute, operatorMayBillUntil }: Recovery): string {
  const cost =
    operatorUsdPerMinute === 0
      ? 'Waiting costs nothing.'
      : `The operator of ${lostNode} may bill ${formatUsd(operatorUsdPerMinute)} a minute until ${formatDateTime(operatorMayBillUntil)}; Nacre counts nothing after its last signed frame.`;
  return `${lostNode === '' ? '' : `${lostNode} was lost. `}${waits[waitsFor]}. ${cost}`;
}
