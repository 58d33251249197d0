import { utf8ToBytes } from '@noble/hashes/utils.js';
import { concat } from '../readers/bytes.ts';

/** What {@link encodeCbor} writes. Maps keep their order, as hypervisors do not sort theirs. */
export type CborInput =
  number | string | Uint8Array | null | readonly CborInput[] | ReadonlyMap<string | number, CborInput>;

/** One CBOR item (RFC 8949), definite and shortest lengths. Whole numbers only. */
export function encodeCbor(value: CborInput): Uint8Array {
  if (value === null) return Uint8Array.of(0xf6);
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === 'string') {
    const bytes = utf8ToBytes(value);
    return concat(head(3, bytes.length), bytes);
  }
  if (value instanceof Uint8Array) return concat(head(2, value.length), value);
  if (value instanceof Map) {
    return concat(head(5, value.size), ...[...value].flatMap(([key, item]) => [encodeCbor(key), encodeCbor(item)]));
  }
  const items = value as readonly CborInput[];
  return concat(head(4, items.length), ...items.map(encodeCbor));
}

function head(major: number, argument: number): Uint8Array {
  const initial = major << 5;
  if (argument < 24) return Uint8Array.of(initial | argument);
  const size = argument < 0x100 ? 1 : argument < 0x1_0000 ? 2 : argument < 2 ** 32 ? 4 : 8;
  const octets = Uint8Array.from({ length: size }, (_, at) => Math.floor(argument / 256 ** (size - 1 - at)) % 256);
  return concat(Uint8Array.of(initial | (24 + Math.log2(size))), octets);
}
