import { useMemo, useState, type KeyboardEvent } from 'react';
import type { Series } from '../../../electron/contract/views.ts';
import { formatCount, formatMetric } from '../ui/index.ts';
import styles from './Charts.module.css';
import { AttestationLane, type LaneNode } from './AttestationLane.tsx';
import { chartRows, lastValue, nearestRow } from './rows.ts';
import { SeriesTable } from './SeriesTable.tsx';
import { StepPlot } from './StepPlot.tsx';

export interface TrainingChartsProps {
  readonly series: readonly Series[];
  readonly lastStep: number;
  readonly lanes: readonly LaneNode[];
  readonly checkpoints: ReadonlyArray<{ readonly step: number }>;
  readonly simulated: boolean;
  /** Sentence for assistive technology when there is nothing to draw yet. */
  readonly empty: string;
}

/** Loss, accuracy and the attestation lane under them, with one cursor. Arrow keys move it a drawn point at a time. */
export function TrainingCharts({ series, lastStep, lanes, checkpoints, simulated, empty }: TrainingChartsProps) {
  const [cursor, setCursor] = useState<number>();
  const [asTable, setAsTable] = useState(false);
  const named = (name: string) => series.find((candidate) => candidate.name === name);
  const loss = named('loss');
  const accuracy = named('accuracy');
  const validationLoss = named('validation_loss');
  const validationAccuracy = named('validation_accuracy');
  const lossRows = useMemo(() => chartRows(loss, validationLoss, true), [loss, validationLoss]);
  const accuracyRows = useMemo(() => chartRows(accuracy, validationAccuracy, false), [accuracy, validationAccuracy]);
  const gaps = lanes.flatMap((lane) =>
    lane.blocks
      .filter((block) => block.state === 'gap')
      .map((block) => ({ from: block.fromStep, until: block.untilStep })),
  );
  const at = cursor === undefined ? undefined : nearestRow(lossRows, cursor);
  const move = (event: KeyboardEvent) => {
    const steps = lossRows.map((row) => row.x);
    const index = at === undefined ? steps.length - 1 : steps.indexOf(at.x);
    const next = { ArrowLeft: index - 1, ArrowRight: index + 1, Home: 0, End: steps.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    setCursor(steps[Math.min(steps.length - 1, Math.max(0, next))]);
  };
  const words = [loss, accuracy, validationLoss, validationAccuracy]
    .flatMap((each) => {
      const last = lastValue(each);
      return each === undefined || last === undefined ? [] : [`${each.name.replace('_', ' ')} ${formatMetric(last.y)}`];
    })
    .join(', ');
  return (
    <section className={styles.training} aria-label="Training charts">
      <div className={styles.titleLine}>
        <h2>Loss and accuracy</h2>
        <span className={styles.key}>
          <svg width="20" height="8" aria-hidden="true">
            <rect y="1" width="20" height="6" className={styles.band} />
            <path d="M0 4h20" className={styles.line} />
          </svg>
          train, min to max
        </span>
        <span className={styles.key}>
          <svg width="8" height="8" aria-hidden="true">
            <circle cx="4" cy="4" r="2.2" className={styles.hollow} />
          </svg>
          held out
        </span>
        <span className={styles.readout} aria-live="polite">
          {at === undefined ? null : (
            <>
              step <b>{formatCount(at.x)}</b>
              {typeof at.value === 'number' ? (
                <>
                  {' '}
                  loss <b>{formatMetric(at.value)}</b>
                </>
              ) : (
                ' no value'
              )}
              {at.band === undefined ? null : ` ${formatMetric(at.band[0])} to ${formatMetric(at.band[1])}`}
            </>
          )}
        </span>
        <button type="button" className={styles.toggle} aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
          {asTable ? 'Show as chart' : 'Show as table'}
        </button>
      </div>
      {asTable ? (
        <SeriesTable series={series} />
      ) : (
        <div
          role="group"
          aria-label={
            words === '' ? empty : `Loss and accuracy by step. Last values at step ${formatCount(lastStep)}: ${words}.`
          }
          // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- arrow keys read the chart out (GUIDE §5)
          tabIndex={0}
          onKeyDown={move}
        >
          {lossRows.length === 0 ? <p className={styles.empty}>{empty}</p> : null}
          <StepPlot
            label="loss, log"
            rows={lossRows}
            train={loss}
            lastStep={lastStep}
            logarithmic
            height={236}
            cursor={at?.x}
            onCursor={setCursor}
            gaps={gaps}
          />
          <StepPlot
            label="accuracy"
            rows={accuracyRows}
            train={accuracy}
            lastStep={lastStep}
            domain={[0, 1]}
            height={116}
            cursor={at?.x}
            onCursor={setCursor}
            gaps={gaps}
            showSteps
          />
        </div>
      )}
      <AttestationLane
        lanes={lanes}
        lastStep={lastStep}
        checkpoints={checkpoints}
        simulated={simulated}
        cursor={at?.x}
      />
    </section>
  );
}
