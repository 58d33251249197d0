/** Whole numbers from a seed (xoshiro128**, Blackman and Vigna): the same seed gives the same inputs on every machine. */
export interface SeededRandom {
  /** 0 to `below` - 1. `below` at most 2^32. */
  number(below: number): number;
  bytes(length: number): Uint8Array;
}

/** @param seed any whole number; spread over the state by SplitMix32, so that near seeds give far streams. */
export function createSeededRandom(seed: number): SeededRandom {
  let mix = seed >>> 0;
  const split = (): number => {
    mix = (mix + 0x9e37_79b9) >>> 0;
    let value = mix;
    value = Math.imul(value ^ (value >>> 16), 0x21f0_aaad);
    value = Math.imul(value ^ (value >>> 15), 0x735a_2d97);
    return (value ^ (value >>> 15)) >>> 0;
  };
  let [a, b, c, d] = [split(), split(), split(), split()];
  const next = (): number => {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotate(d, 11);
    return result;
  };
  return {
    // A bias below 2^-20 for the sizes used here does not matter to a fuzzer.
    number: (below) => Math.floor((next() / 2 ** 32) * below),
    bytes(length) {
      const bytes = new Uint8Array(length);
      for (let at = 0; at < length; at += 4) {
        const word = next();
        for (let byte = 0; byte < 4 && at + byte < length; byte += 1) bytes[at + byte] = word >>> (8 * byte);
      }
      return bytes;
    },
  };
}

function rotate(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}
