import { ok, type Result } from '../../contract/result.ts';
import type { TablePreview } from '../../contract/table-preview.ts';
import type { DataPreview } from '../../contract/views.ts';
import { surveyKinds } from './file-kinds.ts';
import { planSource } from './source-plan.ts';
import { inspectTable, type InspectTable } from './table-task.ts';

/** The table format that a file's name says. */
export function tableFormat(name: string): TablePreview['format'] | undefined {
  const ending = /\.(csv|parquet|jsonl|ndjson)$/i.exec(name)?.[1]?.toLowerCase();
  return ending === 'ndjson' ? 'jsonl' : (ending as TablePreview['format'] | undefined);
}

/**
 * What a person sees before sealing: sizes, file count, kinds of files; for a CSV, Parquet or JSON Lines file its columns
 * and rows, and what is wrong with it. Errors: as `planSource` and those of a CSV file that is no table.
 */
export async function previewSource(
  path: string,
  options: { readonly target?: string; readonly signal?: AbortSignal; readonly inspect?: InspectTable } = {},
): Promise<Result<DataPreview>> {
  const plan = await planSource(path, options.signal);
  if (!plan.ok) return plan;
  const { name, kind, files, fileBytes, layout } = plan.value;
  const kinds = await surveyKinds(layout);
  const facts = { path, name, kind, bytes: fileBytes, files, kinds };
  const already = kind === 'file' && kinds[0]?.kind === 'age' ? [`${name} is an age file: it is sealed already.`] : [];
  const format = kind === 'file' ? tableFormat(name) : undefined;
  if (format === undefined) return ok({ ...facts, problems: already });
  const task = { path, format, ...(options.target === undefined ? {} : { target: options.target }) };
  const inspected = await (options.inspect ?? inspectTable)(task, options.signal);
  if (!inspected.ok) {
    // Only a CSV file must be a table to be of use to the built-in programs; others are sealed as they are.
    if (format === 'csv' || inspected.error.code === 'cancelled') return inspected;
    return ok({ ...facts, problems: [...already, inspected.error.message] });
  }
  const { table, csv } = inspected.value;
  if (csv === undefined) return ok({ ...facts, table, problems: already });
  return ok({
    ...facts,
    table,
    csv: {
      columns: csv.schema.columns.map((column) => column.name),
      rows: csv.schema.rows,
      target: csv.target,
      classes: [...csv.classes],
      numericColumns: csv.numericColumns,
    },
    problems: csv.problems.map((problem) => problem.message),
  });
}
