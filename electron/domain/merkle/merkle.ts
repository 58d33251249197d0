import { sha256 } from '@noble/hashes/sha2.js';

/**
 * The Merkle tree of RFC 6962 §2.1 over SHA-256: used for the parts of a sealed dataset and for the audit log.
 * Leaf and inner node have different prefixes, so that no inner node can be passed off as a leaf.
 */

/** Bytes in every hash here. */
export const hashSize = 32;

const leafPrefix = Uint8Array.of(0);
const nodePrefix = Uint8Array.of(1);

/** `SHA-256(0x00 ‖ data)`, the hash of one entry. */
export function leafHash(data: Uint8Array): Uint8Array {
  return sha256.create().update(leafPrefix).update(data).digest();
}

/** `SHA-256(0x01 ‖ left ‖ right)`, the hash of two subtrees. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256.create().update(nodePrefix).update(left).update(right).digest();
}

/** The root of the tree with no leaves: the SHA-256 of nothing. */
export function emptyRoot(): Uint8Array {
  return sha256(new Uint8Array(0));
}

/** The tree head over leaf hashes (see `leafHash`), in order. */
export function merkleRoot(leafHashes: readonly Uint8Array[]): Uint8Array {
  const appender = createMerkleAppender();
  for (const leaf of leafHashes) appender.append(leaf);
  return appender.root();
}

/** A tree that only grows and keeps one hash a level: O(log n) memory for any number of leaves. */
export interface MerkleAppender {
  /** Leaves so far. */
  readonly size: number;
  append(leaf: Uint8Array): void;
  /** Tree head over all leaves so far. */
  root(): Uint8Array;
  /** The roots of the perfect subtrees, largest first: enough to continue later with `createMerkleAppender`. */
  peaks(): Uint8Array[];
}

/**
 * Starts an appender, or continues one from a saved size and its peaks.
 * @throws RangeError when the number of peaks does not fit the size: a bug of the caller, not bad input.
 */
export function createMerkleAppender(saved?: { size: number; peaks: readonly Uint8Array[] }): MerkleAppender {
  let size = saved?.size ?? 0;
  const stack = [...(saved?.peaks ?? [])];
  if (stack.length !== bitCount(size)) throw new RangeError(`a tree of ${size} leaves has ${bitCount(size)} peaks`);
  return {
    get size() {
      return size;
    },
    append(leaf) {
      let hash = leaf;
      // Every trailing one bit of the size is a complete subtree waiting for its right neighbour.
      for (let rest = size; rest % 2 === 1; rest = Math.floor(rest / 2)) {
        const left = stack.pop();
        if (left === undefined) throw new RangeError('merkle peaks do not fit the size');
        hash = nodeHash(left, hash);
      }
      stack.push(hash);
      size += 1;
    },
    root() {
      if (stack.length === 0) return emptyRoot();
      return stack.reduceRight((right, left) => nodeHash(left, right));
    },
    peaks: () => [...stack],
  };
}

/**
 * The audit path of one leaf (RFC 6962 §2.1.1), from the leaf upwards.
 * @returns undefined when the index is outside the tree.
 */
export function inclusionProof(leafHashes: readonly Uint8Array[], index: number): Uint8Array[] | undefined {
  if (!Number.isSafeInteger(index) || index < 0 || index >= leafHashes.length) return undefined;
  const path: Uint8Array[] = [];
  let from = 0;
  let to = leafHashes.length;
  while (to - from > 1) {
    const middle = from + largestPowerBelow(to - from);
    if (index < middle) {
      path.push(merkleRoot(leafHashes.slice(middle, to)));
      to = middle;
    } else {
      path.push(merkleRoot(leafHashes.slice(from, middle)));
      from = middle;
    }
  }
  return path.toReversed();
}

/** Whether `leaf` is entry `index` of the tree with `size` leaves and this root (RFC 9162 §2.1.3.2). */
export function verifyInclusion(claim: {
  leaf: Uint8Array;
  index: number;
  size: number;
  proof: readonly Uint8Array[];
  root: Uint8Array;
}): boolean {
  const { leaf, index, size, proof, root } = claim;
  if (!isCount(index) || !isCount(size) || index >= size || !allHashes([leaf, root, ...proof])) return false;
  let node = index;
  let last = size - 1;
  let hash = leaf;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(sibling, hash);
      // A right edge without a sibling is carried up unchanged, level by level.
      while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && equalBytes(hash, root);
}

/**
 * The proof that the tree of the first `oldSize` leaves is a prefix of this one (RFC 6962 §2.1.2).
 * @returns undefined when there is no such older tree (`oldSize` 0 or more than the leaves).
 */
export function consistencyProof(leafHashes: readonly Uint8Array[], oldSize: number): Uint8Array[] | undefined {
  if (!isCount(oldSize) || oldSize === 0 || oldSize > leafHashes.length) return undefined;
  return subProof(leafHashes, oldSize, true);
}

function subProof(leaves: readonly Uint8Array[], oldSize: number, complete: boolean): Uint8Array[] {
  if (oldSize === leaves.length) return complete ? [] : [merkleRoot(leaves)];
  const split = largestPowerBelow(leaves.length);
  if (oldSize <= split) {
    return [...subProof(leaves.slice(0, split), oldSize, complete), merkleRoot(leaves.slice(split))];
  }
  return [...subProof(leaves.slice(split), oldSize - split, false), merkleRoot(leaves.slice(0, split))];
}

/** Whether the tree (`newSize`, `newRoot`) only appended to (`oldSize`, `oldRoot`) (RFC 9162 §2.1.4.2). */
export function verifyConsistency(claim: {
  oldSize: number;
  oldRoot: Uint8Array;
  newSize: number;
  newRoot: Uint8Array;
  proof: readonly Uint8Array[];
}): boolean {
  const { oldSize, oldRoot, newSize, newRoot, proof } = claim;
  if (!isCount(oldSize) || !isCount(newSize) || oldSize > newSize) return false;
  if (!allHashes([oldRoot, newRoot, ...proof])) return false;
  if (oldSize === 0) return proof.length === 0 && equalBytes(oldRoot, emptyRoot());
  if (oldSize === newSize) return proof.length === 0 && equalBytes(oldRoot, newRoot);
  const path = isPowerOfTwo(oldSize) ? [oldRoot, ...proof] : [...proof];
  const first = path.shift();
  if (first === undefined) return false;
  let node = oldSize - 1;
  let last = newSize - 1;
  while (node % 2 === 1) [node, last] = [half(node), half(last)];
  let oldHash = first;
  let newHash = first;
  for (const sibling of path) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      oldHash = nodeHash(sibling, oldHash);
      newHash = nodeHash(sibling, newHash);
      while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)];
    } else {
      newHash = nodeHash(newHash, sibling);
    }
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && equalBytes(oldHash, oldRoot) && equalBytes(newHash, newRoot);
}

/** Constant time in the contents; a difference in length shows at once. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

function allHashes(hashes: readonly Uint8Array[]): boolean {
  return hashes.every((hash) => hash.length === hashSize);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

// Arithmetic, not bit operators: sizes may pass 2^31.
function half(value: number): number {
  return Math.floor(value / 2);
}

function isPowerOfTwo(value: number): boolean {
  return bitCount(value) === 1;
}

function bitCount(value: number): number {
  let count = 0;
  for (let rest = value; rest > 0; rest = half(rest)) count += rest % 2;
  return count;
}

/** The largest power of two smaller than n, for n ≥ 2. */
function largestPowerBelow(n: number): number {
  let power = 1;
  while (power * 2 < n) power *= 2;
  return power;
}
