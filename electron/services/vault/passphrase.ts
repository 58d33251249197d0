import { err, ok, type Result } from '../../contract/result.ts';
import { vaultLimits } from '../../contract/vault.ts';
import { copySecret, secretBytes } from '../../contract/secret-bytes.ts';

/**
 * A passphrase on its way in. Bytes (UTF-8) are wiped by the vault that takes them, whatever comes of it; text is a JavaScript
 * string, which nobody can overwrite.
 */
export type PassphraseInput = string | Uint8Array;

/** Runs `work` and wipes what of the passphrases came as bytes, also where it ended before it looked at them. */
export async function consuming<T>(passphrases: readonly PassphraseInput[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    for (const passphrase of passphrases) if (typeof passphrase !== 'string') passphrase.fill(0);
  }
}

/**
 * The bytes of a passphrase: Unicode NFKC, so that two keyboards give one passphrase, in UTF-8. The caller wipes both.
 * Errors: `invalid_input` naming the limit; `fresh` also refuses one that is too short to choose anew.
 */
export function passphraseBytes(passphrase: PassphraseInput, use: 'fresh' | 'existing'): Result<Uint8Array> {
  if (typeof passphrase === 'string') return bytesOfText(passphrase, use);
  // NFKC leaves ASCII as it is. Only other text has to become a string, which stays until it is collected.
  return passphrase.every((byte) => byte < 0x80) ? bytesOfAscii(passphrase, use) : bytesOfUtf8(passphrase, use);
}

function bytesOfAscii(passphrase: Uint8Array, use: 'fresh' | 'existing'): Result<Uint8Array> {
  // A stand-in of the same length has the same limits.
  const { length } = passphrase;
  const limits = bytesOfText('-'.repeat(Math.min(length, vaultLimits.passphraseMaximum + 1)), use);
  return limits.ok ? ok(copySecret(passphrase)) : limits;
}

function bytesOfUtf8(passphrase: Uint8Array, use: 'fresh' | 'existing'): Result<Uint8Array> {
  if (passphrase.length > vaultLimits.passphraseMaximum * 4) return tooLong();
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(passphrase);
  } catch {
    return err('invalid_input', 'The passphrase is not UTF-8 text.', { hint: 'Type it again.' });
  }
  return bytesOfText(text, use);
}

function tooLong() {
  return err('invalid_input', `The passphrase is longer than ${vaultLimits.passphraseMaximum} characters.`, {
    hint: 'Choose a shorter one.',
  });
}

function bytesOfText(passphrase: string, use: 'fresh' | 'existing'): Result<Uint8Array> {
  const { passphraseMinimum, passphraseMaximum } = vaultLimits;
  if (passphrase.length === 0) return err('invalid_input', 'The passphrase is empty.', { hint: 'Type a passphrase.' });
  // Two code units make at most one character less; the exact count comes after this cheap one.
  if (passphrase.length > passphraseMaximum * 2 || countCharacters(passphrase) > passphraseMaximum) {
    return tooLong();
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
