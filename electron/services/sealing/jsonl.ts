import { createReadStream } from 'node:fs';
import { err, ok, type Result } from '../../contract/result.ts';
import type { TablePreview } from '../../contract/table-preview.ts';
import { fileError } from './file-errors.ts';
import { columnsShown } from './parquet.ts';

/** Rows that are parsed for the columns; all are counted. */
const rowsParsed = 1000;
/** Bytes of a parsed row. */
const rowMaximum = 1_048_576;
const newline = 10;

/**
 * Columns of the first 1,000 rows of a JSON Lines file, and the number of all rows (lines that are not empty), in flat
 * memory. Errors: `invalid_input`, naming the line (no JSON object, or longer than 1 MiB), and those of the file system.
 */
export async function inspectJsonLines(path: string): Promise<Result<TablePreview>> {
  const columns = new Map<string, Set<string>>();
  let rows = 0;
  let line = 0;
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let lineHasText = false;

  function parse(text: string): string | undefined {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return 'is not JSON';
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'is not a JSON object';
    for (const [name, cell] of Object.entries(value)) {
      const types = columns.get(name) ?? new Set();
      if (columns.has(name) || columns.size < columnsShown * 10) columns.set(name, types.add(typeOf(cell)));
    }
    return undefined;
  }

  function endLine(): string | undefined {
    line += 1;
    const text = waitingBytes > 0 ? Buffer.concat(waiting).toString('utf8').trim() : '';
    waiting = [];
    waitingBytes = 0;
    const filled = lineHasText;
    lineHasText = false;
    if (!filled) return undefined;
    rows += 1;
    return rows <= rowsParsed ? parse(text) : undefined;
  }

  try {
    for await (const piece of createReadStream(path, { highWaterMark: 256 * 1024 }) as AsyncIterable<Buffer>) {
      for (let at = 0; at < piece.length;) {
        const found = piece.indexOf(newline, at);
        const end = found < 0 ? piece.length : found;
        lineHasText ||= hasText(piece, at, end);
        if (rows < rowsParsed && end > at) {
          waiting.push(Buffer.from(piece.subarray(at, end)));
          waitingBytes += end - at;
          if (waitingBytes > rowMaximum) return badLine(path, line + 1, 'is longer than 1 MiB');
        }
        const problem = found < 0 ? undefined : endLine();
        if (problem !== undefined) return badLine(path, line, problem);
        at = end + 1;
      }
    }
  } catch (error) {
    return fileError('Reading', path, error);
  }
  const problem = endLine();
  if (problem !== undefined) return badLine(path, line, problem);
  const shown = [...columns].slice(0, columnsShown).map(([name, types]) => ({
    name: name.slice(0, 1024),
    type: [...types].filter((type) => type !== 'null').join(' or ') || 'null',
  }));
  return ok({ format: 'jsonl', columns: shown, columnCount: columns.size, rows });
}

function hasText(piece: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (piece[at] !== 13 && piece[at] !== 32 && piece[at] !== 9) return true;
  return false;
}

function typeOf(cell: unknown): string {
  if (cell === null) return 'null';
  if (Array.isArray(cell)) return 'list';
  return { string: 'text', number: 'number', boolean: 'boolean', object: 'object' }[typeof cell as string] ?? 'unknown';
}

function badLine(path: string, line: number, what: string): Result<never> {
  return err('invalid_input', `Line ${line} of ${path} ${what}.`, { details: { line } });
}
