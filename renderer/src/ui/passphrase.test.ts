import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { estimatePassphraseBits, wantedBits } from './passphrase.ts';

describe('estimatePassphraseBits', () => {
  it('gives nothing for nothing and little for the usual ones', () => {
    expect(estimatePassphraseBits('')).toBe(0);
    expect(estimatePassphraseBits('   ')).toBe(0);
    expect(estimatePassphraseBits('password')).toBeLessThan(25);
    expect(estimatePassphraseBits('12345678901234567890')).toBeLessThan(20);
    expect(estimatePassphraseBits('aaaaaaaaaaaaaaaaaaaaaaaa')).toBeLessThan(20);
  });

  it('counts six different words as enough and a repeated word once', () => {
    expect(estimatePassphraseBits('harbor velvet notion sixty orchid gravel')).toBeGreaterThanOrEqual(wantedBits);
    expect(estimatePassphraseBits('harbor harbor harbor harbor')).toBe(estimatePassphraseBits('harbor harbor'));
  });

  it('never falls when a new word is added and never leaves its range', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        const bits = estimatePassphraseBits(text);
        expect(bits).toBeGreaterThanOrEqual(0);
        expect(bits).toBeLessThanOrEqual(256);
        expect(estimatePassphraseBits(`${text} zymurgy-${text.length}-x9`)).toBeGreaterThanOrEqual(
          Math.min(bits - 13, 256),
        );
      }),
    );
  });
});
