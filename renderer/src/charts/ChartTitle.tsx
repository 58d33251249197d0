import styles from './Chart.module.css';
import type { ChartSeries } from './chart-model.ts';
import { KeyLine } from './parts.tsx';
import type { Point } from './scale.ts';
import { formatX, type XKind } from './x-axis.ts';

/** What a series has nearest to the cursor. */
export interface AtCursor {
  readonly name: string;
  readonly point: Point;
}

export interface ChartTitleProps {
  readonly title: string;
  readonly series: ReadonlyArray<ChartSeries>;
  readonly xKind: XKind;
  readonly cursor: number | undefined;
  readonly atCursor: ReadonlyArray<AtCursor>;
  readonly format: (value: number) => string;
  readonly asTable: boolean;
  /** Id of what the button changes. */
  readonly controls: string;
  readonly onTable: (asTable: boolean) => void;
}

/** The title line: the key of the lines, the exact figures under the cursor, the way to the table. */
export function ChartTitle({ title, series, xKind, cursor, atCursor, format, ...table }: ChartTitleProps) {
  return (
    <figcaption className={styles.title}>
      <h2>{title}</h2>
      {series.map((entry) => (
        <KeyLine key={entry.name} kind={entry.kind}>
          {entry.name}
          {entry.kind === 'line' && entry.points.some((point) => point.low !== undefined) ? ', min to max' : ''}
        </KeyLine>
      ))}
      <span className={styles.readout}>
        {cursor === undefined ? null : (
          <span>
            {xKind === 'step' ? 'step ' : ''}
            <b>{formatX(cursor, xKind)}</b>
          </span>
        )}
        {atCursor.map(({ name, point }) => (
          <span key={name}>
            {name} <b>{format(point.y ?? Number.NaN)}</b>
            {point.low === undefined || point.high === undefined ? null : (
              <span className="optional">{` ${format(point.low)} to ${format(point.high)}`}</span>
            )}
          </span>
        ))}
      </span>
      <button
        type="button"
        className={styles.toggle}
        aria-pressed={table.asTable}
        aria-controls={table.controls}
        onClick={() => table.onTable(!table.asTable)}
      >
        {table.asTable ? 'As chart' : 'As table'}
      </button>
    </figcaption>
  );
}
