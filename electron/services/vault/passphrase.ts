import { err, ok, type Result } from '../../contract/result.ts';
import { vaultLimits } from '../../contract/vault.ts';
import { copySecret, secretBytes } from './secret-bytes.ts';

/**
 * The bytes of a passphrase: Unicode NFKC, so that two keyboards give one passphrase, in UTF-8. The caller wipes them.
 * Errors: `invalid_input` naming the limit; `fresh` also refuses one that is too short to choose anew.
 */
export function passphraseBytes(passphrase: string, use: 'fresh' | 'existing'): Result<Uint8Array> {
  const { passphraseMinimum, passphraseMaximum } = vaultLimits;
  if (passphrase.length === 0) return err('invalid_input', 'The passphrase is empty.', { hint: 'Type a passphrase.' });
  // Two code units make at most one character less; the exact count comes after this cheap one.
  if (passphrase.length > passphraseMaximum * 2 || countCharacters(passphrase) > passphraseMaximum) {
    return err('invalid_input', `The passphrase is longer than ${passphraseMaximum} characters.`, {
      hint: 'Choose a shorter one.',
    });
  }
  const normal = passphrase.normalize('NFKC');
  if (use === 'fresh' && countCharacters(normal) < passphraseMinimum) {
    return err('invalid_input', `The passphrase is shorter than ${passphraseMinimum} characters.`, {
      hint: 'Four or more random words are easy to remember and hard to guess.',
    });
  }
  // Not Buffer.from(text): its pool would keep a copy that nobody can wipe.
  const room = secretBytes(normal.length * 3);
  const { written } = new TextEncoder().encodeInto(normal, room);
  const bytes = copySecret(room.subarray(0, written));
  room.fill(0);
  return ok(bytes);
}

function countCharacters(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}
