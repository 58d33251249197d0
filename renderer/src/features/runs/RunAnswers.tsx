import type { RunView } from '../../../../electron/contract/views.ts';
import {
  AnswerStrip,
  formatClock,
  formatCount,
  formatMetric,
  formatPercent,
  formatUsd,
  formatUsdPerHour,
  plural,
  secondsSince,
} from '../../ui/index.ts';
import { heldOutWords } from './held-out.ts';
import { gapSteps, isActive, runTrust, stateWord } from './run-words.ts';

/** The four questions people come with. */
export function RunAnswers({ run, now }: { readonly run: RunView; readonly now: number }) {
  const { loss, accuracy, validation_accuracy: held } = run.lastMetrics;
  const script = heldOutWords(run);
  const said = script === undefined ? undefined : `Held out: ${script}`;
  const trust = runTrust(run);
  const verified = run.nodes.filter((node) => node.trust === 'verified').length;
  const oldest = Math.max(0, ...run.nodes.map((node) => secondsSince(node.lane.at(-1)?.from, now) ?? 0));
  const gaps = gapSteps(run);
  const overridden = run.nodes.filter((node) => node.override !== undefined).length;
  const seconds = secondsSince(run.startedAt, run.endedAt === undefined ? now : Date.parse(run.endedAt));
  const total = run.progress?.total;
  return (
    <AnswerStrip
      answers={[
        {
          question: 'Is it learning?',
          answer: loss === undefined ? 'No step yet' : `Loss ${formatMetric(loss)}`,
          detail: accuracy === undefined ? undefined : `accuracy ${formatMetric(accuracy)}`,
          second:
            run.heldOutAccuracy !== undefined
              ? `${formatPercent(run.heldOutAccuracy)} on held-out rows at the end`
              : (said ?? (held === undefined ? 'No held-out figure yet' : `${formatPercent(held)} on held-out rows`)),
        },
        {
          question: 'Is it healthy?',
          answer: stateWord(run),
          detail:
            total === undefined
              ? `step ${formatCount(run.lastStep)}`
              : `step ${formatCount(run.lastStep)} of ${formatCount(total)}`,
          second: `${plural(run.checkpoints.length, 'checkpoint')} home${seconds === undefined ? '' : isActive(run) ? `, ${formatClock(seconds)} since the start` : `, took ${formatClock(seconds)}`}`,
        },
        {
          question: isActive(run) ? 'Is it still attested?' : 'Was it attested?',
          answer:
            trust === 'verified'
              ? 'Verified'
              : trust === 'refused'
                ? 'Refused'
                : trust === 'warning'
                  ? 'Warning'
                  : 'Unknown',
          trust,
          simulated: run.simulated,
          detail: `${verified} of ${plural(run.nodes.length, 'node')}${isActive(run) && verified > 0 ? `, oldest ${formatClock(oldest)}` : ''}`,
          second:
            overridden > 0
              ? `${plural(overridden, 'node')} let through by a logged override`
              : gaps === 0
                ? 'No step without fresh evidence'
                : `${plural(gaps, 'step')} without fresh evidence`,
        },
        {
          question: 'What does it cost?',
          answer: formatUsd(run.costUsd),
          detail: `of ${formatUsd(run.draft.budget.maximumUsd)}`,
          second: `${isActive(run) ? formatUsdPerHour(run.usdPerHour) : 'nothing is running'}${run.simulated ? ', simulated prices' : ''}`,
        },
      ]}
    />
  );
}
