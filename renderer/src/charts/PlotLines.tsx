import { memo, useMemo } from 'react';
import { Area, ComposedChart, Line, XAxis, YAxis } from 'recharts';
import type { Point } from './scale.ts';

export interface PlotLinesProps {
  readonly points: ReadonlyArray<Point>;
  readonly width: number;
  readonly height: number;
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
  readonly xLow: number;
  readonly xHigh: number;
  readonly yLow: number;
  readonly yHigh: number;
  readonly log: boolean;
}

/** The line of this run over its min to max band. Drawn again only when one of its own figures changed, not with the cursor. */
export const PlotLines = memo(function PlotLines(props: PlotLinesProps) {
  const { points, width, height, xLow, xHigh, yLow, yHigh, log } = props;
  const rows = useMemo(
    () =>
      points.map(({ x, y, low, high }) => ({
        x,
        y,
        band: y === null || low === undefined || high === undefined ? null : [low, high],
      })),
    [points],
  );
  return (
    <ComposedChart
      width={width}
      height={height}
      data={rows}
      accessibilityLayer={false}
      margin={{ top: props.top, right: props.right, bottom: height - props.bottom, left: props.left }}
    >
      <XAxis dataKey="x" type="number" domain={[xLow, xHigh]} hide allowDataOverflow />
      <YAxis type="number" scale={log ? 'log' : 'linear'} domain={[yLow, yHigh]} hide allowDataOverflow width={0} />
      <Area
        dataKey="band"
        type="linear"
        stroke="none"
        fill="var(--data-band)"
        fillOpacity={1}
        isAnimationActive={false}
        dot={false}
        activeDot={false}
        connectNulls={false}
      />
      <Line
        dataKey="y"
        type="linear"
        stroke="var(--data)"
        strokeWidth={1.4}
        isAnimationActive={false}
        dot={false}
        activeDot={false}
        connectNulls={false}
      />
    </ComposedChart>
  );
});
