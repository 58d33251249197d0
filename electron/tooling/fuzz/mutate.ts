import type { SeededRandom } from './random.ts';

/** Values on which lengths and counts break: zero, limits of signedness and width. */
const edges = [0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff];

type Mutation = (bytes: Uint8Array, random: SeededRandom) => Uint8Array;

/** Replaces `removed` bytes at `at` by `inserted`. */
function splice(bytes: Uint8Array, at: number, removed: number, inserted: Uint8Array): Uint8Array {
  const end = Math.min(bytes.length, at + removed);
  const result = new Uint8Array(at + inserted.length + bytes.length - end);
  result.set(bytes.subarray(0, at), 0);
  result.set(inserted, at);
  result.set(bytes.subarray(end), at + inserted.length);
  return result;
}

function overwrite(bytes: Uint8Array, at: number, values: Uint8Array): Uint8Array {
  const result = bytes.slice();
  result.set(values.subarray(0, bytes.length - at), at);
  return result;
}

const place = (bytes: Uint8Array, random: SeededRandom): number => random.number(Math.max(bytes.length, 1));

const mutations: readonly Mutation[] = [
  (bytes, random) => flipBit(bytes, random.number(Math.max(bytes.length * 8, 1))),
  (bytes, random) =>
    bytes.length === 0
      ? bytes
      : overwrite(bytes, place(bytes, random), Uint8Array.of(edges[random.number(edges.length)] ?? 0)),
  // A length field of two or four bytes at one of its limits.
  (bytes, random) =>
    bytes.length === 0
      ? bytes
      : overwrite(
          bytes,
          place(bytes, random),
          new Uint8Array(2 + 2 * random.number(2)).fill(edges[random.number(6)] ?? 0),
        ),
  (bytes, random) => bytes.slice(0, place(bytes, random)),
  (bytes, random) => splice(bytes, bytes.length, 0, random.bytes(1 + random.number(64))),
  (bytes, random) => splice(bytes, place(bytes, random), 0, random.bytes(1 + random.number(16))),
  (bytes, random) => splice(bytes, place(bytes, random), 1 + random.number(16), new Uint8Array(0)),
  // A piece of the input a second time: repeated members, elements and keys.
  (bytes, random) => {
    const from = place(bytes, random);
    return splice(bytes, place(bytes, random), 0, bytes.subarray(from, from + 1 + random.number(128)));
  },
];

/** One bit of the input changed. @param bit 0 to 8 × length - 1 */
export function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  const result = bytes.slice();
  const at = bit >> 3;
  if (at < result.length) result[at] = (result[at] ?? 0) ^ (1 << (bit & 7));
  return result;
}

/** A seed changed in one to four places, never longer than twice its length and 512 bytes. */
export function mutate(seed: Uint8Array, random: SeededRandom): Uint8Array {
  let result = seed;
  for (let rounds = 1 + random.number(4); rounds > 0; rounds -= 1) {
    result = mutations[random.number(mutations.length)]?.(result, random) ?? result;
  }
  return result.subarray(0, seed.length * 2 + 512);
}
