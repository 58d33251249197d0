const zeros = Buffer.alloc(4096);

/**
 * How what an interrupted run left at a place goes with what belongs there.
 *
 * A write goes on in order, and a place nothing was written to reads as zeros: so a killed run leaves there a prefix of
 * what it wrote, then zeros. Anything else was written for other content. Where that is sealed content, sealing the
 * present one under the same key would use a nonce for two plaintexts, and their difference would lie open: `other` then
 * means that a new key is needed. The comparison itself gives nothing away: what was sealed for it stays in memory.
 * @returns `whole`: all of it is there; `missing`: nothing of it, or a first piece; `other`: something else.
 */
export function compareWritten(expected: Uint8Array, found: Uint8Array): 'whole' | 'missing' | 'other' {
  if (found.length > expected.length) return 'other';
  const used = usedLength(found);
  if (Buffer.compare(expected.subarray(0, used), found.subarray(0, used)) !== 0) return 'other';
  // Content that ends in zeros is whole with them; only a file that is too short still lacks them.
  if (found.length === expected.length && usedLength(expected) === used) return 'whole';
  return 'missing';
}

/** Bytes up to the last one that is not zero. */
export function usedLength(bytes: Uint8Array): number {
  let end = bytes.length;
  while (end > 0) {
    const from = Math.max(0, end - zeros.length);
    if (Buffer.compare(bytes.subarray(from, end), zeros.subarray(0, end - from)) !== 0) break;
    end = from;
  }
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  return end;
}
