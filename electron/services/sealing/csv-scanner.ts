/** Cells of one row, and the line on which it begins. The header is a row like any other. */
export type RowSink = (cells: readonly string[], line: number) => void;

export interface CsvFault {
  readonly reason: 'line-too-long' | 'bad-quotes';
  readonly line: number;
}

/** Reads CSV (RFC 4180: comma, LF or CRLF, `"` around a cell, `""` inside) in pieces of any size. */
export interface CsvScanner {
  /** @returns the fault that ends the reading; nothing may be pushed after it. */
  push(bytes: Uint8Array): CsvFault | undefined;
  end(): CsvFault | undefined;
}

const newline = 10;
const byteOrderMark = '\uFEFF';

/**
 * A scanner for tables of gigabytes: it works on whole decoded pieces and looks at single characters only in rows that
 * have a quote, which makes it several times faster than a parser that steps through all of them. Memory: one piece and
 * one row, whose length is limited.
 */
export function createCsvScanner(rowMaximum: number, onRow: RowSink): CsvScanner {
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  /** Whole lines of a row whose quotes are still open. */
  let open = '';
  let line = 1;
  let first = true;

  /** Takes text that ends with a line end, or with the file. */
  function take(text: string): CsvFault | undefined {
    let rest = open + text;
    open = '';
    if (first && rest.startsWith(byteOrderMark)) rest = rest.slice(1);
    first = false;
    let quote = rest.indexOf('"');
    let at = 0;
    while (at < rest.length) {
      const end = lineEnd(rest, at);
      if (quote >= 0 && quote < at) quote = rest.indexOf('"', at);
      if (quote < 0 || quote >= end) {
        if (end - at > rowMaximum) return { reason: 'line-too-long', line };
        const stop = rest.charCodeAt(end - 1) === 13 && end > at ? end - 1 : end;
        if (stop > at) onRow(rest.slice(at, stop).split(','), line);
        line += 1;
        at = end + 1;
        continue;
      }
      const row = readQuotedRow(rest, at);
      if (row === undefined) return { reason: 'bad-quotes', line };
      if (row.next - at > rowMaximum) return { reason: 'line-too-long', line };
      if (!row.closed) {
        open = rest.slice(at);
        return undefined;
      }
      onRow(row.cells, line);
      line += row.lines;
      at = row.next;
    }
    return undefined;
  }

  return {
    push(bytes) {
      const last = bytes.lastIndexOf(newline);
      const whole = bytes.subarray(0, last + 1);
      const tail = bytes.subarray(last + 1);
      if (last >= 0) {
        const text = pending.length === 0 ? decode(whole) : Buffer.concat([...pending, whole]).toString('utf8');
        pending = [];
        pendingBytes = 0;
        const fault = take(text);
        if (fault !== undefined) return fault;
      }
      if (tail.length > 0) {
        pending.push(Buffer.from(tail));
        pendingBytes += tail.length;
      }
      // Four bytes are the most that one character takes.
      return pendingBytes > rowMaximum * 4 ? { reason: 'line-too-long', line } : undefined;
    },
    end() {
      const text = Buffer.concat(pending).toString('utf8');
      pending = [];
      const fault = take(text);
      if (fault !== undefined) return fault;
      return open === '' ? undefined : { reason: 'bad-quotes', line };
    },
  };
}

function decode(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
}

interface QuotedRow {
  readonly cells: string[];
  /** Where the next row begins. */
  readonly next: number;
  /** Line ends in it, with the last. */
  readonly lines: number;
  /** False when the text ends inside quotes. */
  readonly closed: boolean;
}

/** One row by its cells. @returns undefined when a quote is where none may be. */
function readQuotedRow(text: string, from: number): QuotedRow | undefined {
  const cells: string[] = [];
  let lines = 1;
  for (let at = from; ;) {
    let stop: number;
    if (text[at] === '"') {
      const close = closingQuote(text, at + 1);
      if (close < 0) return { cells, next: text.length, lines, closed: false };
      const content = text.slice(at + 1, close);
      for (let end = content.indexOf('\n'); end >= 0; end = content.indexOf('\n', end + 1)) lines += 1;
      cells.push(content.replaceAll('""', '"'));
      stop = close + 1;
      if (text[stop] === '\r' && (stop + 1 === text.length || text[stop + 1] === '\n')) stop += 1;
      if (stop < text.length && text[stop] !== ',' && text[stop] !== '\n') return undefined;
    } else {
      const end = lineEnd(text, at);
      const comma = text.indexOf(',', at);
      stop = comma < 0 || comma > end ? end : comma;
      const cell = text.slice(at, stop === end && stop > at && text[stop - 1] === '\r' ? stop - 1 : stop);
      if (cell.includes('"')) return undefined;
      cells.push(cell);
    }
    if (text[stop] !== ',') return { cells, next: stop + 1, lines, closed: true };
    at = stop + 1;
  }
}

/** The quote that ends a cell: not one of a pair. */
function closingQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 2)) {
    if (text[at + 1] !== '"') return at;
  }
  return -1;
}
