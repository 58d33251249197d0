import { useMemo } from 'react';
import {
  Area,
  CartesianGrid,
  ComposedChart,
  Line,
  ReferenceLine,
  ResponsiveContainer,
  Scatter,
  XAxis,
  YAxis,
} from 'recharts';
import { formatCount, formatMetric } from '../ui/index.ts';
import styles from './Charts.module.css';
import { lastValue, roundTicks, type ChartRow } from './rows.ts';
import type { Series } from '../../../electron/contract/views.ts';

export interface StepPlotProps {
  /** "loss, log": the name and what kind of axis it is. */
  readonly label: string;
  readonly rows: readonly ChartRow[];
  readonly train: Series | undefined;
  readonly lastStep: number;
  readonly logarithmic?: boolean;
  /** Both ends of the y axis where they are fixed: shares run from 0 to 1. */
  readonly domain?: readonly [number, number];
  readonly height: number;
  readonly cursor: number | undefined;
  readonly onCursor: (step: number | undefined) => void;
  /** Spans of steps without fresh evidence, tinted through the plot. */
  readonly gaps: ReadonlyArray<{ readonly from: number; readonly until: number }>;
  readonly showSteps?: boolean;
}

/** Left and right margins, shared with the attestation lane so that steps stand under each other. */
export const plotMargin = { left: 100, right: 76 } as const;

function HollowDot({ cx, cy }: { readonly cx?: number; readonly cy?: number }) {
  return cx === undefined || cy === undefined ? null : <circle cx={cx} cy={cy} r={2.2} className={styles.hollow} />;
}

/** One plot over steps: the line over its min to max band, validation as hollow dots, one cursor shared by the page. */
export function StepPlot({
  label,
  rows,
  train,
  lastStep,
  logarithmic = false,
  domain,
  height,
  cursor,
  onCursor,
  gaps,
  showSteps = false,
}: StepPlotProps) {
  const ticks = useMemo(() => roundTicks(lastStep, 6), [lastStep]);
  const last = lastValue(train);
  return (
    <div className={styles.plot} style={{ height }}>
      <span className={styles.axisName}>{label}</span>
      <ResponsiveContainer width="100%" height="100%">
        <ComposedChart
          data={rows as ChartRow[]}
          margin={{ top: 8, right: plotMargin.right, bottom: showSteps ? 0 : 4, left: 0 }}
          onMouseMove={(state) => onCursor(state.activeLabel === undefined ? undefined : Number(state.activeLabel))}
          onMouseLeave={() => onCursor(undefined)}
          accessibilityLayer={false}
        >
          <CartesianGrid className={styles.grid ?? ''} vertical={false} />
          <XAxis
            dataKey="x"
            type="number"
            domain={[0, Math.max(1, lastStep)]}
            ticks={ticks}
            hide={!showSteps}
            tickFormatter={(step: number) => formatCount(step)}
            tickLine={false}
            axisLine={false}
            height={20}
            allowDataOverflow
          />
          <YAxis
            width={plotMargin.left}
            scale={logarithmic ? 'log' : 'linear'}
            domain={domain === undefined ? (logarithmic ? ['auto', 'auto'] : [0, 'auto']) : [...domain]}
            tickCount={5}
            tickLine={false}
            axisLine={false}
            tickFormatter={(value: number) => String(Number(value.toPrecision(2)))}
            allowDataOverflow={domain !== undefined}
          />
          {gaps.map((gap) => (
            <ReferenceLine
              key={gap.from}
              segment={[
                { x: gap.from, y: 0 },
                { x: gap.until, y: 0 },
              ]}
              className={styles.gap ?? ''}
            />
          ))}
          <Area
            dataKey="band"
            className={styles.band ?? ''}
            stroke="none"
            isAnimationActive={false}
            connectNulls={false}
            activeDot={false}
          />
          <Line
            dataKey="value"
            className={styles.line ?? ''}
            dot={false}
            activeDot={false}
            isAnimationActive={false}
            connectNulls={false}
          />
          <Scatter dataKey="validation" shape={<HollowDot />} isAnimationActive={false} />
          {cursor === undefined ? null : <ReferenceLine x={cursor} className={styles.cursor ?? ''} />}
        </ComposedChart>
      </ResponsiveContainer>
      {last === undefined ? null : <b className={styles.last}>{formatMetric(last.y)}</b>}
    </div>
  );
}
