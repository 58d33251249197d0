import { CsvError, parse } from 'csv-parse/sync';
import { err, ok, type Result } from '../../contract/result.ts';

/** What one table may hold; beyond it the answer is an error that says which limit. */
export const tableLimits = {
  bytes: 1_073_741_824,
  /** Characters of one record, all cells together: a file that is one endless line stops here. */
  recordCharacters: 1_048_576,
  columns: 16_384,
  cells: 100_000_000,
  classes: 1_000,
} as const;

/** A classification table: every column but the target is a number. */
export interface Table {
  readonly features: readonly string[];
  /** Row by row, `features.length` values each. */
  readonly values: Float64Array;
  /** Index into `classes`, one a row. */
  readonly labels: Int32Array;
  /** Sorted; exactly as they stand in the file. */
  readonly classes: readonly string[];
  readonly rows: number;
}

// What both Number() and Python's float() read as the same decimal number; hexadecimal and empty cells are not numbers.
const decimal = /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/;

/**
 * Reads CSV (RFC 4180, UTF-8, with a header) for classification of `target`.
 * Errors: `invalid_input`, naming the column, and for a bad cell the data row (from 1) and line.
 */
export function readTable(csv: Uint8Array, target: string): Result<Table> {
  if (csv.length > tableLimits.bytes) {
    return err('invalid_input', `The table has ${csv.length} bytes; at most ${tableLimits.bytes} can be trained on.`);
  }
  const builder = new TableBuilder(target);
  try {
    parse(csv, {
      bom: true,
      skip_empty_lines: true,
      relax_column_count: true,
      max_record_size: tableLimits.recordCharacters,
      on_record: (record: string[], { lines }) => {
        builder.add(record, lines);
        return null;
      },
    });
  } catch (error) {
    if (error instanceof BadTable) return err('invalid_input', error.message);
    if (error instanceof CsvError)
      return err('invalid_input', `The table is not readable as CSV: ${whatIsWrong(error)}.`);
    throw error;
  }
  return builder.finish();
}

/** The parser's own messages quote cells, and a message leaves the enclave: only what and where is told. */
function whatIsWrong(error: CsvError): string {
  const { code } = error;
  const line = (error as { lines?: unknown }).lines;
  const place = typeof line === 'number' ? ` in line ${line}` : '';
  if (code === 'CSV_MAX_RECORD_SIZE') return `a row is longer than ${tableLimits.recordCharacters} characters${place}`;
  if (code === 'CSV_QUOTE_NOT_CLOSED') return `a quote is opened and never closed${place}`;
  if (code === 'INVALID_OPENING_QUOTE' || code === 'CSV_INVALID_CLOSING_QUOTE')
    return `a quote is out of place${place}`;
  return `${code}${place}`;
}

/** Carries a sentence out of the parser's callback; never leaves `readTable`. */
class BadTable extends Error {}

class TableBuilder {
  readonly #target: string;
  #header: string[] | undefined;
  #targetIndex = -1;
  #values = new Float64Array(4096);
  #used = 0;
  readonly #labels: string[] = [];
  readonly #classes = new Set<string>();

  constructor(target: string) {
    this.#target = target;
  }

  add(record: string[], line: number): void {
    if (this.#header === undefined) this.#readHeader(record);
    else this.#readRow(record, this.#header, line);
  }

  #readHeader(record: string[]): void {
    if (record.length > tableLimits.columns) {
      throw new BadTable(`The table has ${record.length} columns; at most ${tableLimits.columns} can be trained on.`);
    }
    const twice = record.find((name, index) => record.indexOf(name) !== index);
    if (twice !== undefined) throw new BadTable(`The header names column ${quote(twice)} twice.`);
    this.#targetIndex = record.indexOf(this.#target);
    if (this.#targetIndex < 0) {
      const known = record.slice(-8).map(quote).join(', ');
      throw new BadTable(
        `There is no column ${quote(this.#target)} to learn. The table has ${record.length} columns, the last are ${known}.`,
      );
    }
    if (record.length < 2) throw new BadTable(`The table has no column besides the target ${quote(this.#target)}.`);
    this.#header = record;
  }

  #readRow(record: string[], header: string[], line: number): void {
    const row = this.#labels.length + 1;
    const place = `Row ${row} (line ${line})`;
    if (record.length !== header.length) {
      throw new BadTable(`${place} has ${record.length} cells; the header has ${header.length}.`);
    }
    if (row * header.length > tableLimits.cells) {
      throw new BadTable(`The table has more than ${tableLimits.cells} cells; that is the most one run trains on.`);
    }
    this.#reserve(header.length);
    for (let column = 0; column < header.length; column++) {
      const cell = record[column] ?? '';
      if (column === this.#targetIndex) {
        this.#addLabel(cell, place);
        continue;
      }
      const value = decimal.test(cell) ? Number(cell) : Number.NaN;
      if (!Number.isFinite(value)) {
        // The cell itself is not quoted: the message leaves the enclave, the data must not.
        const what = cell.trim() === '' ? 'is empty' : 'is not a number';
        throw new BadTable(`${place}, column ${quote(header[column] ?? '')}: the cell ${what}.`);
      }
      this.#values[this.#used++] = value;
    }
  }

  #addLabel(label: string, place: string): void {
    if (label === '') throw new BadTable(`${place}, column ${quote(this.#target)}: the class is empty.`);
    this.#classes.add(label);
    if (this.#classes.size > tableLimits.classes) {
      throw new BadTable(
        `Column ${quote(this.#target)} has more than ${tableLimits.classes} different values; it is no class to learn.`,
      );
    }
    this.#labels.push(label);
  }

  #reserve(more: number): void {
    if (this.#used + more <= this.#values.length) return;
    const larger = new Float64Array(Math.max(this.#values.length * 2, this.#used + more));
    larger.set(this.#values.subarray(0, this.#used));
    this.#values = larger;
  }

  finish(): Result<Table> {
    if (this.#header === undefined) return err('invalid_input', 'The table is empty: it has not even a header.');
    if (this.#labels.length === 0) return err('invalid_input', 'The table has a header and no rows.');
    const classes = [...this.#classes].sort();
    if (classes.length < 2) {
      return err(
        'invalid_input',
        `Column ${quote(this.#target)} holds one class only; there is nothing to tell apart.`,
      );
    }
    const index = new Map(classes.map((name, at) => [name, at]));
    return ok({
      features: this.#header.filter((_, column) => column !== this.#targetIndex),
      values: this.#values.slice(0, this.#used),
      labels: Int32Array.from(this.#labels, (label) => index.get(label) ?? 0),
      classes,
      rows: this.#labels.length,
    });
  }
}

function quote(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}…` : text);
}
