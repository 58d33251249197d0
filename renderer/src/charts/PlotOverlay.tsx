import { cx } from '../ui/index.ts';
import styles from './Chart.module.css';
import { endName, tickText, type ChartMarker, type ChartSeries, type LineEnd } from './chart-model.ts';
import { linePath, type Scale } from './scale.ts';
import { charactersIn, labelWidth } from './x-axis.ts';

export interface PlotOverlayProps {
  readonly axis: string;
  readonly series: ReadonlyArray<ChartSeries>;
  readonly x: Scale;
  readonly y: Scale;
  readonly log: boolean;
  readonly ticks: ReadonlyArray<number>;
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly markers: ReadonlyArray<ChartMarker>;
  readonly ends: ReadonlyArray<LineEnd>;
  readonly format: (value: number) => string;
  readonly now: number | undefined;
  readonly cursor: number | undefined;
  /** Said in the middle where nothing was measured. */
  readonly empty: string | undefined;
}

/** All that lies over the line of this run: other series, axis texts, markers, last values, the cursor. */
export function PlotOverlay(props: PlotOverlayProps) {
  const { axis, series, x, y, log, ticks, width, height, left, right, top, bottom, markers, ends, format } = props;
  return (
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
      <text className={cx(styles.text, styles.mid, styles.heavy)} x={0} y={top + 4}>
        {axis}
        {log ? ', log' : ''}
      </text>
      {ticks.map((tick) => (
        <text key={tick} className={styles.text} x={left - 8} y={y.at(tick) + 4} textAnchor="end">
          {tickText(tick, log ? [tick] : ticks)}
        </text>
      ))}
      <line className={styles.axis} x1={left} x2={width - right} y1={bottom} y2={bottom} />
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
        <text key={end.name} className={styles.text} x={width - right + 8} y={end.y + 4}>
          <tspan className={end.kind === 'compare' ? undefined : styles.strong}>{format(end.value)}</tspan>
          {series.length === 1 ? null : (
            <tspan dx={5}>{endName(end.name, charactersIn(right - 15 - labelWidth(format(end.value))))}</tspan>
          )}
        </text>
      ))}
      {props.cursor === undefined ? null : (
        <line className={styles.cursor} x1={x.at(props.cursor)} x2={x.at(props.cursor)} y1={0} y2={height} />
      )}
      {props.empty === undefined ? null : (
        <text className={styles.text} x={(left + width - right) / 2} y={height / 2} textAnchor="middle">
          {props.empty}
        </text>
      )}
    </svg>
  );
}
