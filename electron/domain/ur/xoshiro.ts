import { sha256 } from '@noble/hashes/sha2.js';

const mask = 0xffff_ffff_ffff_ffffn;
const rotate = (x: bigint, by: bigint) => ((x << by) | (x >> (64n - by))) & mask;

/** Random numbers that are the same on both sides: xoshiro256** seeded by SHA-256 (BCR-2024-001). No secret depends on them. */
export interface Xoshiro {
  /** 64 bits. */
  next(): bigint;
  /** From 0 up to, without, 1. */
  nextDouble(): number;
  /** From `low` to `high`, both included. */
  nextInt(low: number, high: number): number;
}

export function createXoshiro(seed: Uint8Array): Xoshiro {
  const digest = sha256(seed);
  const view = new DataView(digest.buffer, digest.byteOffset, 32);
  let [a, b, c, d] = [view.getBigUint64(0), view.getBigUint64(8), view.getBigUint64(16), view.getBigUint64(24)];
  const generator: Xoshiro = {
    next() {
      const result = (rotate((b * 5n) & mask, 7n) * 9n) & mask;
      const shifted = (b << 17n) & mask;
      c ^= a;
      d ^= b;
      b ^= c;
      a ^= d;
      c ^= shifted;
      d = rotate(d, 45n);
      return result;
    },
    // The reference divides 2^64 values by 2^64 in doubles; Number() rounds as its conversion does.
    nextDouble: () => Number(generator.next()) / 18_446_744_073_709_552_000,
    nextInt: (low, high) => Math.floor(generator.nextDouble() * (high - low + 1)) + low,
  };
  return generator;
}

/** Walker's alias method: draws an index as often as its weight says, with two numbers a draw. */
export function createSampler(weights: readonly number[]): (random: () => number) => number {
  const count = weights.length;
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const scaled = weights.map((weight) => (weight * count) / sum);
  const small: number[] = [];
  const large: number[] = [];
  // From the last to the first, as the reference does: the order decides the table.
  for (let i = count - 1; i >= 0; i--) ((scaled[i] ?? 0) < 1 ? small : large).push(i);
  const probabilities = Array.from({ length: count }, () => 0);
  const aliases = Array.from({ length: count }, () => 0);
  while (small.length > 0 && large.length > 0) {
    const less = small.pop() ?? 0;
    const more = large.pop() ?? 0;
    probabilities[less] = scaled[less] ?? 0;
    aliases[less] = more;
    scaled[more] = (scaled[more] ?? 0) + (scaled[less] ?? 0) - 1;
    ((scaled[more] ?? 0) < 1 ? small : large).push(more);
  }
  for (const i of [...large, ...small]) probabilities[i] = 1;
  return (random) => {
    const first = random();
    const second = random();
    const i = Math.floor(count * first);
    return second < (probabilities[i] ?? 1) ? i : (aliases[i] ?? 0);
  };
}

/** The first `count` of the items in a random order. */
export function shuffled<T>(items: readonly T[], count: number, generator: Xoshiro): T[] {
  const left = [...items];
  const result: T[] = [];
  while (result.length < count && left.length > 0) {
    result.push(...left.splice(generator.nextInt(0, left.length - 1), 1));
  }
  return result;
}
