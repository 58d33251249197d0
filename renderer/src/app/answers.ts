import type { AppState, TaskView } from '../../../electron/contract/views.ts';
import {
  formatByteRate,
  formatClock,
  formatDuration,
  formatPercent,
  formatUsd,
  plural,
  secondsSince,
} from '../ui/index.ts';
import type { TopBarAnswer } from './frame/Frame.tsx';

/** The last minute before auto-lock is said in words, so that it can be extended (GUIDE §9). */
export const lockWarningSeconds = 60;

/** Seconds until the vault locks itself; undefined when it is closed or auto-lock is off. */
export function secondsToLock(state: AppState, now: number): number | undefined {
  const since = secondsSince(state.vault.locksAt, now);
  return since === undefined ? undefined : Math.max(0, -since);
}

/** What moves bytes now: the newest such task, and how many more there are. Undefined when nothing does. */
export function movingAnswer(tasks: ReadonlyArray<TaskView>): TopBarAnswer | undefined {
  const moving = tasks.filter((task) => task.state === 'running' && task.progress?.unit === 'bytes');
  const [task] = moving;
  if (task?.progress === undefined) return undefined;
  const { done, total, ratePerSecond, secondsLeft } = task.progress;
  const share = total <= 0 ? 0 : Math.min(1, done / total);
  const rate = ratePerSecond === undefined ? undefined : formatByteRate(ratePerSecond);
  const left = secondsLeft === undefined ? undefined : `${formatDuration(secondsLeft)} left`;
  const more = moving.length > 1 ? `${moving.length - 1} more` : undefined;
  return {
    question: movingWords[task.kind] ?? 'Working',
    value: task.paused === true ? 'Paused' : formatPercent(share, 0),
    note: [task.paused === true ? formatPercent(share, 0) : rate, task.paused === true ? undefined : left, more]
      .filter((part) => part !== undefined)
      .join(', '),
  };
}

const movingWords: Readonly<Partial<Record<TaskView['kind'], string>>> = {
  seal: 'Sealing',
  upload: 'Uploading',
  download: 'Fetching',
};

/** The answers of the top bar, from the state of the app. `undefined` while nothing is known. */
export function topBarAnswers(state: AppState | undefined, now: number): ReadonlyArray<TopBarAnswer> {
  if (state === undefined) {
    return ['Vault', 'Local network', 'Approvals', 'Money at risk'].map((question) => ({ question, value: 'Unknown' }));
  }
  const { vault, network, approvals, money } = state;
  const left = secondsToLock(state, now);
  const locked = vault.state !== 'unlocked';
  const vaultAnswer: TopBarAnswer =
    vault.state === 'absent'
      ? { question: 'Vault', value: 'None yet', note: 'step 1 creates it' }
      : locked
        ? { question: 'Vault', value: 'Locked' }
        : {
            question: 'Vault',
            value: 'Unlocked',
            note: left === undefined ? 'does not lock itself' : `locks in ${formatClock(left)}`,
          };
  const networkAnswer: TopBarAnswer = {
    // Of the local one alone: a Ray cluster is said on the nodes screen, where its address and its alarms are.
    question: 'Local network',
    value:
      network.state === 'running'
        ? 'Running'
        : network.state === 'starting'
          ? 'Starting'
          : network.state === 'failed'
            ? 'Failed'
            : 'Stopped',
    note:
      network.state === 'running' || network.state === 'starting'
        ? network.nodes === 0
          ? 'no node yet, SIMULATED'
          : `${network.ready} of ${plural(network.nodes, 'node')}, SIMULATED`
        : network.state === 'failed'
          ? (network.message ?? 'see Nodes')
          : 'no node is asked',
  };
  return [
    vaultAnswer,
    networkAnswer,
    locked
      ? { question: 'Approvals', value: 'Not shown', note: vault.state === 'locked' ? 'while locked' : 'no vault' }
      : {
          question: 'Approvals',
          value: approvals.waiting === 0 ? 'None waiting' : `${approvals.waiting} waiting`,
        },
    {
      question: 'Money at risk',
      value: money.usdPerHour === 0 ? '$0.00' : `${formatUsd(money.usdPerHour / 60)} / min`,
      note:
        money.usdPerHour === 0
          ? 'nothing is running'
          : `${formatUsd(money.atRiskUsd)} since checkpoint${money.simulated ? ', SIMULATED' : ''}`,
    },
  ];
}
