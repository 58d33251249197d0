import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseWith } from './bytes.ts';
import { jsonPlain, parseJson } from './json.ts';
import { parseUtc } from './moment.ts';
import { FieldReader, readPlainJson, type PlainMembers } from './plain-json.ts';

const limits = { what: 'the text', maxSize: 1 << 20, maxDepth: 8 };

/** What the strict reader says of a text: its values or the whole error. */
function strictly(text: string): unknown {
  const parsed = parseJson(text, limits);
  return parsed.ok ? { ok: true, value: jsonPlain(parsed.value) } : parsed;
}

const likewise = (text: string) => parseWith(() => readPlainJson(text, limits));
/** Prototypes aside: `JSON.parse` gives objects one. */
const written = (value: unknown) => JSON.stringify(value);

describe('plain values of strict JSON', () => {
  test('are those of the strict reader, and so is every error', () => {
    const near = fc
      .array(fc.constantFrom(...'{}[]":,\\ueE+-.0159 \n\u0000é\ud800', '"a":', '"a":1', 'true', 'null', '1e999'), {
        maxLength: 20,
      })
      .map((all) => all.join(''));
    const twice = fc.tuple(fc.json({ maxDepth: 2 }), fc.json({ maxDepth: 1 }), fc.constantFrom('a', 'b', '\\u0061'));
    fc.assert(
      fc.property(
        fc.oneof(
          near,
          fc.json({ maxDepth: 10 }),
          twice.map(([a, b, name]) => `{"a":${a},"c":[{"${name}":1}],"${name}":${b}}`),
        ),
        (text) => {
          expect(written(likewise(text))).toBe(written(strictly(text)));
        },
      ),
      { numRuns: 5000 },
    );
  });

  test.each([
    '{"a":1,"b":{"a":1},"a":2}',
    '{"a":{"b":1,"b":2}}',
    '[{"a":1},{"a":1},{"a":1,"a":1}]',
    '{"a":"}","a":1}',
    '{"a":1,"\\u0061":2}',
  ])('refuse two values for one name: %s', (text) => {
    expect(likewise(text)).toMatchObject({ ok: false, detail: expect.stringContaining('appears twice') });
  });

  test.each(['[1e999]', '[1.5]', '[-0]', `[${'9'.repeat(41)}]`, '"\ud800"', '[[[[[[[[[0]]]]]]]]]', '{"__proto__":1}'])(
    'the strict reader has the word on %s',
    (text) => expect(written(likewise(text))).toBe(written(strictly(text))),
  );

  test('take time in proportion to the size, also with many names in one object', () => {
    const many = (count: number) => `{${Array.from({ length: count }, (_, at) => `"n${at}":${at}`).join(',')}}`;
    const time = (text: string) => {
      const began = performance.now();
      expect(likewise(text).ok).toBe(true);
      return performance.now() - began;
    };
    time(many(1000));
    expect(time(many(20_000))).toBeLessThan(2000);
  });
});

describe('fields', () => {
  const read = (value: unknown, take: (members: PlainMembers, reader: FieldReader) => unknown) =>
    parseWith(() => {
      const reader = new FieldReader('the list');
      return take(reader.root(value), reader);
    });

  test('that are not as they must be are named with their place', () => {
    const levels = (members: PlainMembers, reader: FieldReader) =>
      reader.objects(members, 'levels', { least: 1, most: 2 }, (level) =>
        reader.object(level, 'tcb', (tcb) => reader.whole(tcb, 'svn', 255)),
      );
    const cases: [unknown, string][] = [
      [[], 'the list: no object'],
      [{}, 'the list at levels: missing'],
      [{ levels: {} }, 'the list at levels: no array'],
      [{ levels: [] }, 'the list at levels: 0 items, 1 to 2 allowed'],
      [{ levels: [{ tcb: { svn: 1 } }, null] }, 'the list at levels.1: no object'],
      [{ levels: [{ tcb: { svn: 1 } }, {}] }, 'the list at levels.1.tcb: missing'],
      [{ levels: [{ tcb: { svn: 1.5 } }] }, 'the list at levels.0.tcb.svn: no whole number up to 255'],
      [{ levels: [{ tcb: { svn: '1' } }] }, 'the list at levels.0.tcb.svn: no whole number up to 255'],
    ];
    for (const [value, detail] of cases) expect(read(value, levels)).toEqual({ ok: false, detail });
    expect(read({ levels: [{ tcb: { svn: 7 } }] }, levels)).toEqual({ ok: true, value: [7] });
    expect(read({ a: ['x', 1] }, (all, reader) => reader.texts(all, 'a', 3, 3))).toEqual({
      ok: false,
      detail: 'the list at a.1: no text of up to 3 characters',
    });
    expect(read({ a: 'c' }, (all, reader) => reader.among(all, 'a', ['x', 'y']))).toEqual({
      ok: false,
      detail: 'the list at a: not one of x, y',
    });
    expect(read({ a: 'long' }, (all, reader) => reader.text(all, 'a', 3))).toMatchObject({ ok: false });
  });
});

test('moments are UTC dates that exist', () => {
  fc.assert(
    fc.property(fc.date({ min: new Date('0100-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }), (date) => {
      const text = `${date.toISOString().slice(0, 19)}Z`;
      expect(parseUtc(text)).toBe(Date.parse(text));
    }),
  );
  for (const day of [
    '2025-02-29',
    '2100-02-29',
    '2026-04-31',
    '2026-13-01',
    '2026-00-10',
    '2026-01-00',
    '2026-01-32',
  ]) {
    expect(parseUtc(`${day}T00:00:00Z`), day).toBeUndefined();
  }
  for (const text of [
    '2024-02-29T00:00:60Z',
    '2024-02-29T24:00:00Z',
    '2024-02-29T00:00:00+00:00',
    '2024-02-29 00:00:00Z',
    '2024-02-29T00:00:00.0Z',
    '2024-2-029T00:00:00Z',
    '',
  ]) {
    expect(parseUtc(text), text).toBeUndefined();
  }
  expect(parseUtc('2024-02-29T23:59:59Z')).toBe(Date.UTC(2024, 1, 29, 23, 59, 59));
});
