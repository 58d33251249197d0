import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeShare, encodeShare, groupCount, shareGroups, type ShareFields } from './share-text.ts';

const letters = [...'QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L'];
const hex = (bytes: number) =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((read) => Buffer.from(read).toString('hex'));
const shares: fc.Arbitrary<ShareFields> = fc.record({
  vaultId: hex(16),
  setId: hex(8),
  index: fc.integer({ min: 1, max: 16 }),
  threshold: fc.integer({ min: 2, max: 16 }),
  shares: fc.integer({ min: 2, max: 16 }),
  bytes: fc.uint8Array({ minLength: 33, maxLength: 33 }),
});
const message = (text: string) => {
  const read = decodeShare(text);
  return read.ok ? 'ok' : read.error.message;
};

describe('the text of a share', () => {
  it('comes back from any spelling of its 26 groups', () => {
    fc.assert(
      fc.property(shares, (share) => {
        const groups = shareGroups(share);
        expect(groups).toHaveLength(26);
        const spellings = [
          encodeShare(share),
          groups.join('-').toLowerCase(),
          groups.join(''),
          groups.map((group, at) => `${at + 1}  ${group}`).join('\n'),
          encodeShare(share).replaceAll('0', 'o').replaceAll('L', '1').replace('-SHARE-2', ' share 2:'),
        ];
        for (const text of spellings) expect(decodeShare(text)).toEqual({ ok: true, value: share });
      }),
      { numRuns: 50 },
    );
  });

  it('names the group of every single wrong character, and of neighbours that changed places', () => {
    fc.assert(
      fc.property(
        shares,
        fc.nat(groupCount - 1),
        fc.nat(4),
        fc.constantFrom(...letters),
        (share, at, place, letter) => {
          const groups = shareGroups(share);
          const group = [...(groups[at] ?? '')];
          const typed = group.with(place, letter);
          if (typed.join('') !== group.join('')) {
            expect(message(groups.with(at, typed.join('')).join(' '))).toContain(`Group ${at + 1} has a typing error`);
          }
          const next = Math.min(place, 3);
          const turned = group.with(next, group[next + 1] ?? '').with(next + 1, group[next] ?? '');
          if (turned.join('') !== group.join('')) {
            expect(message(groups.with(at, turned.join('')).join(' '))).toContain(`Group ${at + 1} has a typing error`);
          }
        },
      ),
    );
  });

  it('names groups that changed places, are missing, short or of something else', () => {
    fc.assert(
      fc.property(shares, fc.nat(24), (share, at) => {
        const groups = shareGroups(share);
        const swapped = groups.with(at, groups[at + 1] ?? '').with(at + 1, groups[at] ?? '');
        expect(message(swapped.join(' '))).toContain(`Groups ${at + 1} and ${at + 2} have typing errors`);
        const short = groups.with(at, (groups[at] ?? '').slice(1));
        expect(message(short.join(' '))).toBe(`Group ${at + 1} has 4 characters; every group has five.`);
        expect(message(groups.slice(0, 25).join(' '))).toBe('25 of 26 groups are there.');
      }),
      { numRuns: 30 },
    );
    expect(message('')).toContain('no recovery share');
    expect(message('hello')).not.toBe('ok');
    expect(message('x'.repeat(600))).toContain('too long');
  });

  it('is refused for anything else, without repeating it', () => {
    fc.assert(fc.property(fc.string({ maxLength: 600, unit: 'binary' }), (junk) => !decodeShare(junk).ok));
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...letters), { minLength: 130, maxLength: 130 }), (typed) => {
        expect(message(typed.join(''))).not.toContain(typed.slice(0, 5).join(''));
      }),
    );
  });

  it('is this one for this share', () => {
    const share = { vaultId: '00'.repeat(16), setId: '11'.repeat(8), index: 1, threshold: 2, shares: 3 };
    const bytes = Uint8Array.from({ length: 33 }, (_, at) => at);
    expect(encodeShare({ ...share, bytes })).toMatchInlineSnapshot(
      `"NACRE-SHARE-2 QGQQY QQQQZ QQQQR QQQQY QQQQ9 QQQQX QQQPH ZYG3T ZYG32 ZYG3F QYPQN XQQPS QGPSD GPGXL QUYQ4 JZSTV PSXSP URCSS ZYFP4 X9Q4M ZCT33 SXG6A RVWPT 68SL8 YPRVN VX66G"`,
    );
  });
});
