import { Malformed, parseWith, type Parsed } from './bytes.ts';
import { twoDigits, utcMoment } from './moment.ts';

/**
 * Strict DER (X.690 §10): definite lengths in their shortest form, low tag numbers, no trailing bytes, bounded depth and
 * size. Anything else is refused, so one value has one encoding.
 */
export class DerElement {
  /** Identifier octet: class, constructed bit and number, e.g. 0x30 SEQUENCE, 0xa3 [3] constructed. */
  readonly tag: number;
  /** What the element was found in, and where: views are made when asked for, of most elements never. */
  readonly source: Uint8Array;
  readonly start: number;
  readonly contentStart: number;
  readonly end: number;

  constructor(tag: number, source: Uint8Array, start: number, contentStart: number, end: number) {
    this.tag = tag;
    this.source = source;
    this.start = start;
    this.contentStart = contentStart;
    this.end = end;
  }

  /** Header and content. */
  get raw(): Uint8Array {
    return this.source.subarray(this.start, this.end);
  }

  get content(): Uint8Array {
    return this.source.subarray(this.contentStart, this.end);
  }
}

export const derTags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  printableString: 0x13,
  t61String: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

const maximumChildren = 65_536;

/** Exactly one element over all the bytes. */
export function parseDer(bytes: Uint8Array, maximumBytes: number): Parsed<DerElement> {
  return parseWith(() => readDer(bytes, maximumBytes));
}

/** `parseDer` for use inside parsers. @throws Malformed */
export function readDer(bytes: Uint8Array, maximumBytes = 1_048_576): DerElement {
  if (bytes.length > maximumBytes) throw new Malformed(`DER of ${bytes.length} bytes, at most ${maximumBytes} allowed`);
  const element = elementAt(bytes, 0, bytes.length);
  if (element.end !== bytes.length) throw new Malformed(`${bytes.length - element.end} bytes follow the DER element`);
  return element;
}

/** @param limit where the surrounding element ends */
function elementAt(bytes: Uint8Array, at: number, limit: number): DerElement {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined || at + 2 > limit) throw new Malformed('DER ends inside a header');
  if ((tag & 0x1f) === 0x1f) throw new Malformed('DER with a high tag number');
  let length = first;
  let header = 2;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0) throw new Malformed('DER with indefinite length');
    if (count > 4) throw new Malformed('DER with a length over 4 octets');
    length = 0;
    for (let i = 0; i < count; i++) {
      const octet = bytes[at + 2 + i];
      if (octet === undefined || at + 3 + i > limit) throw new Malformed('DER ends inside a length');
      length = length * 256 + octet;
    }
    header += count;
    if (length < 0x80 || bytes[at + 2] === 0) throw new Malformed('DER length is not in its shortest form');
  }
  const contentStart = at + header;
  const end = contentStart + length;
  if (end > limit) throw new Malformed('DER element is longer than its input');
  return new DerElement(tag, bytes, at, contentStart, end);
}

/** The elements inside a constructed one. @throws Malformed */
export function children(element: DerElement): DerElement[] {
  if ((element.tag & 0x20) === 0) throw new Malformed(`DER tag 0x${element.tag.toString(16)} is not constructed`);
  const found: DerElement[] = [];
  for (let at = element.contentStart; at < element.end;) {
    const child = elementAt(element.source, at, element.end);
    found.push(child);
    at = child.end;
    if (found.length > maximumChildren) throw new Malformed('DER with too many elements');
  }
  return found;
}

/** The element, which must be there with this tag. @throws Malformed */
export function expectTag(element: DerElement | undefined, tag: number, what: string): DerElement {
  if (element === undefined) throw new Malformed(`${what} is missing`);
  if (element.tag !== tag) {
    throw new Malformed(`${what} has tag 0x${element.tag.toString(16)}, not 0x${tag.toString(16)}`);
  }
  return element;
}

/** Elements of a SEQUENCE. @throws Malformed */
export function sequence(element: DerElement | undefined, what: string): DerElement[] {
  return children(expectTag(element, derTags.sequence, what));
}

/** Dotted decimal. @throws Malformed */
export function objectIdentifier(element: DerElement | undefined, what = 'object identifier'): string {
  const { content } = expectTag(element, derTags.objectIdentifier, what);
  let text = '';
  let arc = 0;
  let inside = false;
  for (const octet of content) {
    if (!inside && octet === 0x80) throw new Malformed(`${what} is not in its shortest form`);
    arc = arc * 128 + (octet & 0x7f);
    if (!Number.isSafeInteger(arc)) throw new Malformed(`${what} has an arc that is too large`);
    inside = (octet & 0x80) !== 0;
    if (inside) continue;
    if (text === '') {
      const root = Math.min(2, Math.floor(arc / 40));
      text = `${root}.${arc - 40 * root}`;
    } else text += `.${arc}`;
    arc = 0;
  }
  if (inside || text === '') throw new Malformed(`${what} ends early`);
  return text;
}

/** Two's complement content octets of an INTEGER in its shortest form. @throws Malformed */
export function integerBytes(element: DerElement | undefined, what: string): Uint8Array {
  const { content } = expectTag(element, derTags.integer, what);
  const [first, second] = content;
  if (first === undefined) throw new Malformed(`${what} is an empty INTEGER`);
  if (second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))) {
    throw new Malformed(`${what} is not in its shortest form`);
  }
  return content;
}

/** A non-negative INTEGER up to 2^48. @throws Malformed */
export function smallInteger(element: DerElement | undefined, what: string): number {
  const content = integerBytes(element, what);
  if ((content[0] ?? 0) >= 0x80 || content.length > 6) throw new Malformed(`${what} is out of range`);
  return content.reduce((value, octet) => value * 256 + octet, 0);
}

/** @throws Malformed */
export function boolean(element: DerElement | undefined, what: string): boolean {
  const { content } = expectTag(element, derTags.boolean, what);
  if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) throw new Malformed(`${what} is no BOOLEAN`);
  return content[0] === 0xff;
}

/** @throws Malformed */
export function bitString(element: DerElement | undefined, what: string): { unused: number; bytes: Uint8Array } {
  const { content } = expectTag(element, derTags.bitString, what);
  const unused = content[0];
  if (unused === undefined || unused > 7 || (unused > 0 && content.length === 1)) {
    throw new Malformed(`${what} is no BIT STRING`);
  }
  const last = content.at(-1) ?? 0;
  if ((last & ((1 << unused) - 1)) !== 0 && content.length > 1) throw new Malformed(`${what} has padding bits set`);
  return { unused, bytes: content.subarray(1) };
}

/** A BIT STRING of whole octets. @throws Malformed */
export function octetsOfBitString(element: DerElement | undefined, what: string): Uint8Array {
  const { unused, bytes } = bitString(element, what);
  if (unused !== 0) throw new Malformed(`${what} is not a whole number of octets`);
  return bytes;
}

/** UTCTime or GeneralizedTime in the one form that RFC 5280 §4.1.2.5 allows. Milliseconds since the epoch. @throws Malformed */
export function time(element: DerElement | undefined, what: string): number {
  if (element === undefined) throw new Malformed(`${what} is missing`);
  const { tag, content } = element;
  const size = tag === derTags.utcTime ? 13 : tag === derTags.generalizedTime ? 15 : 0;
  // Century (of GeneralizedTime only), year, month, day, hour, minute, second: two digits each.
  const parts: number[] = [];
  for (let at = 0; at < size - 1; at += 2) parts.push(twoDigits(content[at], content[at + 1]));
  if (content.length !== size || content[size - 1] !== 0x5a || parts.includes(-1)) {
    throw new Malformed(`${what} is no UTC time`);
  }
  if (tag === derTags.utcTime) parts.unshift((parts[0] ?? 0) >= 50 ? 19 : 20);
  const [century = 0, yearOfCentury = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts;
  const at = utcMoment(century * 100 + yearOfCentury, month, day, hour, minute, second);
  if (at === undefined) throw new Malformed(`${what} is no date`);
  return at;
}
