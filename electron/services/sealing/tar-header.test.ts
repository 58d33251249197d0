import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeTarHeader, tarHeaderLength, type TarMember } from './tar-header.ts';

const limit = 8 ** 11;
/** Lengths about where a pax record begins (100), where it takes one block more, and where its own length grows. */
const names = fc.oneof(
  fc.string({ minLength: 1, maxLength: 120 }),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 400 }),
  fc.tuple(fc.constantFrom('a', 'ä', '日', '🙂'), fc.integer({ min: 1, max: 2200 })).map(([c, n]) => c.repeat(n)),
  fc.integer({ min: 1, max: 1200 }).map((length) => 'n'.repeat(length)),
);
const sizes = fc.oneof(
  fc.maxSafeNat(),
  fc.nat(10_000),
  fc.constantFrom(0, limit - 2, limit - 1, limit, limit + 1, Number.MAX_SAFE_INTEGER),
);
const members: fc.Arbitrary<TarMember> = fc.record({
  name: names,
  size: sizes,
  kind: fc.constantFrom('file', 'directory'),
  executable: fc.boolean(),
  time: fc.nat(2 ** 33),
});

describe('tar headers', () => {
  it('are as long as planned, for any name and size', () => {
    let plain = 0;
    let extended = 0;
    fc.assert(
      fc.property(members, (member) => {
        const { length } = encodeTarHeader(member);
        expect(tarHeaderLength(member)).toBe(length);
        expect(length % 512).toBe(0);
        if (length === 512) plain += 1;
        else extended += 1;
      }),
      { numRuns: 3000 },
    );
    expect(Math.min(plain, extended)).toBeGreaterThan(100);
  });

  it('are as long as planned at every length of a name, and about the largest plain size', () => {
    for (let length = 1; length <= 1100; length++) {
      for (const letter of ['n', 'ä']) {
        const member: TarMember = { name: letter.repeat(length), size: limit - 1, kind: 'file', executable: false };
        const larger = { ...member, size: limit };
        expect(tarHeaderLength(member)).toBe(encodeTarHeader(member).length);
        expect(tarHeaderLength(larger)).toBe(encodeTarHeader(larger).length);
        expect(tarHeaderLength(member) === 512).toBe(letter === 'n' && length <= 100);
        expect(tarHeaderLength(larger)).toBeGreaterThan(512);
      }
    }
  });
});
