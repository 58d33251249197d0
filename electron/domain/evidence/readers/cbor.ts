import { decodeUtf8 } from '../../encoding/utf8.ts';
import { ByteReader, Malformed, concat } from './bytes.ts';

/** What a signed document may hold: keys are texts or whole numbers, `null` is CBOR's null. */
export type CborValue = number | string | Uint8Array | null | readonly CborValue[] | CborMap;
export type CborMap = ReadonlyMap<string | number, CborValue>;

const majors = { unsigned: 0, negative: 1, bytes: 2, text: 3, array: 4, map: 5 } as const;
const nullByte = 0xf6;
const indefiniteMap = 0xbf;
const breakByte = 0xff;
const maximumDepth = 8;

/**
 * Reads one CBOR item (RFC 8949) in a strict subset: shortest lengths only, no duplicate map keys, no tags, floats
 * or booleans, nothing after the item. Maps may be of indefinite length, because the newer Nitro hypervisors write their
 * payload so; nothing else may. @throws Malformed
 */
export function readCbor(bytes: Uint8Array, what: string): CborValue {
  const reader = new ByteReader(bytes);
  const value = readItem(reader, what, 0);
  reader.end(what);
  return value;
}

function readItem(reader: ByteReader, what: string, depth: number): CborValue {
  if (depth > maximumDepth) throw new Malformed(`${what} is nested too deep`);
  const initial = reader.u8(what);
  if (initial === nullByte) return null;
  if (initial === indefiniteMap) return readMap(reader, undefined, what, depth);
  const major = initial >> 5;
  if (major > majors.map) throw new Malformed(`${what} has an item of a type that is not allowed`);
  const argument = readArgument(reader, initial & 31, what);
  switch (major) {
    case majors.unsigned:
      return argument;
    case majors.negative:
      return -1 - argument;
    case majors.bytes:
      return reader.slice(argument, what);
    case majors.text:
      return readText(reader.slice(argument, what), what);
    case majors.array: {
      // Every element takes a byte at least: a length beyond the input must not make a long loop.
      if (argument > reader.left) throw new Malformed(`${what} has an array longer than the input`);
      return Array.from({ length: argument }, () => readItem(reader, what, depth + 1));
    }
    default:
      return readMap(reader, argument, what, depth);
  }
}

function readMap(reader: ByteReader, size: number | undefined, what: string, depth: number): CborMap {
  const map = new Map<string | number, CborValue>();
  const more = () => (size === undefined ? reader.bytes[reader.at] !== breakByte : map.size < size);
  while (more()) {
    const key = readItem(reader, what, depth + 1);
    if (typeof key !== 'string' && typeof key !== 'number') throw new Malformed(`${what} has a key of a wrong type`);
    if (map.has(key)) throw new Malformed(`${what} has a key twice`);
    map.set(key, readItem(reader, what, depth + 1));
  }
  if (size === undefined) reader.u8(what);
  return map;
}

function readArgument(reader: ByteReader, info: number, what: string): number {
  if (info < 24) return info;
  const [value, least] =
    info === 24
      ? [reader.u8(what), 24]
      : info === 25
        ? [reader.u16be(what), 0x100]
        : info === 26
          ? [reader.u32be(what), 0x1_0000]
          : info === 27
            ? [reader.u32be(what) * 2 ** 32 + reader.u32be(what), 2 ** 32]
            : [-1, 0];
  if (value < least || !Number.isSafeInteger(value)) throw new Malformed(`${what} has a length that is not strict`);
  return value;
}

function readText(bytes: Uint8Array, what: string): string {
  const text = decodeUtf8(bytes);
  if (text === undefined) throw new Malformed(`${what} has a text that is not UTF-8`);
  return text;
}

/** A byte string of at most 65535 bytes as one CBOR item. */
export function cborBytes(bytes: Uint8Array): Uint8Array {
  const { length } = bytes;
  if (length > 0xffff) throw new RangeError('the byte string is too long');
  const head = length < 24 ? [0x40 | length] : length < 0x100 ? [0x58, length] : [0x59, length >> 8, length & 0xff];
  return concat(Uint8Array.from(head), bytes);
}
