import { ok, type Result } from '../../contract/result.ts';
import type { TablePreview } from '../../contract/table-preview.ts';
import { inspectCsv, type CsvInspection } from './csv.ts';
import { inspectJsonLines } from './jsonl.ts';
import { columnsShown, inspectParquet } from './parquet.ts';

/** A table file to look into: its rows are read, so on a thread of its own unless it is small. */
export interface TableTask {
  readonly path: string;
  readonly format: TablePreview['format'];
  /** CSV: the column to predict. */
  readonly target?: string;
}

export interface TableInspection {
  readonly table: TablePreview;
  /** For CSV, which built-in programs train on. */
  readonly csv?: CsvInspection;
}

/** Whoever runs such tasks; see workers/table-inspector.ts. */
export type InspectTable = (task: TableTask, signal?: AbortSignal) => Promise<Result<TableInspection>>;

/** Does it here. Errors: those of `inspectCsv`, `inspectParquet`, `inspectJsonLines`. */
export const inspectTable: InspectTable = async (task, signal) => {
  if (task.format === 'csv') {
    const { path, target } = task;
    const csv = await inspectCsv(path, {
      ...(target === undefined ? {} : { target }),
      ...(signal === undefined ? {} : { signal }),
    });
    if (!csv.ok) return csv;
    const { columns, rows } = csv.value.schema;
    const shown = columns.slice(0, columnsShown).map(({ name, type }) => ({ name, type }));
    return ok({ table: { format: 'csv', columns: shown, columnCount: columns.length, rows }, csv: csv.value });
  }
  const table = await (task.format === 'parquet' ? inspectParquet(task.path) : inspectJsonLines(task.path));
  return table.ok ? ok({ table: table.value }) : table;
};
