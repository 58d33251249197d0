import { AttestationLane, ChartCursor, LossChart, MetricChart } from '../../charts/index.ts';
import type { RunView, Series } from '../../../../electron/contract/views.ts';
import { ErrorMessage, formatClock, formatCount, formatMetric, secondsSince } from '../../ui/index.ts';
import { useMethod } from '../../host/index.ts';
import { useLayout } from '../../state/index.ts';
import { isActive } from './run-words.ts';

const names = ['loss', 'accuracy', 'validation_loss', 'validation_accuracy'];

/** Loss and accuracy by step, and under them which steps had fresh evidence; one cursor through all. */
export function TrainingSection({
  run,
  now,
  beside,
}: {
  readonly run: RunView;
  readonly now: number;
  /** Id of a run of another MLflow server, drawn dashed. */
  readonly beside?: string | undefined;
}) {
  const log = useLayout((layout) => layout.logAxis);
  const series = useMethod(
    'runs.series',
    { id: run.id, names, maximumPoints: 400 },
    { every: isActive(run) ? 1000 : 60_000, keepPrevious: true },
  );
  const followed = useMethod('mlflow.followed', {}, { enabled: beside !== undefined });
  const other = followed.data?.find(({ id }) => id === beside);
  const otherSeries = useMethod(
    'mlflow.series',
    { id: beside ?? '', names: ['loss'], maximumPoints: 400 },
    { enabled: other !== undefined, every: 2000, keepPrevious: true },
  );
  const points = (name: string): Series['points'] =>
    series.data?.find((candidate) => candidate.name === name)?.points ?? [];
  const domain = [0, Math.max(1, run.progress?.total ?? run.lastStep, run.lastStep)] as const;
  const gaps = run.nodes.flatMap((node) =>
    node.lane
      .filter((block) => block.state === 'gap')
      .map((block) => ({ from: block.fromStep, until: block.untilStep })),
  );
  const shared = { xKind: 'step' as const, xDomain: domain, gaps, now: isActive(run) ? run.lastStep : undefined };
  return (
    <ChartCursor>
      {series.error === null ? null : <ErrorMessage inline error={series.error.error} />}
      <LossChart
        {...shared}
        title="Loss and accuracy"
        train={points('loss')}
        validation={points('validation_loss')}
        {...(other === undefined ? {} : { compare: { name: other.name, points: otherSeries.data?.[0]?.points ?? [] } })}
        log={log}
        height={220}
        showX={false}
      />
      <MetricChart
        {...shared}
        title="Accuracy"
        axis="accuracy"
        bare
        fromZero
        top={1}
        height={110}
        format={formatMetric}
        series={[
          { name: 'train', kind: 'line', points: points('accuracy') },
          { name: 'held out', kind: 'dots', points: points('validation_accuracy') },
        ]}
        showX={false}
        empty="No accuracy was reported yet."
      />
      <AttestationLane
        xKind="step"
        xDomain={domain}
        now={isActive(run) ? run.lastStep : undefined}
        lanes={run.nodes.map((node) => ({
          node: node.name,
          simulated: run.simulated,
          blocks: node.lane.map((block) => ({ from: block.fromStep, until: block.untilStep, state: block.state })),
          note: laneEnd(node, run, now),
          ...(node.reason === undefined ? {} : { why: node.reason }),
        }))}
        checkpoints={run.checkpoints.map((checkpoint) => ({
          x: checkpoint.step,
          label: `${formatCount(checkpoint.step)} sealed`,
        }))}
      />
    </ChartCursor>
  );
}

function laneEnd(node: RunView['nodes'][number], run: RunView, now: number): string {
  const last = node.lane.at(-1);
  if (last === undefined) return 'no evidence';
  if (last.state !== 'verified') return last.state;
  return isActive(run) ? `${formatClock(secondsSince(last.from, now) ?? 0)} old` : 'ended';
}
