/** Input that is not what it must be. Thrown and caught inside the parsers only: see `parseWith`. */
export class Malformed extends Error {}

export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly detail: string };

/** Runs a parser and turns `Malformed` into a value; everything else is a bug and passes through. */
export function parseWith<T>(parse: () => T): Parsed<T> {
  try {
    return { ok: true, value: parse() };
  } catch (error) {
    if (error instanceof Malformed) return { ok: false, detail: error.message };
    throw error;
  }
}

/** A cursor with bounds checks. All reads copy nothing: slices are views. */
export class ByteReader {
  readonly #view: DataView;
  readonly bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  #take(size: number, what: string): number {
    if (!Number.isSafeInteger(size) || size < 0 || this.left < size) {
      throw new Malformed(`${what} needs ${size} bytes at offset ${this.at}, ${this.left} are left`);
    }
    const at = this.at;
    this.at += size;
    return at;
  }

  slice(size: number, what: string): Uint8Array {
    const at = this.#take(size, what);
    return this.bytes.subarray(at, at + size);
  }
  u8(what: string): number {
    return this.#view.getUint8(this.#take(1, what));
  }
  u16le(what: string): number {
    return this.#view.getUint16(this.#take(2, what), true);
  }
  u16be(what: string): number {
    return this.#view.getUint16(this.#take(2, what), false);
  }
  u24le(what: string): number {
    const at = this.#take(3, what);
    return this.#view.getUint16(at, true) | (this.#view.getUint8(at + 2) << 16);
  }
  u32le(what: string): number {
    return this.#view.getUint32(this.#take(4, what), true);
  }
  u32be(what: string): number {
    return this.#view.getUint32(this.#take(4, what), false);
  }
  u64le(what: string): bigint {
    return this.#view.getBigUint64(this.#take(8, what), true);
  }
  /** The end must have been reached. */
  end(what: string): void {
    if (this.left !== 0) throw new Malformed(`${this.left} bytes follow ${what}`);
  }
}

const octets = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
/** ASCII codes of the two digits of each octet. */
const highDigits = Uint8Array.from(octets, (text) => text.charCodeAt(0));
const lowDigits = Uint8Array.from(octets, (text) => text.charCodeAt(1));

/** Lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  return hexOfPart(bytes, 0, bytes.length);
}

/** The same of a part. Four octets a time: each piece of text that is added has to be collected again. */
export function hexOfPart(bytes: Uint8Array, from: number, to: number): string {
  let text = '';
  let at = from;
  for (; at + 4 <= to; at += 4) {
    const a = bytes[at] ?? 0;
    const b = bytes[at + 1] ?? 0;
    const c = bytes[at + 2] ?? 0;
    const d = bytes[at + 3] ?? 0;
    text += String.fromCharCode(
      highDigits[a] ?? 0,
      lowDigits[a] ?? 0,
      highDigits[b] ?? 0,
      lowDigits[b] ?? 0,
      highDigits[c] ?? 0,
      lowDigits[c] ?? 0,
      highDigits[d] ?? 0,
      lowDigits[d] ?? 0,
    );
  }
  for (; at < to; at++) text += octets[bytes[at] ?? 0];
  return text;
}

/** Values of the ASCII hex digits; -1 for all else. */
const digits = new Int8Array(128).fill(-1);
for (let value = 0; value < 16; value++) {
  digits[value.toString(16).charCodeAt(0)] = value;
  digits[value.toString(16).toUpperCase().charCodeAt(0)] = value;
}

/** @returns undefined unless the text is an even number of hex digits. */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let at = 0; at < bytes.length; at++) {
    const octet = ((digits[text.charCodeAt(2 * at)] ?? -1) << 4) | (digits[text.charCodeAt(2 * at + 1)] ?? -1);
    if (octet < 0) return undefined;
    bytes[at] = octet;
  }
  return bytes;
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

export function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

/** For public bytes such as names and object identifiers; digests and secrets go through `EvidenceCrypto.equal`. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}
