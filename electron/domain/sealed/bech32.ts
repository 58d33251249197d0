/** Bech32 (BIP 173) without its length limit of 90, as age writes recipients and identities. */
const alphabet = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3] as const;

function checksum(prefix: string, words: readonly number[]): number {
  let sum = 1;
  const step = (value: number): void => {
    const top = sum >>> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ value;
    generator.forEach((word, i) => {
      if ((top >>> i) & 1) sum ^= word;
    });
  };
  for (const character of prefix) step(character.charCodeAt(0) >>> 5);
  step(0);
  for (const character of prefix) step(character.charCodeAt(0) & 31);
  words.forEach(step);
  return sum >>> 0;
}

function toWords(bytes: Uint8Array): number[] {
  const words: number[] = [];
  let value = 0;
  let bits = 0;
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      words.push((value >>> bits) & 31);
    }
  }
  if (bits > 0) words.push((value << (5 - bits)) & 31);
  return words;
}

/** Lower case; callers that want the upper-case form convert the whole text. */
export function encodeBech32(prefix: string, bytes: Uint8Array): string {
  const words = toWords(bytes);
  const sum = checksum(prefix, [...words, 0, 0, 0, 0, 0, 0]) ^ 1;
  const check = [25, 20, 15, 10, 5, 0].map((shift) => (sum >>> shift) & 31);
  return `${prefix}1${[...words, ...check].map((word) => alphabet[word]).join('')}`;
}

/**
 * Strict: one case throughout, good checksum, canonical padding.
 * @returns undefined when the text is not Bech32; the prefix comes back in lower case.
 */
export function decodeBech32(text: string): { prefix: string; bytes: Uint8Array } | undefined {
  const lower = text.toLowerCase();
  if ((text !== lower && text !== text.toUpperCase()) || text.length > 8192) return undefined;
  const split = lower.lastIndexOf('1');
  if (split < 1 || lower.length - split < 7) return undefined;
  const prefix = lower.slice(0, split);
  if (!/^[!-~]+$/.test(prefix)) return undefined;
  const words = Array.from(lower.slice(split + 1), (character) => alphabet.indexOf(character));
  if (words.includes(-1) || checksum(prefix, words) !== 1) return undefined;
  const data = words.slice(0, -6);
  const bytes = new Uint8Array(Math.floor((data.length * 5) / 8));
  let value = 0;
  let bits = 0;
  let out = 0;
  for (const word of data) {
    value = ((value << 5) | word) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[out++] = (value >>> bits) & 255;
    }
  }
  if (bits >= 5 || (value & ((1 << bits) - 1)) !== 0) return undefined;
  return { prefix, bytes };
}
