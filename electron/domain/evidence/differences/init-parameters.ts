import { utf8ToBytes } from '@noble/hashes/utils.js';
import type { EvidenceCrypto } from '../crypto.ts';
import { toHex } from '../readers/bytes.ts';
import { oysterParametersRegister, type OysterParameter } from '../nitro/oyster.ts';

export interface ParameterDifference {
  readonly name: string;
  /** Hex SHA-256 of the content; absent when there should be, or was, no such parameter. */
  readonly expected?: string;
  readonly found?: string;
  readonly kind: 'changed' | 'missing' | 'added' | 'moved';
}

/** A person attests a handful of parameters; trying variants of more would only take time. */
const triedAtMost = 32;

const digestOf = ({ content }: OysterParameter, crypto: EvidenceCrypto) => toHex(crypto.sha256(content));

/** Which init parameter of an Oyster enclave parts two lists, whose order counts. */
export function firstParameterDifference(
  expected: readonly OysterParameter[],
  found: readonly OysterParameter[],
  crypto: EvidenceCrypto,
): ParameterDifference | undefined {
  for (const wanted of expected) {
    const seen = found.find(({ name }) => name === wanted.name);
    const digest = digestOf(wanted, crypto);
    if (seen === undefined) return { name: wanted.name, expected: digest, kind: 'missing' };
    const seenDigest = digestOf(seen, crypto);
    if (seenDigest !== digest) return { name: wanted.name, expected: digest, found: seenDigest, kind: 'changed' };
  }
  const added = found.find(({ name }) => expected.every((wanted) => wanted.name !== name));
  if (added !== undefined) return { name: added.name, found: digestOf(added, crypto), kind: 'added' };
  const moved = expected.find(({ name }, index) => found[index]?.name !== name);
  return moved === undefined ? undefined : { name: moved.name, kind: 'moved' };
}

/**
 * Explains a PCR16 when only the expected parameters are known: the enclave was started without one of them, with an
 * empty one, or with two in the other order. A content that is another cannot be told from the register alone.
 */
export function guessParameterDifference(
  expected: readonly OysterParameter[],
  register: string,
  crypto: EvidenceCrypto,
): ParameterDifference | undefined {
  if (expected.length > triedAtMost) return undefined;
  const gives = (parameters: readonly OysterParameter[]) =>
    toHex(oysterParametersRegister(parameters, crypto)) === register;
  for (const [index, parameter] of expected.entries()) {
    const digest = digestOf(parameter, crypto);
    if (gives(expected.toSpliced(index, 1))) return { name: parameter.name, expected: digest, kind: 'missing' };
    const empty: OysterParameter = { name: parameter.name, content: utf8ToBytes('') };
    if (gives(expected.with(index, empty))) {
      return { name: parameter.name, expected: digest, found: digestOf(empty, crypto), kind: 'changed' };
    }
    for (let other = index + 1; other < expected.length; other++) {
      const second = expected[other];
      if (second !== undefined && gives(expected.with(index, second).with(other, parameter))) {
        return { name: parameter.name, kind: 'moved' };
      }
    }
  }
  return undefined;
}
