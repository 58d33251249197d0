import type { Series } from '../../../electron/contract/views.ts';
import { Table, formatCount, formatMetric, type Column } from '../ui/index.ts';

interface Row {
  readonly x: number;
  readonly values: ReadonlyMap<string, number | null>;
}

/** The same drawn points as a table, newest first. */
export function SeriesTable({ series }: { readonly series: readonly Series[] }) {
  const byStep = new Map<number, Map<string, number | null>>();
  for (const each of series) {
    for (const point of each.points) {
      const values = byStep.get(point.x) ?? new Map<string, number | null>();
      values.set(each.name, point.y);
      byStep.set(point.x, values);
    }
  }
  const rows: Row[] = [...byStep].map(([x, values]) => ({ x, values })).sort((a, b) => b.x - a.x);
  const columns: ReadonlyArray<Column<Row>> = [
    { id: 'x', title: 'Step', width: '90px', align: 'end', cell: (row) => formatCount(row.x) },
    ...series.map((each): Column<Row> => ({
      id: each.name,
      title: each.name.replace('_', ' '),
      width: 'minmax(90px, 1fr)',
      align: 'end',
      cell: (row) => {
        const value = row.values.get(each.name);
        return value === undefined ? '' : value === null ? 'gap' : formatMetric(value);
      },
    })),
  ];
  return (
    <Table
      label="Values of the charts"
      rows={rows.slice(0, 200)}
      columns={columns}
      rowKey={(row) => String(row.x)}
      flush
    />
  );
}
