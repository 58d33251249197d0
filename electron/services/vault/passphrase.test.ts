import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { vaultLimits } from '../../contract/vault.ts';
import { consuming, passphraseBytes } from './passphrase.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);

describe('a passphrase that comes as bytes', () => {
  it('is the one that comes as text, with the same limits', () => {
    const texts = fc.oneof(fc.string({ unit: 'grapheme-ascii' }), fc.string({ unit: 'grapheme' }));
    fc.assert(
      fc.property(texts, fc.constantFrom('fresh' as const, 'existing' as const), (text, use) => {
        expect(passphraseBytes(utf8(text), use)).toEqual(passphraseBytes(text, use));
      }),
    );
    for (const length of [0, 1, vaultLimits.passphraseMinimum - 1, vaultLimits.passphraseMinimum]) {
      expect(passphraseBytes(utf8('a'.repeat(length)), 'fresh')).toEqual(passphraseBytes('a'.repeat(length), 'fresh'));
    }
    for (const length of [vaultLimits.passphraseMaximum, vaultLimits.passphraseMaximum + 1, 100_000]) {
      for (const letter of ['a', '\u00e9', '\u{1f511}']) {
        const text = letter.repeat(length);
        expect(passphraseBytes(utf8(text), 'existing').ok).toBe(passphraseBytes(text, 'existing').ok);
      }
    }
  });

  it('is refused when it is not UTF-8', () => {
    expect(passphraseBytes(Uint8Array.of(0xff, 0x61, 0x62), 'existing')).toMatchObject({
      error: { code: 'invalid_input', message: 'The passphrase is not UTF-8 text.' },
    });
  });

  it('is wiped, also when the work fails', async () => {
    const bytes = utf8('four random words here');
    await expect(consuming(['text', bytes], () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(bytes.every((byte) => byte === 0)).toBe(true);
  });
});
