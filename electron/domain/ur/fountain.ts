import { concatBytes } from '@noble/hashes/utils.js';
import { crc32, uint32Bytes } from './crc32.ts';
import { createSampler, createXoshiro, shuffled } from './xoshiro.ts';

/** Luby-transform fountain codes of BCR-2024-001: endless parts, of which any few more than needed give the message. */

export const fountainLimits = {
  /** Bytes of a message: what one animated QR code is patient enough for. */
  messageBytes: 262_144,
  /** Parts that hold one fragment each. */
  fragments: 4096,
  /** Mixed parts kept while they wait for others. */
  waiting: 4096,
} as const;

export interface FountainPart {
  /** 1, 2, 3 …; up to `fragments` they hold one fragment each, after that several, mixed. */
  readonly sequence: number;
  readonly fragments: number;
  readonly messageBytes: number;
  /** CRC-32 of the whole message. */
  readonly checksum: number;
  readonly data: Uint8Array;
}

/** Which fragments are mixed in a part. Both sides compute it from the numbers in the part. */
export function fragmentsOf(sequence: number, fragments: number, checksum: number): number[] {
  if (sequence <= fragments) return [sequence - 1];
  const generator = createXoshiro(concatBytes(uint32Bytes(sequence), uint32Bytes(checksum)));
  const degree = chooseDegree(fragments, generator.nextDouble);
  const indexes = Array.from({ length: fragments }, (_, i) => i);
  return shuffled(indexes, degree, generator);
}

/** How many fragments to mix: n is chosen 1/n as often as 1. */
export function chooseDegree(fragments: number, random: () => number): number {
  return createSampler(Array.from({ length: fragments }, (_, i) => 1 / (i + 1)))(random) + 1;
}

/** The size of a fragment: the message in as few equal fragments as fit the maximum. Bytes. */
export function fragmentSize(messageBytes: number, minimum: number, maximum: number): number {
  const most = Math.max(1, Math.floor(messageBytes / minimum));
  for (let count = 1; count <= most; count++) {
    const size = Math.ceil(messageBytes / count);
    if (size <= maximum) return size;
  }
  return Math.ceil(messageBytes / most);
}

/** @param maximum largest fragment, bytes. @returns how many fragments there are, and any part by its number from 1. */
export function createFountain(message: Uint8Array, maximum: number) {
  const size = fragmentSize(message.length, 10, maximum);
  const fragments = Math.ceil(message.length / size);
  const padded = new Uint8Array(fragments * size);
  padded.set(message);
  const checksum = crc32(message);
  const part = (sequence: number): FountainPart => {
    const data = new Uint8Array(size);
    for (const index of fragmentsOf(sequence, fragments, checksum)) {
      mix(data, padded.subarray(index * size, (index + 1) * size));
    }
    return { sequence, fragments, messageBytes: message.length, checksum, data };
  };
  return { fragments, part };
}

export interface FountainReader {
  /** false when the part belongs to another message or makes no sense. */
  add(part: FountainPart): boolean;
  /** How many fragments are known, of how many; 0 of 0 before the first part. */
  progress(): { readonly known: number; readonly total: number };
  /** The message when it is whole and its checksum holds. */
  message(): Uint8Array | undefined;
}

/** Collects parts in any order, with repeats and losses. */
export function createFountainReader(): FountainReader {
  let first: FountainPart | undefined;
  const known = new Map<number, Uint8Array>();
  let mixed: { indexes: Set<number>; data: Uint8Array }[] = [];
  const seen = new Set<number>();

  /** Takes what is known out of a part; a part with one fragment left is that fragment. */
  const settle = (start: { indexes: Set<number>; data: Uint8Array }) => {
    const queue = [start];
    for (let entry = queue.pop(); entry !== undefined; entry = queue.pop()) {
      for (const index of entry.indexes) {
        const fragment = known.get(index);
        if (fragment === undefined) continue;
        mix(entry.data, fragment);
        entry.indexes.delete(index);
      }
      const [only] = entry.indexes;
      if (only === undefined) continue;
      if (entry.indexes.size > 1) {
        if (mixed.length < fountainLimits.waiting) mixed.push(entry);
        continue;
      }
      known.set(only, entry.data);
      const touched = mixed.filter(({ indexes }) => indexes.has(only));
      mixed = mixed.filter(({ indexes }) => !indexes.has(only));
      queue.push(...touched);
    }
  };

  return {
    add(part) {
      if (!isSound(part)) return false;
      first ??= part;
      if (
        part.fragments !== first.fragments ||
        part.messageBytes !== first.messageBytes ||
        part.checksum !== first.checksum ||
        part.data.length !== first.data.length
      ) {
        return false;
      }
      if (seen.has(part.sequence) || known.size === part.fragments) return true;
      seen.add(part.sequence);
      const indexes = new Set(fragmentsOf(part.sequence, part.fragments, part.checksum));
      settle({ indexes, data: Uint8Array.from(part.data) });
      return true;
    },
    progress: () => ({ known: known.size, total: first?.fragments ?? 0 }),
    message() {
      if (first === undefined || known.size < first.fragments) return undefined;
      const whole = concatBytes(...Array.from({ length: first.fragments }, (_, i) => known.get(i) ?? new Uint8Array()));
      const message = whole.slice(0, first.messageBytes);
      return crc32(message) === first.checksum ? message : undefined;
    },
  };
}

const whole = (value: number, low: number, high: number) => Number.isInteger(value) && value >= low && value <= high;

function isSound({ sequence, fragments, messageBytes, checksum, data }: FountainPart): boolean {
  return (
    whole(sequence, 1, 0xffff_ffff) &&
    whole(fragments, 1, fountainLimits.fragments) &&
    whole(messageBytes, 1, fountainLimits.messageBytes) &&
    whole(checksum, 0, 0xffff_ffff) &&
    // Sizes that fit each other: no part may claim more fragments than its message has bytes for.
    data.length * fragments >= messageBytes &&
    data.length * (fragments - 1) < messageBytes
  );
}

function mix(target: Uint8Array, other: Uint8Array): void {
  for (let i = 0; i < target.length; i++) target[i] = (target[i] ?? 0) ^ (other[i] ?? 0);
}
