import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareWritten } from './compare-written.ts';

const bytes = fc.uint8Array({ minLength: 1, maxLength: 9000 });

describe('what an interrupted write left', () => {
  it('is whole, or a prefix with zeros after it', () => {
    fc.assert(
      fc.property(bytes, fc.nat(9000), fc.nat(9000), (expected, written, fileLength) => {
        expected[expected.length - 1] = 7;
        const prefix = Math.min(written, expected.length);
        const found = new Uint8Array(Math.max(prefix, Math.min(fileLength, expected.length)));
        found.set(expected.subarray(0, prefix));
        expect(compareWritten(expected, found)).toBe(prefix === expected.length ? 'whole' : 'missing');
      }),
    );
  });

  it('is other content when one written byte differs', () => {
    fc.assert(
      fc.property(bytes, fc.nat(8999), fc.integer({ min: 1, max: 255 }), (expected, at, change) => {
        const place = at % expected.length;
        const found = expected.slice();
        found[place] = (found[place] ?? 0) ^ change;
        // A byte that became zero at the end of what was written looks like one that was never written, and is written again.
        fc.pre(found.subarray(place).some((byte) => byte !== 0));
        expect(compareWritten(expected, found)).toBe('other');
      }),
    );
  });

  it('knows zeros as zeros, and a file that is too short', () => {
    expect(compareWritten(new Uint8Array(5000), new Uint8Array(5000))).toBe('whole');
    expect(compareWritten(new Uint8Array(5000), new Uint8Array(10))).toBe('missing');
    expect(compareWritten(new Uint8Array(10), new Uint8Array(11))).toBe('other');
  });
});
