import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Malformed } from './bytes.ts';
import { assertPlainXml } from './xml.ts';

const check = (xml: string) => assertPlainXml(xml, 'the text');

describe('plain XML', () => {
  it.each([
    '<a/>',
    '<?xml version="1.0" encoding="UTF-8"?>\n<a:b xmlns:a="urn:x" c=\'"\'>text &amp; &#38; more<d e="1" f = "2" ></d ></a:b>\n',
  ])('takes %s', (xml) => {
    expect(() => check(xml)).not.toThrow();
  });

  it.each([
    ['', 0],
    ['text', 0],
    ['<a></b>', 3],
    ['<a>', 3],
    ['</a>', 0],
    ['<a/><b/>', 4],
    ['<a b="1" b="2"/>', 0],
    ['<a b="1/>', 0],
    ['<a b=1/>', 0],
    ['<a\u0000b="1"/>', 2],
    ['<a>&evil;</a>', 3],
    ['<a>]]&gt;<![CDATA[x]]></a>', 9],
    ['<!DOCTYPE a><a/>', 0],
    ['<a><!-- x --></a>', 3],
    ['<a><?php x ?></a>', 3],
    ['<a/> <?xml version="1.0"?>', 5],
    [`${'<a>'.repeat(65)}${'</a>'.repeat(65)}`, 192],
  ])('refuses %j at %i', (xml, at) => {
    expect(() => check(xml)).toThrow(new Malformed(`the text is not well-formed XML at character ${at}`));
  });

  it('survives any text, long ones quickly', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('<', '>', '/', 'a', ' ', '=', '"', "'", '&', ';', '!') }),
        (xml) => {
          try {
            check(xml);
          } catch (error) {
            expect(error).toBeInstanceOf(Malformed);
          }
        },
      ),
    );
    const started = performance.now();
    for (const hostile of [
      '<a '.repeat(80_000),
      `<a ${'b="" '.repeat(50_000)}`,
      '&amp;'.repeat(50_000),
      ' '.repeat(262_144),
    ]) {
      expect(() => check(hostile)).toThrow(Malformed);
    }
    expect(performance.now() - started).toBeLessThan(2000);
  });
});
