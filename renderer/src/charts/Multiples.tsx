import { cx, formatCount } from '../ui/index.ts';
import styles from './Chart.module.css';
import { extentOf, lastValue, linearScale, linePath, type Point } from './scale.ts';

const sparkWidth = 200;
const sparkHeight = 24;

export interface SparklineProps {
  readonly points: ReadonlyArray<Point>;
  /** Shared by all rows of a column. */
  readonly yDomain: readonly [number, number];
  readonly xDomain: readonly [number, number];
  readonly label: string;
}

/** A line without axes; its text alternative holds the figures. */
export function Sparkline({ points, yDomain, xDomain, label }: SparklineProps) {
  const x = linearScale(xDomain, [0, sparkWidth]);
  const y = linearScale(yDomain, [sparkHeight - 2, 2]);
  return (
    <svg
      className={styles.spark}
      viewBox={`0 0 ${sparkWidth} ${sparkHeight}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <path className={styles.line} d={linePath(points, x, y)} />
    </svg>
  );
}

export interface MultipleColumn {
  readonly id: string;
  /** "GPU utilisation, %" */
  readonly title: string;
  readonly unit: string;
  readonly decimals?: number;
  /** The scale's top where it is known: 100 for a share. */
  readonly top?: number;
  /** From this value on the figure is drawn as a warning. */
  readonly limit?: number;
}

export interface MultipleRow {
  readonly node: string;
  /** By column id; an absent column was not reported and says so. */
  readonly series: Readonly<Record<string, ReadonlyArray<Point>>>;
  /** A total to set beside the figure, by column id: memory of the GPU. */
  readonly of?: Readonly<Record<string, number>>;
}

export interface MultiplesProps {
  /** "last 90 min" */
  readonly span: string;
  readonly columns: ReadonlyArray<MultipleColumn>;
  readonly rows: ReadonlyArray<MultipleRow>;
  readonly xDomain: readonly [number, number];
}

/** Small multiples: nodes down, measures across, one scale a column. A table, so it is its own table view. */
export function Multiples({ span, columns, rows, xDomain }: MultiplesProps) {
  const domains = new Map(
    columns.map((column) => {
      const extent = extentOf(
        rows.map((row) => row.series[column.id] ?? []),
        false,
      );
      return [column.id, [0, column.top ?? Math.max(1, (extent?.[1] ?? 1) * 1.1)] as const];
    }),
  );
  return (
    <div
      role="table"
      aria-label={`Telemetry by node, ${span}`}
      className={styles.multiples}
      style={{ gridTemplateColumns: `120px repeat(${columns.length}, minmax(0, 1fr))` }}
    >
      <div role="row" className={styles.multiplesRow}>
        <div role="columnheader" className={styles.multiplesHead}>
          {span}
        </div>
        {columns.map((column) => (
          <div key={column.id} role="columnheader" className={styles.multiplesHead}>
            {column.title}
          </div>
        ))}
      </div>
      {rows.map((row) => (
        <div key={row.node} role="row" className={styles.multiplesRow}>
          <div role="rowheader" className={cx('mono', styles.multiplesName)}>
            {row.node}
          </div>
          {columns.map((column) => {
            const points = row.series[column.id] ?? [];
            const last = lastValue(points)?.y ?? undefined;
            const extent = extentOf([points], false);
            const write = (value: number) => formatCount(value, column.decimals ?? (Math.abs(value) < 100 ? 1 : 0));
            const total = row.of?.[column.id];
            return (
              <div
                key={column.id}
                role="cell"
                className={cx(
                  styles.multiple,
                  column.limit !== undefined && last !== undefined && last >= column.limit && styles.hot,
                )}
              >
                {last === undefined || extent === undefined ? (
                  <>
                    <span />
                    <b className="faint">not reported</b>
                  </>
                ) : (
                  <>
                    <Sparkline
                      points={points}
                      xDomain={xDomain}
                      yDomain={domains.get(column.id) ?? [0, 1]}
                      label={`${column.title} of ${row.node}: ${write(last)} ${column.unit}, between ${write(extent[0])} and ${write(extent[1])}`}
                    />
                    <b>
                      {write(last)} <i>{total === undefined ? column.unit : `/ ${write(total)}`}</i>
                    </b>
                  </>
                )}
              </div>
            );
          })}
        </div>
      ))}
    </div>
  );
}
