import { concatBytes } from '@noble/hashes/utils.js';
import { err, ok, type Result } from '../../contract/result.ts';
import { readCbor } from '../evidence/readers/cbor.ts';
import { decodeBytewords, encodeBytewords } from './bytewords.ts';
import { createFountain, createFountainReader, fountainLimits, type FountainPart } from './fountain.ts';

/** Uniform Resources (BCR-2020-005) of type `bytes`: text of letters, digits and a few signs that QR codes hold best. */
const prefix = 'ur:bytes/';

/** Characters of one code at most: the largest QR code, alphanumeric. */
const partCharacters = 4296;

/** The whole message in one, without sequence. */
export function encodeUr(message: Uint8Array): string {
  return `${prefix}${encodeBytewords(cborBytes(message))}`;
}

/**
 * Parts for an animated code, without end: `part(1)`, `part(2)` … A message that fits one fragment is one plain UR.
 * @param maximum largest fragment, bytes.
 */
export function createUrParts(message: Uint8Array, maximum: number) {
  const fountain = createFountain(cborBytes(message), maximum);
  if (fountain.fragments === 1) return { fragments: 1, part: () => encodeUr(message) };
  return {
    fragments: fountain.fragments,
    part(sequence: number): string {
      const part = fountain.part(sequence);
      return `${prefix}${sequence}-${part.fragments}/${encodeBytewords(cborPart(part))}`;
    },
  };
}

export interface UrReader {
  /** Takes one code. Errors: `invalid_input` for what is no UR of this kind, `integrity` for a part of another message. */
  add(text: string): Result<void>;
  progress(): { readonly known: number; readonly total: number };
  message(): Uint8Array | undefined;
}

/** Collects codes in any order until the message is whole. Survives any text. */
export function createUrReader(): UrReader {
  const fountain = createFountainReader();
  let single: Uint8Array | undefined;
  return {
    add(text) {
      if (text.length > partCharacters) return err('invalid_input', 'This code is longer than a QR code can be.');
      const lower = text.trim().toLowerCase();
      if (!lower.startsWith(prefix))
        return err('invalid_input', 'This is no UR of bytes: it does not begin with ur:bytes.');
      const [head = '', tail, extra] = lower.slice(prefix.length).split('/');
      const payload = decodeBytewords(tail ?? head);
      if (payload === undefined || extra !== undefined)
        return err('invalid_input', 'This UR is damaged: its checksum is wrong.');
      if (tail === undefined) {
        const message = bytesOf(payload);
        if (message === undefined) return err('invalid_input', 'This UR does not hold bytes.');
        if (single !== undefined && !same(single, message)) return otherMessage();
        single = message;
        return ok(undefined);
      }
      const part = partOf(payload);
      if (part === undefined || head !== `${part.sequence}-${part.fragments}`) {
        return err('invalid_input', 'This part of a UR does not hold what its name says.');
      }
      return fountain.add(part) ? ok(undefined) : otherMessage();
    },
    progress: () => (single === undefined ? fountain.progress() : { known: 1, total: 1 }),
    message() {
      if (single !== undefined) return single;
      const whole = fountain.message();
      return whole === undefined ? undefined : bytesOf(whole);
    },
  };
}

const otherMessage = () => err('integrity', 'This code belongs to another message than the ones before.');

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function cborHead(major: number, value: number): Uint8Array {
  const top = major << 5;
  if (value < 24) return Uint8Array.of(top | value);
  if (value < 0x100) return Uint8Array.of(top | 24, value);
  if (value < 0x1_0000) return Uint8Array.of(top | 25, value >> 8, value & 255);
  return Uint8Array.of(top | 26, value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
}

function cborBytes(bytes: Uint8Array): Uint8Array {
  return concatBytes(cborHead(2, bytes.length), bytes);
}

function cborPart({ sequence, fragments, messageBytes, checksum, data }: FountainPart): Uint8Array {
  const numbers = [sequence, fragments, messageBytes, checksum].map((value) => cborHead(0, value));
  return concatBytes(cborHead(4, 5), ...numbers, cborBytes(data));
}

function bytesOf(cbor: Uint8Array): Uint8Array | undefined {
  const value = cborValue(cbor);
  return value instanceof Uint8Array && value.length <= fountainLimits.messageBytes ? value : undefined;
}

function partOf(cbor: Uint8Array): FountainPart | undefined {
  const value = cborValue(cbor);
  if (!Array.isArray(value) || value.length !== 5) return undefined;
  const [sequence, fragments, messageBytes, checksum, data] = value as unknown[];
  if (typeof sequence !== 'number' || typeof fragments !== 'number') return undefined;
  if (typeof messageBytes !== 'number' || typeof checksum !== 'number' || !(data instanceof Uint8Array))
    return undefined;
  return { sequence, fragments, messageBytes, checksum, data };
}

function cborValue(cbor: Uint8Array): unknown {
  try {
    return readCbor(cbor, 'UR');
  } catch {
    // Not CBOR of the strict subset: the caller says so.
    return undefined;
  }
}
