/**
 * Standard base64 (RFC 4648 §4), strict: one text for one byte string. Lenient decoders let a signed or digested text be
 * changed without changing its meaning; here a stray character, wrong padding or a set trailing bit is no base64 at all.
 */
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const values = new Int8Array(128).fill(-1);
for (let i = 0; i < alphabet.length; i++) values[alphabet.charCodeAt(i)] = i;

export interface Base64Options {
  /** With `=` up to a multiple of four (the default), or without any (as in age headers). */
  readonly padding?: boolean;
}

export function encodeBase64(bytes: Uint8Array, options: Base64Options = {}): string {
  const parts: string[] = [];
  // Whole groups of three, so that every piece but the last ends on a character boundary.
  for (let at = 0; at < bytes.length; at += 12_288) parts.push(encodePiece(bytes.subarray(at, at + 12_288)));
  const text = parts.join('');
  return options.padding === false ? text : text + '='.repeat((4 - (text.length % 4)) % 4);
}

function encodePiece(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const left = Math.min(3, bytes.length - at);
    const word = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    for (let i = 0; i <= left; i++) text += alphabet[(word >> (18 - 6 * i)) & 63];
  }
  return text;
}

/** @returns undefined when the text is not exactly what `encodeBase64` writes with the same options. */
export function decodeBase64(text: string, options: Base64Options = {}): Uint8Array | undefined {
  let length = text.length;
  if (options.padding !== false) {
    if (length % 4 !== 0) return undefined;
    if (text.endsWith('==')) length -= 2;
    else if (text.endsWith('=')) length -= 1;
  }
  const rest = length % 4;
  if (rest === 1) return undefined;
  // Over a buffer of its own: a small array on the moving heap could not be wiped where a key is decoded.
  const bytes = new Uint8Array(new ArrayBuffer(Math.floor((length * 3) / 4)));
  let out = 0;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    // Negative as soon as one of the four characters is none of the alphabet.
    const word =
      (valueAt(text, at) << 18) | (valueAt(text, at + 1) << 12) | (valueAt(text, at + 2) << 6) | valueAt(text, at + 3);
    if (word < 0) return undefined;
    bytes[out++] = word >> 16;
    bytes[out++] = (word >> 8) & 255;
    bytes[out++] = word & 255;
  }
  if (rest > 0) {
    const word =
      (valueAt(text, at) << 18) | (valueAt(text, at + 1) << 12) | (rest === 3 ? valueAt(text, at + 2) << 6 : 0);
    if (word < 0 || (word & (rest === 3 ? 0xff : 0xffff)) !== 0) return undefined;
    bytes[out++] = word >> 16;
    if (rest === 3) bytes[out++] = (word >> 8) & 255;
  }
  return bytes;
}

/** @returns -1 for what is none of the alphabet */
function valueAt(text: string, at: number): number {
  return values[text.charCodeAt(at)] ?? -1;
}
