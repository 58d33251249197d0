import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { printable } from './printable.ts';
import { jsonItems, jsonMember, jsonNumber, jsonPlain, jsonSource, jsonText, parseJson } from './json.ts';

const limits = { what: 'the text', maxSize: 4096 };
const utf8 = (text: string) => new TextEncoder().encode(text);

function problem(source: Uint8Array | string): string {
  const parsed = parseJson(source, limits);
  return parsed.ok ? 'was accepted' : parsed.detail;
}

describe('strict JSON', () => {
  test('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(
        fc.json({ maxDepth: 4, stringUnit: 'grapheme' }),
        fc.constantFrom(undefined, 1, '\t'),
        (text, indent) => {
          const pretty = JSON.stringify(JSON.parse(text), null, indent);
          const parsed = parseJson(pretty, { what: 'the text', maxSize: 1 << 20 });
          expect(parsed.ok ? JSON.stringify(jsonPlain(parsed.value)) : parsed.detail).toBe(
            JSON.stringify(JSON.parse(text)),
          );
        },
      ),
    );
  });

  test('accepts nothing that JSON.parse refuses, whatever the bytes', () => {
    const near = fc.array(fc.constantFrom(...'{}[]":,\\u0dtruefalsn -1.eE+ \n\u0000é'), { maxLength: 24 });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          near.map((all) => utf8(all.join(''))),
        ),
        (bytes) => {
          const parsed = parseJson(bytes, limits);
          if (parsed.ok) JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('refuses two values for one name, also under another spelling, and names the byte', () => {
    expect(problem('{"a":1,"é":{"b":1,"b":2}}')).toBe(
      'the text is not usable JSON: a member name appears twice at byte 19',
    );
    expect(problem('{"a":1,"\\u0061":2}')).toContain('appears twice at byte 7');
  });

  test.each([
    ['', 'ends too early at byte 0'],
    ['{"a":1', 'an object is not closed at byte 6'],
    ['[1,]', 'no value at byte 3'],
    ['{"a":1,}', 'a member name is missing at byte 7'],
    ['{"a" 1}', 'a colon is missing at byte 5'],
    ['[1] x', 'something follows the value at byte 4'],
    ['01', 'no value at byte 0'],
    ['+1', 'no value at byte 0'],
    ['NaN', 'no value at byte 0'],
    ['1e999', 'no value at byte 0'],
    ['1'.repeat(5000), 'longer than 4096 bytes'],
    ['1'.repeat(60), 'no value at byte 0'],
    ['nul', 'an unknown word at byte 3'],
    ['"\\x"', 'an unknown escape at byte 1'],
    ['"\\u12g4"', 'an unknown escape at byte 1'],
    ['"\\ud800"', 'half of a surrogate pair in a string at byte 0'],
    ['"abc', 'a string is not closed at byte 0'],
    ['"a\nb"', 'a control character in a string at byte 2'],
    ['\ufeff{}', 'no value at byte 0'],
    ['[ /* */ ]', 'no value at byte 2'],
    ['['.repeat(40) + ']'.repeat(40), 'nested deeper than 32 levels at byte 32'],
  ])('%j: %s', (text, words) => expect(problem(text)).toContain(words));

  test('refuses broken UTF-8', () => {
    expect(problem(Uint8Array.of(0x22, 0x61, 0xff, 0x22))).toContain('not UTF-8 at byte 0');
    expect(problem(Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22))).toContain('not UTF-8');
  });

  test('takes time in proportion to the size', () => {
    const hostile = ['"' + '\\n'.repeat(100_000) + '"', '[' + '1,'.repeat(100_000) + '1]', '1'.repeat(200_000)];
    for (const text of hostile) {
      const begun = performance.now();
      parseJson(text, { what: 'the text', maxSize: 1 << 20 });
      // Some 10 ms here; quadratic work would take seconds.
      expect(performance.now() - begun).toBeLessThan(1000);
    }
  });

  test('counts the limit in bytes', () => {
    expect(parseJson('"ééé"', { what: 'x', maxSize: 8 }).ok).toBe(true);
    expect(parseJson('"ééé"', { what: 'x', maxSize: 7 }).ok).toBe(false);
  });

  test('gives back the exact source of a member', () => {
    const source = utf8('{ "ü" : [ 1 ], "gpu" : { "b" : "\\u0041",\n"a":1.50 } , "c": 0}');
    const parsed = parseJson(source, limits);
    expect(parsed.ok).toBe(true);
    if (!parsed.ok) return;
    const gpu = jsonMember(parsed.value, 'gpu');
    expect(gpu && new TextDecoder().decode(jsonSource(source, gpu))).toBe('{ "b" : "\\u0041",\n"a":1.50 }');
    expect(jsonText(gpu, 'b')).toBe('A');
    expect(jsonNumber(gpu, 'a')).toBe(1.5);
    expect(jsonItems(parsed.value, 'ü')?.length).toBe(1);
    expect(jsonText(gpu, 'a')).toBeUndefined();
    expect(jsonItems(gpu, 'missing')).toBeUndefined();
  });

  test('keeps `__proto__` a key like another', () => {
    const parsed = parseJson('{"__proto__":{"x":1}}', limits);
    expect(parsed.ok && Object.keys(jsonPlain(parsed.value) as object)).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });
});

describe('text out of evidence', () => {
  test('cannot steer a terminal or fill a report', () => {
    expect(printable('grub\u001b[2J\u0000é')).toBe('grub\ufffd[2J\ufffd\ufffd');
    expect(printable('a'.repeat(1000), 3)).toBe('aaa…');
    expect(printable('plain text')).toBe('plain text');
  });
});
