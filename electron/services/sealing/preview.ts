import { ok, type Result } from '../../contract/result.ts';
import type { DataPreview } from '../../contract/views.ts';
import { inspectCsv } from './csv.ts';
import { planSource } from './source-plan.ts';

/**
 * What a person sees before sealing: sizes, file count, and for a CSV file its table and what is wrong with it.
 * Errors: as `planSource` and `inspectCsv`.
 */
export async function previewSource(
  path: string,
  options: { readonly target?: string; readonly signal?: AbortSignal } = {},
): Promise<Result<DataPreview>> {
  const plan = await planSource(path, options.signal);
  if (!plan.ok) return plan;
  const { name, kind, files, fileBytes } = plan.value;
  const facts = { path, name, kind, bytes: fileBytes, files };
  if (kind === 'folder' || !name.toLowerCase().endsWith('.csv')) return ok({ ...facts, problems: [] });
  const csv = await inspectCsv(path, options);
  if (!csv.ok) return csv;
  const { schema, target, classes, numericColumns, problems } = csv.value;
  return ok({
    ...facts,
    csv: {
      columns: schema.columns.map((column) => column.name),
      rows: schema.rows,
      target,
      classes: [...classes],
      numericColumns,
    },
    problems: problems.map((problem) => problem.message),
  });
}
