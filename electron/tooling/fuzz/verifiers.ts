import type { EarStatus } from '../../contract/evidence.ts';
import { flipBit } from './mutate.ts';
import type { SeededRandom } from './random.ts';

/** Valid evidence and its verifier. */
export interface VerifierTarget {
  readonly name: string;
  readonly evidence: Uint8Array;
  /** What a signature covers, or what makes one: `[from, until)` in the evidence. */
  readonly signed: readonly (readonly [from: number, until: number])[];
  readonly verify: (evidence: Uint8Array) => EarStatus;
}

export interface VerifierOutcome {
  readonly target: string;
  readonly flips: number;
  /** What the unchanged evidence is: a target that starts refused would prove nothing. */
  readonly before: EarStatus;
  /** Bits whose change left the evidence affirming, `offset.bit`. */
  readonly accepted: readonly string[];
  readonly throws: readonly string[];
}

/**
 * Changes single bits of what is signed. Affirming evidence must not stay affirming, whatever the bit.
 * @param random picks the bits; when `flips` covers every bit, each is tried once, in order
 */
export function flipSigned(target: VerifierTarget, flips: number, random: SeededRandom): VerifierOutcome {
  const bits = target.signed.reduce((sum, [from, until]) => sum + (until - from) * 8, 0);
  const accepted: string[] = [];
  const throws: string[] = [];
  for (let round = 0; round < flips; round += 1) {
    const bit = bitOf(target.signed, flips >= bits ? round % bits : random.number(bits));
    const place = `${bit >> 3}.${bit & 7}`;
    try {
      if (target.verify(flipBit(target.evidence, bit)) === 'affirming') accepted.push(place);
    } catch (error) {
      throws.push(`${place} ${String(error)}`);
    }
  }
  return { target: target.name, flips, before: target.verify(target.evidence), accepted, throws };
}

function bitOf(regions: VerifierTarget['signed'], index: number): number {
  let left = index;
  for (const [from, until] of regions) {
    const size = (until - from) * 8;
    if (left < size) return from * 8 + left;
    left -= size;
  }
  throw new RangeError('the bit is outside of the signed regions');
}
