import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBase64, encodeBase64 } from './base64.ts';

describe('base64', () => {
  it('writes what Node writes and reads it back, at every length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30_000 }), (bytes) => {
        const text = Buffer.from(bytes).toString('base64');
        expect(encodeBase64(bytes)).toBe(text);
        expect(encodeBase64(bytes, { padding: false })).toBe(text.replaceAll('=', ''));
        expect(decodeBase64(text)).toEqual(bytes);
        expect(decodeBase64(text.replaceAll('=', ''), { padding: false })).toEqual(bytes);
      }),
    );
  });

  it('reads any text as exactly one byte string or not at all', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('A', 'B', 'Q', 'w', '/', '=', '-', ' ', '\n', 'é') }), (text) => {
        for (const padding of [true, false]) {
          const bytes = decodeBase64(text, { padding });
          if (bytes !== undefined) expect(encodeBase64(bytes, { padding })).toBe(text);
        }
      }),
      { numRuns: 2000 },
    );
    for (const bad of ['A', 'AA', 'AB==', 'AAB=', 'A===', '====', 'AA=A', 'AAAA\n', 'AA==AAAA']) {
      expect(decodeBase64(bad), bad).toBeUndefined();
    }
  });
});
