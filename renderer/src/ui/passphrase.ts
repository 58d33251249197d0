/**
 * A cautious estimate of how hard a passphrase is to search, in bits. It is not a measurement: it counts distinct
 * words and characters, so that repeats and runs add almost nothing, and never gives more than the alphabet allows.
 */
export function estimatePassphraseBits(passphrase: string): number {
  const words = passphrase
    .trim()
    .split(/\s+/u)
    .filter((word) => word !== '');
  if (words.length === 0) return 0;
  let bits = 0;
  const seen = new Set<string>();
  for (const word of words) {
    const key = word.toLowerCase();
    if (seen.has(key)) continue;
    seen.add(key);
    // A word of a list of 7,776 gives 12.9 bits, however long it is; other strings count by distinct characters.
    const asCharacters = characterBits(word);
    bits += /^\p{L}+$/u.test(word) && words.length > 1 ? Math.min(12.9, asCharacters) : asCharacters;
  }
  return Math.round(Math.min(bits, 256));
}

function characterBits(word: string): number {
  let alphabet = 0;
  if (/\p{Ll}/u.test(word)) alphabet += 26;
  if (/\p{Lu}/u.test(word)) alphabet += 26;
  if (/\p{Nd}/u.test(word)) alphabet += 10;
  if (/[^\p{L}\p{Nd}]/u.test(word)) alphabet += 24;
  if (alphabet === 0) alphabet = 26;
  const characters = [...word];
  let counted = 0;
  for (const [index, character] of characters.entries()) {
    const before = characters[index - 1];
    const step = before === undefined ? undefined : (character.codePointAt(0) ?? 0) - (before.codePointAt(0) ?? 0);
    // "aaaa" and "1234" are one choice, not four.
    if (step === 0 || step === 1 || step === -1) counted += 0.25;
    else counted += 1;
  }
  // People choose letters unevenly: half the ideal figure.
  return counted * Math.log2(alphabet) * 0.5;
}

/** Bits wanted of a passphrase that protects a vault file somebody may copy. */
export const wantedBits = 60;
