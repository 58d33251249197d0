import { utf8ToBytes } from '@noble/hashes/utils.js';
import { concat } from '../readers/bytes.ts';

/** Writes DER. Everything returned is one whole element unless it says content. */
export function der(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const content = concat(...contents);
  const octets: number[] = [];
  for (let length = content.length; length > 0; length = Math.floor(length / 256)) octets.unshift(length & 255);
  const header = content.length < 0x80 ? [tag, content.length] : [tag, 0x80 | octets.length, ...octets];
  return concat(Uint8Array.from(header), content);
}

export const derSequence = (...items: readonly Uint8Array[]): Uint8Array => der(0x30, ...items);
export const derSet = (...items: readonly Uint8Array[]): Uint8Array => der(0x31, ...items);
export const derOctetString = (bytes: Uint8Array): Uint8Array => der(0x04, bytes);
export const derNull = (): Uint8Array => der(0x05);
export const derBoolean = (value: boolean): Uint8Array => der(0x01, Uint8Array.of(value ? 0xff : 0));
export const derBitString = (bytes: Uint8Array, unused = 0): Uint8Array => der(0x03, Uint8Array.of(unused), bytes);
export const derIa5String = (text: string): Uint8Array => der(0x16, utf8ToBytes(text));
export const derUtf8String = (text: string): Uint8Array => der(0x0c, utf8ToBytes(text));

/** A non-negative INTEGER from big-endian magnitude octets. */
export function derUnsigned(magnitude: Uint8Array): Uint8Array {
  const from = magnitude.findIndex((byte) => byte !== 0);
  const bytes = from < 0 ? Uint8Array.of(0) : magnitude.subarray(from);
  return (bytes[0] ?? 0) >= 0x80 ? der(0x02, Uint8Array.of(0), bytes) : der(0x02, bytes);
}

/** A small non-negative INTEGER. */
export function derInteger(value: number): Uint8Array {
  const octets: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest & 255);
  return derUnsigned(Uint8Array.from(octets));
}

/** From dotted decimal. */
export function derOid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes: number[] = [];
  for (const arc of [first * 40 + second, ...rest]) {
    const octets = [arc & 0x7f];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128))
      octets.unshift((left & 0x7f) | 0x80);
    bytes.push(...octets);
  }
  return der(0x06, Uint8Array.from(bytes));
}

/** UTCTime until 2049, GeneralizedTime after, as RFC 5280 demands. Milliseconds since the epoch; below a second is cut. */
export function derTime(milliseconds: number): Uint8Array {
  const digits = digitsOf(milliseconds);
  return Number(digits.slice(0, 4)) < 2050
    ? der(0x17, utf8ToBytes(`${digits.slice(2)}Z`))
    : derGeneralizedTime(milliseconds);
}

/** GeneralizedTime whatever the year, as OCSP demands (RFC 6960 §4.2.2.1). Milliseconds since the epoch; below a second is cut. */
export function derGeneralizedTime(milliseconds: number): Uint8Array {
  return der(0x18, utf8ToBytes(`${digitsOf(milliseconds)}Z`));
}

/** Year to second, 14 digits. */
function digitsOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 19).replace(/[-T:]/g, '');
}
