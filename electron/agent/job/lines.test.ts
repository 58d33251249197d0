import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frameBodySchema } from '../../contract/wire.ts';
import { LineReader, RateLimit, SizeLimit } from './lines.ts';
import { metricBody, parseMetricLine } from './metric-lines.ts';

describe('lines of a command', () => {
  const read = (bytes: Buffer, sizes: readonly number[]): string[] => {
    const lines: string[] = [];
    const reader = new LineReader((line) => lines.push(line));
    let at = 0;
    for (const size of sizes) {
      reader.push(bytes.subarray(at, at + size));
      at += size;
    }
    reader.push(bytes.subarray(at));
    reader.end();
    return lines;
  };

  it('are the same however the pipe cuts them', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'é', '𝄞', '\n', ' ') }),
        fc.array(fc.nat(9)),
        (text, sizes) => {
          const lines = text.split('\n');
          if (lines.at(-1) === '') lines.pop();
          expect(read(Buffer.from(text), sizes)).toEqual(lines);
        },
      ),
    );
  });

  it('are cut at the length of a frame and lose a carriage return', () => {
    expect(read(Buffer.from('ab\r\ncd'), [])).toEqual(['ab', 'cd']);
    const [long] = read(Buffer.from('x'.repeat(100_000)), [7, 5000]);
    expect(long?.length).toBe(8192);
    expect(frameBodySchema.safeParse({ kind: 'log', stream: 'stdout', line: long }).success).toBe(true);
  });

  it('beyond the rate are counted', () => {
    const limit = new RateLimit(3);
    const taken = Array.from({ length: 100 }, () => limit.take()).filter(Boolean).length;
    // The clock may turn to the next second once in between.
    expect([3, 6]).toContain(taken);
    expect(limit.dropped).toBe(100 - taken);
  });
});

describe('metric lines', () => {
  it('carry finite figures as values and the others by name', () => {
    expect(
      parseMetricLine('{"step": 3, "epoch": 0.5, "loss": NaN, "a": -Infinity, "b": "Infinity", "c": 1}', 0),
    ).toEqual({
      kind: 'metric',
      step: 3,
      epoch: 0.5,
      values: { c: 1 },
      nonFinite: { loss: 'NaN', a: '-Infinity', b: 'Infinity' },
    });
    expect(parseMetricLine('{"loss": 1}', 41)).toMatchObject({ step: 41 });
  });

  it.each([
    '',
    'loss 1',
    '{"step": 1}',
    '{"step": -1, "loss": 1}',
    '{"step": 1.5, "loss": 1}',
    '[1]',
    '{',
    '{"a": "text"}',
  ])('are not: %s', (line) => expect(parseMetricLine(line, 0)).toBeUndefined());

  it('from any text are valid frame bodies or log lines', () => {
    const json = fc.json().map((text) => `{"x": 1, "y": ${text}}`);
    fc.assert(
      fc.property(fc.oneof(fc.string(), json), (line) => {
        const body = parseMetricLine(line, 0);
        if (body !== undefined) expect(frameBodySchema.safeParse(body).success).toBe(true);
      }),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.string({ maxLength: 20 }), fc.double()), (figures) => {
        expect(frameBodySchema.safeParse(JSON.parse(JSON.stringify(metricBody(1, 2, figures)))).success).toBe(true);
      }),
    );
  });
});

describe('the size of a log', () => {
  it('counts bytes, not characters, and once full stays full', () => {
    const limit = new SizeLimit(10);
    expect([limit.take('abcde'), limit.take('ééé'), limit.take('a'), limit.take('')]).toEqual([
      true,
      false,
      false,
      true,
    ]);
    expect(limit.dropped).toBe(2);
  });
});
