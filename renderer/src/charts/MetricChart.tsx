import { useId, useMemo, useState } from 'react';
import { Area, ComposedChart, Line, XAxis, YAxis } from 'recharts';
import { cx, formatMetric, Table } from '../ui/index.ts';
import styles from './Chart.module.css';
import { cursorHandlers, useCursor } from './cursor.tsx';
import { formatX, Grid, KeyLine, leftGutter, rightGutter, XAxisRow, type XKind } from './parts.tsx';
import {
  extentOf,
  lastValue,
  linearScale,
  linePath,
  logScale,
  logTicks,
  nearestPoint,
  niceTicks,
  type Point,
} from './scale.ts';
import { useWidth } from '../ui/useWidth.ts';

export interface ChartSeries {
  /** Stands in the key, the readout and the table: "train", "validation". */
  readonly name: string;
  /** `line`: this run, over its min to max band. `dots`: hollow dots. `compare`: another run, dashed. */
  readonly kind: 'line' | 'dots' | 'compare';
  /** In order of x, at most 400 (the core downsamples); `null` is a gap. */
  readonly points: ReadonlyArray<Point>;
}

export interface ChartMarker {
  readonly x: number;
  readonly label: string;
}

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
  readonly gaps?: ReadonlyArray<{ readonly from: number; readonly until: number }>;
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

/** Turns what was measured into a domain: padded, never of zero height, zero-based where asked. */
function yDomain(
  extent: [number, number] | undefined,
  log: boolean,
  fromZero: boolean,
  top: number | undefined,
): [number, number] {
  if (extent === undefined) return log ? [0.1, 1] : [0, top ?? 1];
  const [low, high] = extent;
  if (log) return [low * 0.94, Math.max(high * 1.06, low * 1.2)];
  const span = high - low === 0 ? Math.abs(high) || 1 : high - low;
  return [fromZero ? 0 : low - span * 0.06, top ?? high + span * 0.06];
}

/** The text alternative: last value of each series, gaps and scale. */
export function describeChart(
  props: Pick<MetricChartProps, 'title' | 'axis' | 'series' | 'xKind' | 'log' | 'gaps'>,
  format: (value: number) => string,
): string {
  const parts = props.series.map((entry) => {
    const last = lastValue(entry.points);
    return last === undefined || last.y === null
      ? `${entry.name}: no value yet`
      : `${entry.name} ${format(last.y)} at ${props.xKind === 'step' ? 'step ' : ''}${formatX(last.x, props.xKind)}`;
  });
  const gaps = props.gaps?.length ?? 0;
  return `${props.title}: ${props.axis} by ${props.xKind}${props.log === true ? ', log scale' : ''}. ${parts.join('; ')}.${
    gaps === 0 ? '' : ` ${gaps} ${gaps === 1 ? 'gap' : 'gaps'}.`
  }`;
}

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
  const domain = yDomain(extent, log, fromZero, props.top);
  const main = series.find((entry) => entry.kind === 'line');
  const stops = useMemo(
    () => (main ?? series[0])?.points.filter((point) => point.y !== null).map((point) => point.x) ?? [],
    [main, series],
  );

  const plotTop = 8;
  const plotBottom = height - 1;
  const x = linearScale(xDomain, [leftGutter, Math.max(leftGutter + 10, width - rightGutter)]);
  const y = (log ? logScale : linearScale)(domain, [plotBottom, plotTop]);
  const ticks = log ? logTicks(domain[0], domain[1]) : niceTicks(domain[0], domain[1], height < 110 ? 2 : 4);
  const rows = useMemo(
    () =>
      main?.points.map((point) => ({
        x: point.x,
        y: point.y,
        band: point.y === null || point.low === undefined || point.high === undefined ? null : [point.low, point.high],
      })) ?? [],
    [main],
  );
  const text = describeChart({ ...props, log }, format);
  const atCursor =
    cursor.x === undefined
      ? []
      : series
          .map((entry) => ({ entry, point: nearestPoint(entry.points, cursor.x ?? 0) }))
          .filter((item) => item.point?.y != null);
  const ends = placeEnds(
    series.flatMap((entry) => {
      const last = lastValue(entry.points);
      return last?.y == null ? [] : [{ name: entry.name, kind: entry.kind, value: last.y, y: y.at(last.y) }];
    }),
    plotBottom - 10,
  );

  return (
    <figure className={styles.chart}>
      {bare ? null : (
        <figcaption className={styles.title}>
          <h2>{title}</h2>
          {series.map((entry) => (
            <KeyLine key={entry.name} kind={entry.kind}>
              {entry.name}
              {entry.kind === 'line' && entry.points.some((point) => point.low !== undefined) ? ', min to max' : ''}
            </KeyLine>
          ))}
          <span className={styles.readout}>
            {cursor.x === undefined ? null : (
              <span>
                {xKind === 'step' ? 'step ' : ''}
                <b>{formatX(cursor.x, xKind)}</b>
              </span>
            )}
            {atCursor.map(({ entry, point }) => (
              <span key={entry.name}>
                {entry.name} <b>{format(point?.y ?? Number.NaN)}</b>
                {point?.low === undefined || point.high === undefined ? null : (
                  <span className="optional">{` ${format(point.low)} to ${format(point.high)}`}</span>
                )}
              </span>
            ))}
          </span>
          <button
            type="button"
            className={styles.toggle}
            aria-pressed={asTable}
            aria-controls={tableId}
            onClick={() => setAsTable(!asTable)}
          >
            {asTable ? 'As chart' : 'As table'}
          </button>
        </figcaption>
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
              aria-label={text}
              aria-orientation="horizontal"
              aria-valuemin={xDomain[0]}
              aria-valuemax={xDomain[1]}
              aria-valuenow={cursor.x ?? stops.at(-1) ?? xDomain[0]}
              aria-valuetext={
                atCursor.length === 0
                  ? 'no cursor'
                  : `${xKind} ${formatX(cursor.x ?? 0, xKind)}, ${atCursor
                      .map(({ entry, point }) => `${entry.name} ${format(point?.y ?? Number.NaN)}`)
                      .join(', ')}`
              }
              style={{ height }}
              {...cursorHandlers(cursor, x, stops)}
            >
              <svg className={styles.under} width={width} height={height} aria-hidden="true">
                <Grid x={x} width={width} height={height} rows={ticks.map((tick) => y.at(tick))} />
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
                <ComposedChart
                  width={width}
                  height={height}
                  data={rows}
                  accessibilityLayer={false}
                  margin={{ top: plotTop, right: rightGutter, bottom: height - plotBottom, left: leftGutter }}
                >
                  <XAxis dataKey="x" type="number" domain={[xDomain[0], xDomain[1]]} hide allowDataOverflow />
                  <YAxis
                    type="number"
                    scale={log ? 'log' : 'linear'}
                    domain={domain}
                    hide
                    allowDataOverflow
                    width={0}
                  />
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
              </div>
              <svg className={styles.over} width={width} height={height} aria-hidden="true">
                {series
                  .filter((entry) => entry.kind === 'compare')
                  .map((entry) => (
                    <path key={entry.name} className={styles.compare} d={linePath(entry.points, x, y)} />
                  ))}
                {series
                  .filter((entry) => entry.kind === 'dots')
                  .flatMap((entry) =>
                    entry.points.map((point) =>
                      point.y === null ? null : (
                        <circle
                          key={`${entry.name}${point.x}`}
                          className={styles.dot}
                          cx={x.at(point.x)}
                          cy={y.at(point.y)}
                          r={1.9}
                        />
                      ),
                    ),
                  )}
                <text className={cx(styles.text, styles.mid, styles.heavy)} x={0} y={plotTop + 4}>
                  {axis}
                  {log ? ', log' : ''}
                </text>
                {ticks.map((tick) => (
                  <text key={tick} className={styles.text} x={leftGutter - 8} y={y.at(tick) + 4} textAnchor="end">
                    {tickText(tick, log ? [tick] : ticks)}
                  </text>
                ))}
                <line
                  className={styles.axis}
                  x1={leftGutter}
                  x2={width - rightGutter}
                  y1={plotBottom}
                  y2={plotBottom}
                />
                {props.now === undefined ? null : (
                  <line className={styles.now} x1={x.at(props.now)} x2={x.at(props.now)} y1={0} y2={height} />
                )}
                {markers.map((marker) => {
                  const at = x.at(marker.x);
                  const before = at > width / 2;
                  return (
                    <g key={`${marker.x}${marker.label}`}>
                      <line className={styles.leader} x1={at} x2={at} y1={height - 40} y2={height} />
                      <text
                        className={cx(styles.text, styles.halo)}
                        x={at + (before ? -7 : 7)}
                        y={height - 10}
                        textAnchor={before ? 'end' : 'start'}
                      >
                        {marker.label}
                      </text>
                    </g>
                  );
                })}
                {ends.map((end) => (
                  <text key={end.name} className={styles.text} x={width - rightGutter + 8} y={end.y + 4}>
                    <tspan className={end.kind === 'compare' ? undefined : styles.strong}>{format(end.value)}</tspan>
                    {series.length === 1 ? null : <tspan dx={5}>{end.name.slice(0, 5)}</tspan>}
                  </text>
                ))}
                {cursor.x === undefined ? null : (
                  <line className={styles.cursor} x1={x.at(cursor.x)} x2={x.at(cursor.x)} y1={0} y2={height} />
                )}
                {extent === undefined ? (
                  <text
                    className={styles.text}
                    x={(leftGutter + width - rightGutter) / 2}
                    y={height / 2}
                    textAnchor="middle"
                  >
                    {props.empty ?? 'No value yet.'}
                  </text>
                ) : null}
              </svg>
            </div>
            {showX ? <XAxisRow x={x} width={width} kind={xKind} cursor={cursor.x} now={props.now} /> : null}
          </>
        )}
      </div>
    </figure>
  );
}

/** Figures of one linear axis with the same number of decimals; on a log axis each has its own. */
function tickText(tick: number, ticks: ReadonlyArray<number>): string {
  const decimals = Math.max(0, ...ticks.map((value) => (String(value).split('.')[1] ?? '').length));
  return tick.toLocaleString('en-US', {
    minimumFractionDigits: Math.min(decimals, 6),
    maximumFractionDigits: Math.min(decimals, 6),
  });
}

interface End {
  readonly name: string;
  readonly kind: ChartSeries['kind'];
  readonly value: number;
  readonly y: number;
}

/** Moves last values apart until none covers another, and up where they would reach into the plot below. */
function placeEnds(ends: ReadonlyArray<End>, lowest: number): ReadonlyArray<End> {
  const placed: End[] = [];
  for (const end of ends.toSorted((left, right) => left.y - right.y)) {
    const above = placed.at(-1);
    placed.push(above !== undefined && end.y - above.y < 13 ? { ...end, y: above.y + 13 } : end);
  }
  const over = (placed.at(-1)?.y ?? 0) - lowest;
  return over > 0
    ? placed.map((end, index) => ({ ...end, y: Math.min(end.y, lowest - (placed.length - 1 - index) * 13) }))
    : placed;
}

function ChartTable({
  title,
  series,
  xKind,
  format,
}: {
  readonly title: string;
  readonly series: ReadonlyArray<ChartSeries>;
  readonly xKind: XKind;
  readonly format: (value: number) => string;
}) {
  const rows = series
    .flatMap((entry) => entry.points.map((point) => ({ key: `${entry.name}:${point.x}`, name: entry.name, ...point })))
    .toSorted((left, right) => right.x - left.x);
  return (
    <div className={styles.table}>
      <Table
        label={`${title}, as a table`}
        rows={rows}
        rowKey={(row) => row.key}
        flush
        columns={[
          {
            id: 'x',
            title: xKind === 'step' ? 'Step' : 'UTC',
            width: '96px',
            align: 'end',
            cell: (row) => formatX(row.x, xKind),
          },
          { id: 'name', title: 'Series', width: 'minmax(90px, 1fr)', cell: (row) => row.name },
          {
            id: 'y',
            title: 'Value',
            width: '110px',
            align: 'end',
            cell: (row) => (row.y === null ? 'gap' : format(row.y)),
          },
          {
            id: 'low',
            title: 'Lowest',
            width: '110px',
            align: 'end',
            cell: (row) => (row.low === undefined ? '' : format(row.low)),
          },
          {
            id: 'high',
            title: 'Highest',
            width: '110px',
            align: 'end',
            cell: (row) => (row.high === undefined ? '' : format(row.high)),
          },
        ]}
      />
    </div>
  );
}
