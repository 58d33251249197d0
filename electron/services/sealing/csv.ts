import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { err, ok, type NacreError, type Result } from '../../contract/result.ts';
import type { Column, CsvSchema } from '../../contract/sealed.ts';
import { createColumnSurvey, type ColumnSurvey } from './csv-column.ts';
import { createCsvScanner, type CsvFault } from './csv-scanner.ts';
import { fileError } from './file-errors.ts';

/** Limits that keep memory flat whatever the file: characters of one row, columns of the table. */
export const csvLimits = { row: 1_048_576, columns: 16_384 } as const;

/** What a CSV file holds, and what keeps it from being trained on. */
export interface CsvInspection {
  readonly bytes: number;
  readonly schema: CsvSchema;
  /** The named target, or the guessed one. */
  readonly target: string;
  /** Values of the target with their rows, most rows first; empty when there are too many to be classes. */
  readonly classes: readonly { readonly name: string; readonly rows: number }[];
  /** Columns of which every cell is a number. */
  readonly numericColumns: number;
  /** Each names its line and column, never a cell's content. The first is the one to show. */
  readonly problems: readonly NacreError[];
}

/** Names that people give to the column to be predicted. */
const targetNames = /^(target|label|class|category|y|outcome|diagnosis|species|digit)$/i;

/**
 * Reads a whole CSV file (RFC 4180, UTF-8, a header row) once, in flat memory. Problems of the data are listed; errors are
 * for what is no table at all: `invalid_input` (row over the limit, bad quotes, no header, columns over the limit),
 * `cancelled`, and those of the file system.
 * @param options.target the column to predict; guessed when absent.
 */
export async function inspectCsv(
  path: string,
  options: { readonly target?: string; readonly signal?: AbortSignal } = {},
): Promise<Result<CsvInspection>> {
  let refused: NacreError | undefined;
  const table = createTable();
  const scanner = createCsvScanner(csvLimits.row, (cells, line) => {
    refused ??= table.add(cells, line);
  });
  let bytes = 0;
  try {
    const stats = await stat(path);
    if (!stats.isFile()) return err('invalid_input', `${path} is not a file.`);
    bytes = stats.size;
    const source = createReadStream(path, { highWaterMark: 256 * 1024 });
    for await (const piece of source as AsyncIterable<Uint8Array>) {
      if (options.signal?.aborted === true) return err('cancelled', 'Cancelled while the table was read.');
      const fault = scanner.push(piece);
      if (fault !== undefined) return { ok: false, error: describeFault(path, fault) };
      if (refused !== undefined) return { ok: false, error: refused };
    }
  } catch (error) {
    return fileError('Reading', path, error);
  }
  const fault = scanner.end();
  if (fault !== undefined) return { ok: false, error: describeFault(path, fault) };
  if (refused !== undefined) return { ok: false, error: refused };
  return table.finish(path, bytes, options.target);
}

/** The first problem as an error, for whoever needs the table to be trainable; or the inspection. */
export function requireTrainable(inspection: CsvInspection): Result<CsvInspection> {
  const [problem] = inspection.problems;
  return problem === undefined ? ok(inspection) : { ok: false, error: problem };
}

function problemOf(reason: string, message: string, details: Record<string, unknown> = {}, hint?: string): NacreError {
  return err('invalid_input', message, { ...(hint === undefined ? {} : { hint }), details: { reason, ...details } })
    .error;
}

function describeFault(path: string, { reason, line }: CsvFault): NacreError {
  const place = `Line ${line} of ${path}`;
  if (reason === 'line-too-long') {
    return problemOf(
      reason,
      `${place} is longer than ${csvLimits.row.toLocaleString('en')} characters; that is no table row.`,
      { line },
      'Look for a quote that is never closed, or a file that is not CSV.',
    );
  }
  const hint = 'Quotes belong around a whole cell; a quote inside is written twice.';
  return problemOf(reason, `${place} has a quote where none may be, or one that is never closed.`, { line }, hint);
}

interface Table {
  /** @returns an error when reading on makes no sense. */
  add(record: readonly string[], line: number): NacreError | undefined;
  finish(path: string, bytes: number, target: string | undefined): Result<CsvInspection>;
}

function createTable(): Table {
  let surveys: ColumnSurvey[] | undefined;
  let rows = 0;
  let ragged: NacreError | undefined;

  function start(header: readonly string[]): NacreError | undefined {
    if (header.length > csvLimits.columns) {
      return problemOf(
        'too-many-columns',
        `The table has ${header.length} columns; the limit is ${csvLimits.columns}.`,
      );
    }
    surveys = header.map((name) => createColumnSurvey(name.trim()));
    return undefined;
  }

  return {
    add(record, line) {
      if (surveys === undefined) return start(record);
      rows += 1;
      if (record.length !== surveys.length) {
        const message = `Line ${line} has ${record.length} cells; the header has ${surveys.length}.`;
        ragged ??= problemOf('ragged-row', message, { line, column: Math.min(record.length, surveys.length) + 1 });
      }
      surveys.forEach((survey, i) => survey.add(record[i] ?? '', line));
      return undefined;
    },
    finish(path, bytes, wanted) {
      if (surveys === undefined) return { ok: false, error: problemOf('no-rows', `${path} is empty.`) };
      const columns: Column[] = surveys.map((survey) => ({ name: survey.name, type: survey.type() }));
      const named = wanted === undefined ? guessTarget(surveys) : surveys.find((survey) => survey.name === wanted);
      const target = named ?? surveys.at(-1);
      const problems: NacreError[] = [];
      if (wanted !== undefined && named === undefined) {
        const listed = columns.slice(0, 20).map(({ name }) => name);
        const more = columns.length > 20 ? ', …' : '';
        const message = `There is no column ${JSON.stringify(wanted)}; the header has ${listed.join(', ')}${more}.`;
        problems.push(problemOf('missing-column', message, { column: wanted }));
      }
      problems.push(...headerProblems(columns));
      if (rows === 0) problems.push(problemOf('no-rows', `${path} has a header but no rows.`));
      if (ragged !== undefined) problems.push(ragged);
      if (rows > 0 && target !== undefined && problems.length === 0) problems.push(...cellProblems(surveys, target));
      return ok({
        bytes,
        schema: { format: 'csv', columns, rows },
        target: target?.name ?? '',
        classes: target?.classes() ?? [],
        numericColumns: columns.filter(({ type }) => type === 'integer' || type === 'number').length,
        problems,
      });
    },
  };
}

/** The only text column; else one with a usual name; else the last. */
function guessTarget(surveys: readonly ColumnSurvey[]): ColumnSurvey | undefined {
  const text = surveys.filter((survey) => survey.type() === 'text');
  const usual = surveys.find((survey) => targetNames.test(survey.name));
  return text.length === 1 ? text[0] : (usual ?? surveys.at(-1));
}

function headerProblems(columns: readonly Column[]): NacreError[] {
  const seen = new Set<string>();
  for (const [index, { name }] of columns.entries()) {
    const column = index + 1;
    if (name === '')
      return [problemOf('unnamed-column', `Column ${column} of the header has no name.`, { line: 1, column })];
    if (seen.has(name)) {
      return [problemOf('duplicate-column', `The header names ${JSON.stringify(name)} twice.`, { line: 1, column })];
    }
    seen.add(name);
  }
  return [];
}

function cellProblems(surveys: readonly ColumnSurvey[], target: ColumnSurvey): NacreError[] {
  const problems: NacreError[] = [];
  const bad = surveys
    .filter((survey) => survey !== target)
    .flatMap((survey) => (survey.firstNotNumeric === undefined ? [] : [{ survey, ...survey.firstNotNumeric }]))
    .sort((a, b) => a.line - b.line)[0];
  if (bad !== undefined) {
    const column = surveys.indexOf(bad.survey) + 1;
    const what = bad.empty ? 'is empty' : 'is not a number';
    problems.push(
      problemOf(
        'not-numeric',
        `Line ${bad.line}, column ${column} (${JSON.stringify(bad.survey.name)}) ${what}.`,
        { line: bad.line, column, name: bad.survey.name },
        'Every column but the target must hold numbers only.',
      ),
    );
  }
  const name = JSON.stringify(target.name);
  const column = surveys.indexOf(target) + 1;
  if (target.firstEmpty !== undefined) {
    const line = target.firstEmpty;
    problems.push(
      problemOf('missing-label', `Line ${line} has no value in the target column ${name}.`, { line, column }),
    );
  }
  const classes = target.classes();
  if (target.tooManyValues) {
    const message = `The target column ${name} has more than ${target.valueMaximum} different values; these are no classes.`;
    problems.push(problemOf('too-many-classes', message, { column }, 'Choose the column that holds the class.'));
  } else if (classes.length === 1) {
    problems.push(
      problemOf('one-class', `The target column ${name} has one class only; there is nothing to learn.`, { column }),
    );
  }
  return problems;
}
