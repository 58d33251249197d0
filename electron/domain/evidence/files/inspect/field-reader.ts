import type { EvidenceField } from '../../../../contract/evidence-files.ts';
import { Malformed, toHex } from '../../readers/bytes.ts';

const shownBytes = 2048;
const maximumFields = 4096;

/** What the bytes of a field are shown as. */
export type FieldForm = 'hex' | 'little-endian' | 'big-endian' | 'text';

/** Reads a binary format from front to back and writes down every field with its place. */
export class FieldReader {
  readonly fields: EvidenceField[] = [];
  readonly bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  /** The next bytes as one field. @throws Malformed naming the field and the offset */
  take(
    name: string,
    size: number,
    form: FieldForm = 'hex',
    meaning?: string | ((bytes: Uint8Array) => string),
  ): Uint8Array {
    if (!Number.isSafeInteger(size) || size < 0 || size > this.left) {
      throw new Malformed(`${name} needs ${size} bytes at offset ${this.at}, ${this.left} are left`);
    }
    const bytes = this.bytes.subarray(this.at, this.at + size);
    this.write(name, this.at, bytes, form, typeof meaning === 'function' ? meaning(bytes) : meaning);
    this.at += size;
    return bytes;
  }

  /** A number of up to six bytes as a field. @throws Malformed */
  number(
    name: string,
    size: number,
    form: 'little-endian' | 'big-endian',
    meaning?: (value: number) => string,
  ): number {
    const bytes = this.take(
      name,
      size,
      form,
      meaning === undefined ? undefined : (found) => meaning(toNumber(found, form)),
    );
    return toNumber(bytes, form);
  }

  /** A field at a known place, without moving on. */
  write(name: string, offset: number, bytes: Uint8Array, form: FieldForm = 'hex', meaning?: string): void {
    if (this.fields.length >= maximumFields)
      throw new Malformed(`more than ${maximumFields} fields at offset ${offset}`);
    this.fields.push({
      name,
      offset,
      length: bytes.length,
      value: show(bytes, form),
      ...(meaning === undefined ? {} : { meaning }),
    });
  }

  /** What is left, as a field of its own; nothing when nothing is. */
  rest(name: string, meaning: string): void {
    if (this.left > 0) this.take(name, this.left, 'hex', meaning);
  }
}

function toNumber(bytes: Uint8Array, form: 'little-endian' | 'big-endian'): number {
  const ordered = form === 'big-endian' ? bytes : bytes.toReversed();
  return ordered.reduce((value, byte) => value * 256 + byte, 0);
}

function show(bytes: Uint8Array, form: FieldForm): string {
  if ((form === 'little-endian' || form === 'big-endian') && bytes.length <= 8) {
    const ordered = form === 'big-endian' ? bytes : bytes.toReversed();
    return ordered.reduce((value, byte) => value * 256n + BigInt(byte), 0n).toString();
  }
  if (form === 'text') {
    return Array.from(bytes.subarray(0, shownBytes), (byte) =>
      byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '\ufffd',
    ).join('');
  }
  return toHex(bytes.subarray(0, shownBytes));
}

/** Names of the bits that are set, for the meaning of a flag field. */
export function bits(names: Readonly<Record<number, string>>): (bytes: Uint8Array) => string {
  return (bytes) => {
    const set: string[] = [];
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      if (((bytes[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0) set.push(names[bit] ?? `bit ${bit}`);
    }
    return set.length === 0 ? 'none set' : set.join(', ');
  };
}
