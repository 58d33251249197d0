import type { JobDraft } from '../../../../electron/contract/job.ts';
import type { Estimate } from '../../../../electron/contract/views.ts';
import { formatDuration, formatUsd } from '../../ui/index.ts';
import { workersOf } from './candidates.ts';
import styles from './Designer.module.css';
import { NumberField } from './NumberField.tsx';
import { Step } from './Step.tsx';

interface BudgetStepProps {
  readonly draft: JobDraft;
  readonly estimate: Estimate | undefined;
  readonly edit: (change: Partial<JobDraft>) => void;
}

export function BudgetStep({ draft, estimate, edit }: BudgetStepProps) {
  const { budget } = draft;
  const attempts = draft.maximumAttempts ?? 3;
  const spare = estimate === undefined ? undefined : budget.maximumUsd - estimate.usd;
  const note =
    spare === undefined
      ? 'Waiting for the estimate'
      : spare >= 0
        ? `Fits: ${formatUsd(spare)} to spare`
        : `${formatUsd(-spare)} short`;
  return (
    <Step number={4} title="Budget" ready={spare !== undefined && spare >= 0} note={note}>
      <div className={styles.line}>
        <div className={styles.short}>
          <NumberField
            name="Stop the run at"
            unit="USD"
            value={budget.maximumUsd}
            minimum={0}
            maximum={1_000_000}
            fraction
            onNumber={(maximumUsd) => edit({ budget: { ...budget, maximumUsd } })}
          />
        </div>
        <div className={styles.short}>
          <NumberField
            name="or after"
            unit="s"
            value={budget.maximumSeconds}
            minimum={10}
            maximum={2_592_000}
            onNumber={(maximumSeconds) => edit({ budget: { ...budget, maximumSeconds } })}
          />
        </div>
        <div className={styles.short}>
          <NumberField
            name="Renew evidence every"
            unit="s"
            value={draft.evidenceRenewSeconds}
            minimum={5}
            maximum={86_400}
            onNumber={(evidenceRenewSeconds) => edit({ evidenceRenewSeconds })}
          />
        </div>
        <div className={styles.short}>
          <NumberField
            name="Attempts at most"
            unit={attempts === 1 ? 'no retry' : 'times'}
            value={attempts}
            minimum={1}
            maximum={10}
            onNumber={(maximumAttempts) => edit({ maximumAttempts })}
          />
        </div>
        <div className={styles.short}>
          <NumberField
            name="Transfers at most, 0: no limit"
            unit="Mbit/s"
            value={draft.bandwidthLimitMbps ?? 0}
            minimum={0}
            maximum={1_000_000}
            onNumber={(bandwidthLimitMbps) => edit({ bandwidthLimitMbps })}
          />
        </div>
        {estimate === undefined ? null : (
          <div className={styles.grow}>
            <svg
              className={styles.budget}
              role="img"
              aria-label={`${formatUsd(estimate.usd)} of ${formatUsd(budget.maximumUsd)}`}
            >
              <rect x="0" y="0" width="100%" height="6" fill="var(--bg-3)" />
              <rect
                x="0"
                y="0"
                width={`${budget.maximumUsd === 0 ? 100 : Math.min(100, (estimate.usd / budget.maximumUsd) * 100)}%`}
                height="6"
                fill="var(--data-2)"
              />
            </svg>
            <p className={styles.ends}>
              <span>
                {formatUsd(estimate.usd)} expected in {formatDuration(estimate.trainSeconds + estimate.transferSeconds)}
              </span>
              <span>stop {formatUsd(budget.maximumUsd)}</span>
            </p>
          </div>
        )}
      </div>
      <p className="dim">{attemptWords(attempts, draft)}</p>
    </Step>
  );
}

/** What a lost node costs, and what is done about it. */
function attemptWords(attempts: number, draft: JobDraft): string {
  const { budget, checkpointEverySteps, nodes, program } = draft;
  const { count, minimum } = workersOf(draft);
  if (attempts === 1) {
    return 'A node that is lost ends the run. What it cost stays spent; its checkpoints and a failure receipt are kept.';
  }
  const fewer = minimum < count ? `it goes on with fewer, ${minimum} at least` : 'it must prove itself anew';
  const elsewhere =
    nodes.length > 0 && nodes.length <= count
      ? `No spare node is chosen, so ${fewer}: choose more to go on elsewhere.`
      : 'The run goes on elsewhere, on a node that proves itself first and gets the key anew.';
  const lost =
    program.type === 'command'
      ? 'the time since the last checkpoint that the program wrote'
      : `the time since the last checkpoint (at most ${checkpointEverySteps} steps)`;
  return `A lost node costs ${lost} and a new transfer of the data. ${elsewhere} All attempts together stay within ${formatUsd(budget.maximumUsd)} and ${formatDuration(budget.maximumSeconds)}.`;
}
