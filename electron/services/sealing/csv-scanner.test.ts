import { parse } from 'csv-parse/sync';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCsvScanner } from './csv-scanner.ts';

function scan(bytes: Uint8Array, piece: number, rowMaximum = 1000) {
  const rows: string[][] = [];
  const lines: number[] = [];
  const scanner = createCsvScanner(rowMaximum, (cells, line) => {
    rows.push([...cells]);
    lines.push(line);
  });
  for (let at = 0; at < bytes.length; at += piece) {
    const fault = scanner.push(bytes.subarray(at, at + piece));
    if (fault !== undefined) return { fault, rows, lines };
  }
  return { fault: scanner.end(), rows, lines };
}

describe('CSV scanner', () => {
  it('reads what csv-parse reads and refuses what it refuses, in pieces of any size', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', '1', ',', '"', '\n', '\r\n', ' ', 'é', '""', '",'),
      maxLength: 40,
    });
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 50 }), (csv, piece) => {
        let expected: string[][] | undefined;
        try {
          expected = parse(csv, { relax_column_count: true, skip_empty_lines: true, record_delimiter: ['\n', '\r\n'] });
        } catch {
          expected = undefined;
        }
        const { fault, rows } = scan(Buffer.from(csv), piece);
        if (expected === undefined) expect(fault).toMatchObject({ reason: 'bad-quotes' });
        else expect({ fault, rows }).toEqual({ fault: undefined, rows: expected });
      }),
      { numRuns: 5000 },
    );
  });

  it('round-trips any cells', () => {
    const cells = fc.array(fc.array(fc.string({ unit: 'grapheme', maxLength: 8 }), { minLength: 2, maxLength: 4 }), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(cells, fc.integer({ min: 1, max: 20 }), (rows, piece) => {
        const csv = rows.map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',')).join('\r\n');
        expect(scan(Buffer.from(csv), piece)).toMatchObject({ fault: undefined, rows });
      }),
    );
  });

  it('tells the line on which a row begins', () => {
    const { lines } = scan(Buffer.from('a,b\n"1\n1",2\r\n\n3,4'), 3);
    expect(lines).toEqual([1, 2, 5]);
  });

  it('limits a row, with quotes and without, before it is whole', () => {
    const long = Buffer.from(`a,b\n${'x'.repeat(5000)}`);
    expect(scan(long, 100, 1000).fault).toEqual({ reason: 'line-too-long', line: 2 });
    const quoted = Buffer.from(`a,b\n"${'x\n'.repeat(5000)}`);
    expect(scan(quoted, 100, 1000).fault).toEqual({ reason: 'line-too-long', line: 2 });
    expect(scan(Buffer.from('a,b\n"never'), 2).fault).toEqual({ reason: 'bad-quotes', line: 2 });
  });
});
