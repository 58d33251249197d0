import { MetricChart, type MetricChartProps } from './MetricChart.tsx';
import type { Point } from './scale.ts';

export interface LossChartProps extends Pick<
  MetricChartProps,
  'xDomain' | 'gaps' | 'markers' | 'now' | 'showX' | 'height' | 'log' | 'empty'
> {
  readonly train: ReadonlyArray<Point>;
  readonly validation?: ReadonlyArray<Point>;
  /** Another run by its name. */
  readonly compare?: { readonly name: string; readonly points: ReadonlyArray<Point> };
  readonly title?: string;
  readonly xKind?: 'step' | 'time';
}

/** Training loss over its min to max band, validation as hollow dots, another run dashed. */
export function LossChart({
  train,
  validation = [],
  compare,
  title = 'Loss',
  xKind = 'step',
  height = 240,
  empty = 'No step was reported yet.',
  ...rest
}: LossChartProps) {
  return (
    <MetricChart
      {...rest}
      title={title}
      axis="loss"
      xKind={xKind}
      height={height}
      series={[
        { name: 'train', kind: 'line', points: train },
        ...(validation.length === 0 ? [] : [{ name: 'held out', kind: 'dots' as const, points: validation }]),
        ...(compare === undefined ? [] : [{ name: compare.name, kind: 'compare' as const, points: compare.points }]),
      ]}
      empty={empty}
    />
  );
}
