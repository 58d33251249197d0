import { useId, useMemo, useState } from 'react';
import { formatMetric } from '../ui/index.ts';
import { useWidth } from '../ui/useWidth.ts';
import styles from './Chart.module.css';
import { describeChart, placeEnds, yDomain, type ChartGap, type ChartMarker, type ChartSeries } from './chart-model.ts';
import { ChartTable } from './ChartTable.tsx';
import { ChartTitle, type AtCursor } from './ChartTitle.tsx';
import { cursorHandlers, useCursor } from './cursor.tsx';
import { Grid, XAxisRow } from './parts.tsx';
import { PlotLines } from './PlotLines.tsx';
import { PlotOverlay } from './PlotOverlay.tsx';
import { extentOf, lastValue, linearScale, logScale, logTicks, nearestPoint, niceTicks, type Point } from './scale.ts';
import { formatX, gutters, type XKind } from './x-axis.ts';

export interface MetricChartProps {
  readonly title: string;
  /** Unit in the axis label: "loss", "power, W". A log axis adds ", log" by itself. */
  readonly axis: string;
  readonly series: ReadonlyArray<ChartSeries>;
  readonly xKind: XKind;
  readonly xDomain: readonly [number, number];
  readonly log?: boolean;
  /** For amounts and shares. */
  readonly fromZero?: boolean;
  /** A fixed top, 1 for shares. */
  readonly top?: number;
  readonly height?: number;
  /** Spans without data or without fresh evidence: a faint tint through the chart. */
  readonly gaps?: ReadonlyArray<ChartGap>;
  readonly markers?: ReadonlyArray<ChartMarker>;
  /** Where the run stands now; dotted. */
  readonly now?: number | undefined;
  /** Draws the x scale under the plot; leave it to the last chart or lane of a page. */
  readonly showX?: boolean;
  /** Leaves out the title line, for a second plot under the same title. */
  readonly bare?: boolean;
  readonly format?: (value: number) => string;
  readonly empty?: string;
}

const noPoints: ReadonlyArray<Point> = [];
const plotTop = 8;

/** One plot of figures over steps or time, with its key, its exact values under the shared cursor and its table. */
export function MetricChart(props: MetricChartProps) {
  const {
    title,
    axis,
    series,
    xKind,
    xDomain,
    fromZero = false,
    height = 180,
    gaps = [],
    markers = [],
    showX = false,
    bare = false,
    format = formatMetric,
  } = props;
  const [ref, width] = useWidth(960);
  const [asTable, setAsTable] = useState(false);
  const cursor = useCursor();
  const tableId = useId();

  const all = useMemo(() => series.map((entry) => entry.points), [series]);
  const wantsLog = props.log === true;
  const extent = useMemo(() => extentOf(all, wantsLog), [all, wantsLog]);
  // A log axis needs positive values; without them it would say something untrue.
  const log = wantsLog && extent !== undefined;
  const [yLow, yHigh] = yDomain(extent, log, fromZero, props.top);
  const main = series.find((entry) => entry.kind === 'line');
  const stops = useMemo(
    () => (main ?? series[0])?.points.filter((point) => point.y !== null).map((point) => point.x) ?? [],
    [main, series],
  );

  const plotBottom = height - 1;
  const { left, right } = gutters(width);
  const x = linearScale(xDomain, [left, Math.max(left + 10, width - right)]);
  const y = (log ? logScale : linearScale)([yLow, yHigh], [plotBottom, plotTop]);
  const ticks = log ? logTicks(yLow, yHigh) : niceTicks(yLow, yHigh, height < 110 ? 2 : 4);
  const atCursor: ReadonlyArray<AtCursor> =
    cursor.x === undefined
      ? []
      : series.flatMap(({ name, points }) => {
          const point = nearestPoint(points, cursor.x ?? 0);
          return point?.y == null ? [] : [{ name, point }];
        });
  const ends = placeEnds(
    series.flatMap(({ name, kind, points }) => {
      const last = lastValue(points);
      return last?.y == null ? [] : [{ name, kind, value: last.y, y: y.at(last.y) }];
    }),
    plotBottom - 10,
  );

  return (
    <figure className={styles.chart}>
      {bare ? null : (
        <ChartTitle
          title={title}
          series={series}
          xKind={xKind}
          cursor={cursor.x}
          atCursor={atCursor}
          format={format}
          asTable={asTable}
          controls={tableId}
          onTable={setAsTable}
        />
      )}
      <div id={tableId} ref={ref}>
        {asTable ? (
          <ChartTable title={title} series={series} xKind={xKind} format={format} />
        ) : (
          <>
            <div
              className={styles.plot}
              role="slider"
              tabIndex={0}
              aria-label={describeChart({ title, axis, series, xKind, log, gaps }, format)}
              aria-orientation="horizontal"
              aria-valuemin={xDomain[0]}
              aria-valuemax={xDomain[1]}
              aria-valuenow={cursor.x ?? stops.at(-1) ?? xDomain[0]}
              aria-valuetext={
                atCursor.length === 0
                  ? 'no cursor'
                  : `${xKind} ${formatX(cursor.x ?? 0, xKind)}, ${atCursor
                      .map(({ name, point }) => `${name} ${format(point.y ?? Number.NaN)}`)
                      .join(', ')}`
              }
              style={{ height }}
              {...cursorHandlers(cursor, x, stops)}
            >
              <svg className={styles.under} width={width} height={height} aria-hidden="true">
                <Grid x={x} kind={xKind} width={width} height={height} rows={ticks.map((tick) => y.at(tick))} />
                {gaps.map((gap) => (
                  <rect
                    key={gap.from}
                    className={styles.gap}
                    x={x.at(gap.from)}
                    width={Math.max(1, x.at(gap.until) - x.at(gap.from))}
                    y={0}
                    height={height}
                  />
                ))}
              </svg>
              <div className={styles.lines} aria-hidden="true">
                <PlotLines
                  points={main?.points ?? noPoints}
                  width={width}
                  height={height}
                  top={plotTop}
                  bottom={plotBottom}
                  left={left}
                  right={right}
                  xLow={xDomain[0]}
                  xHigh={xDomain[1]}
                  yLow={yLow}
                  yHigh={yHigh}
                  log={log}
                />
              </div>
              <PlotOverlay
                axis={axis}
                series={series}
                x={x}
                y={y}
                log={log}
                ticks={ticks}
                width={width}
                height={height}
                left={left}
                right={right}
                top={plotTop}
                bottom={plotBottom}
                markers={markers}
                ends={ends}
                format={format}
                now={props.now}
                cursor={cursor.x}
                empty={extent === undefined ? (props.empty ?? 'No value yet.') : undefined}
              />
            </div>
            {showX ? <XAxisRow x={x} width={width} kind={xKind} cursor={cursor.x} now={props.now} /> : null}
          </>
        )}
      </div>
    </figure>
  );
}
