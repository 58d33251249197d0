import { CsvError, parse } from 'csv-parse';
import { createReadStream } from 'node:fs';
import { err, ok, type Result } from '../../contract/result.ts';
import type { DatasetSchema } from '../../contract/sealed.ts';
import type { DataPreview } from '../../contract/views.ts';

/** Larger tables are sealed as well, but not read through first: bytes. */
export const csvInspectMaximum = 256 * 1_048_576;
/** Characters of one record; a file that is one endless line stops here and does not fill the memory. */
const recordMaximum = 1_048_576;
const columnMaximum = 16_384;
const classMaximum = 1000;

export interface CsvInspection {
  readonly schema: DatasetSchema;
  readonly csv: NonNullable<DataPreview['csv']>;
  /** Sentences about what the built-in trainer would refuse, each with its place. */
  readonly problems: readonly string[];
}

interface ColumnFacts {
  numeric: boolean;
  integer: boolean;
  empty: boolean;
  /** First line that is no number, for the sentence. */
  badLine: number;
  values: Map<string, number> | undefined;
}

/**
 * Reads a CSV file through once, streaming. The target is the named column, else the last one that is no number with
 * few values, else the last column. Errors: `invalid_input` naming the line, `cancelled`, those of the file system.
 */
export async function inspectCsv(
  path: string,
  wantedTarget?: string,
  signal?: AbortSignal,
): Promise<Result<CsvInspection>> {
  let header: string[] | undefined;
  let columns: ColumnFacts[] = [];
  let rows = 0;
  const stream = createReadStream(path, signal === undefined ? {} : { signal });
  const parser = stream.pipe(
    parse({ bom: true, skip_empty_lines: true, relax_column_count: true, max_record_size: recordMaximum, info: true }),
  );
  stream.on('error', (error) => parser.destroy(error));
  try {
    for await (const item of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      const { record, info } = item;
      if (header === undefined) {
        const checked = checkHeader(record);
        if (!checked.ok) return checked;
        header = record;
        columns = record.map(() => ({ numeric: true, integer: true, empty: true, badLine: 0, values: new Map() }));
        continue;
      }
      if (record.length !== header.length) {
        return err('invalid_input', `Line ${info.lines} has ${record.length} cells, the header has ${header.length}.`);
      }
      rows += 1;
      record.forEach((cell, i) => look(columns[i], cell, info.lines));
    }
  } catch (error) {
    return csvError(path, error);
  } finally {
    stream.destroy();
  }
  if (header === undefined) return err('invalid_input', 'The file is empty: a table needs a header line.');
  if (wantedTarget !== undefined && !header.includes(wantedTarget)) {
    return err(
      'invalid_input',
      `There is no column ${JSON.stringify(wantedTarget)}; the header has ${header.slice(0, 8).join(', ')}.`,
    );
  }
  const target = wantedTarget ?? guessTarget(header, columns);
  return ok(describe(header, columns, rows, target));
}

function checkHeader(header: readonly string[]): Result<void> {
  if (header.length > columnMaximum) return err('invalid_input', `Line 1 has more than ${columnMaximum} columns.`);
  const seen = new Set<string>();
  for (const [i, name] of header.entries()) {
    if (name.trim() === '') return err('invalid_input', `Line 1: column ${i + 1} has no name.`);
    if (seen.has(name)) return err('invalid_input', `Line 1: two columns are named ${JSON.stringify(name)}.`);
    seen.add(name);
  }
  return ok(undefined);
}

function look(column: ColumnFacts | undefined, cell: string, line: number): void {
  if (column === undefined) return;
  const text = cell.trim();
  if (text !== '') column.empty = false;
  const value = text === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) {
    if (column.numeric) column.badLine = line;
    column.numeric = false;
  } else if (!Number.isInteger(value)) column.integer = false;
  if (column.values !== undefined) {
    column.values.set(text, (column.values.get(text) ?? 0) + 1);
    if (column.values.size > classMaximum) column.values = undefined;
  }
}

function guessTarget(header: readonly string[], columns: readonly ColumnFacts[]): string {
  const words = header.findLastIndex((_, i) => columns[i]?.numeric === false && columns[i].values !== undefined);
  return header[words] ?? header.at(-1) ?? '';
}

function describe(
  header: readonly string[],
  columns: readonly ColumnFacts[],
  rows: number,
  target: string,
): CsvInspection {
  const at = header.indexOf(target);
  const classes = [...(columns[at]?.values ?? new Map<string, number>())]
    .map(([name, count]) => ({ name, rows: count }))
    .sort((a, b) => b.rows - a.rows);
  const problems: string[] = [];
  if (rows === 0) problems.push('There are no rows under the header.');
  else if (classes.length === 0)
    problems.push(`Column ${target} has more than ${classMaximum} values: it is no class.`);
  else if (classes.length === 1) problems.push(`Column ${target} has one class only; there is nothing to learn.`);
  if (rows > 0) {
    const bad = header.findIndex((_, i) => i !== at && columns[i]?.numeric === false);
    if (bad >= 0) {
      problems.push(
        `Line ${columns[bad]?.badLine ?? 0}, column ${header[bad] ?? ''}: not a number. The built-in trainer needs numbers.`,
      );
    }
  }
  const numeric = columns.filter((column, i) => i !== at && column.numeric && !column.empty).length;
  return {
    schema: {
      format: 'csv',
      columns: header.map((name, i) => ({ name, type: typeOf(columns[i]) })),
      rows,
    },
    csv: { columns: [...header], rows, target, classes: classes.slice(0, 100), numericColumns: numeric },
    problems,
  };
}

function typeOf(column: ColumnFacts | undefined): 'integer' | 'number' | 'text' | 'empty' {
  if (column === undefined || column.empty) return 'empty';
  if (!column.numeric) return 'text';
  return column.integer ? 'integer' : 'number';
}

function csvError(path: string, error: unknown): Result<never> {
  if (error instanceof CsvError) {
    if (error.code === 'CSV_MAX_RECORD_SIZE') {
      return err('invalid_input', `A line of the table is longer than ${recordMaximum} characters; this is no table.`);
    }
    return err('invalid_input', `The file is not readable as CSV: ${error.message}`);
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  if (code === 'ABORT_ERR') return err('cancelled', 'Reading the table was cancelled.');
  if (code === 'ENOENT') return err('not_found', `There is no file ${path}.`);
  if (code === 'EACCES' || code === 'EPERM') return err('not_permitted', `${path} may not be read (${code}).`);
  return err('unavailable', `${path} could not be read (${code}).`);
}
