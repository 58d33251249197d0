import { Table } from '../ui/index.ts';
import styles from './Chart.module.css';
import type { ChartSeries } from './chart-model.ts';
import { formatX, type XKind } from './x-axis.ts';

/** Every figure of a chart, the newest first; a gap is called a gap. */
export function ChartTable({
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
