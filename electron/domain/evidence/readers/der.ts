import { hexOfPart, Malformed, parseWith, type Parsed } from './bytes.ts';
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

/** The first element inside a constructed one, without reading those behind it. @throws Malformed */
export function firstChild(element: DerElement): DerElement | undefined {
  const { tag, source, contentStart, end } = element;
  if ((tag & 0x20) === 0) throw new Malformed(`DER tag 0x${tag.toString(16)} is not constructed`);
  return contentStart === end ? undefined : elementAt(source, contentStart, end);
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

/** Identifiers that were read before, each in the one place that its octets lead to: the same few come all the time. */
const identifiers: ({ readonly octets: Uint8Array; readonly text: string } | undefined)[] = Array.from({ length: 256 });

/** Dotted decimal. @throws Malformed */
export function objectIdentifier(element: DerElement | undefined, what = 'object identifier'): string {
  const { source, contentStart, end } = expectTag(element, derTags.objectIdentifier, what);
  let place = end - contentStart;
  for (let at = contentStart; at < end; at++) place = (place * 31 + (source[at] ?? 0)) & 255;
  const known = identifiers[place];
  if (known !== undefined && isAt(source, contentStart, end, known.octets)) return known.text;
  const content = source.subarray(contentStart, end);
  const text = dottedDecimal(content, what);
  // A copy: the content is a view into somebody's bytes. Long ones are of nobody we know.
  if (content.length <= 32) identifiers[place] = { octets: content.slice(), text };
  return text;
}

function isAt(source: Uint8Array, start: number, end: number, octets: Uint8Array): boolean {
  if (octets.length !== end - start) return false;
  for (let at = 0; at < octets.length; at++) if (source[start + at] !== octets[at]) return false;
  return true;
}

function dottedDecimal(content: Uint8Array, what: string): string {
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
  return checkInteger(element, what).content;
}

/** The same as lower-case hex: serial numbers, of which a revocation list has thousands. @throws Malformed */
export function integerHex(element: DerElement | undefined, what: string): string {
  const { source, contentStart, end } = checkInteger(element, what);
  return hexOfPart(source, contentStart, end);
}

/** @throws Malformed unless it is an INTEGER in its shortest form */
function checkInteger(element: DerElement | undefined, what: string): DerElement {
  const found = expectTag(element, derTags.integer, what);
  const { source, contentStart, end } = found;
  const first = source[contentStart] ?? 0;
  if (end === contentStart) throw new Malformed(`${what} is an empty INTEGER`);
  const second = source[contentStart + 1] ?? 0;
  if (end - contentStart > 1 && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))) {
    throw new Malformed(`${what} is not in its shortest form`);
  }
  return found;
}

/** A non-negative INTEGER up to 2^48. @throws Malformed */
export function smallInteger(element: DerElement | undefined, what: string): number {
  const { source, contentStart, end } = checkInteger(element, what);
  if ((source[contentStart] ?? 0) >= 0x80 || end - contentStart > 6) throw new Malformed(`${what} is out of range`);
  let value = 0;
  for (let at = contentStart; at < end; at++) value = value * 256 + (source[at] ?? 0);
  return value;
}

/** @throws Malformed */
export function boolean(element: DerElement | undefined, what: string): boolean {
  const { source, contentStart, end } = expectTag(element, derTags.boolean, what);
  const octet = source[contentStart];
  if (end - contentStart !== 1 || (octet !== 0 && octet !== 0xff)) throw new Malformed(`${what} is no BOOLEAN`);
  return octet === 0xff;
}

/** @throws Malformed */
export function bitString(element: DerElement | undefined, what: string): { unused: number; bytes: Uint8Array } {
  const { source, contentStart, end } = expectTag(element, derTags.bitString, what);
  const size = end - contentStart;
  const unused = size === 0 ? undefined : source[contentStart];
  if (unused === undefined || unused > 7 || (unused > 0 && size === 1)) throw new Malformed(`${what} is no BIT STRING`);
  const last = source[end - 1] ?? 0;
  if ((last & ((1 << unused) - 1)) !== 0 && size > 1) throw new Malformed(`${what} has padding bits set`);
  return { unused, bytes: source.subarray(contentStart + 1, end) };
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
  const { tag, source, contentStart, end } = element;
  const size = tag === derTags.utcTime ? 13 : tag === derTags.generalizedTime ? 15 : 0;
  if (end - contentStart !== size || source[end - 1] !== 0x5a) throw new Malformed(`${what} is no UTC time`);
  // Century (of GeneralizedTime only), year, month, day, hour, minute, second: two digits each.
  const parts: number[] = [];
  for (let at = contentStart; at < end - 1; at += 2) parts.push(twoDigits(source[at], source[at + 1]));
  if (parts.includes(-1)) throw new Malformed(`${what} is no UTC time`);
  if (tag === derTags.utcTime) parts.unshift((parts[0] ?? 0) >= 50 ? 19 : 20);
  const [century = 0, yearOfCentury = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts;
  const at = utcMoment(century * 100 + yearOfCentury, month, day, hour, minute, second);
  if (at === undefined) throw new Malformed(`${what} is no date`);
  return at;
}
