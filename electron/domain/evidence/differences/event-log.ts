import { utf8ToBytes } from '@noble/hashes/utils.js';
import type { EvidenceCrypto } from '../crypto.ts';
import { fromHex, toHex } from '../readers/bytes.ts';

/** One measured event, as a log of any kind states it. */
export interface MeasuredEvent {
  /** As the verdict names the register: `rtmr3`, `pcr4`. */
  readonly register: string;
  readonly name: string;
  /** Lower-case hex of what the register was extended with. */
  readonly digest: string;
}

export interface EventDifference {
  /** Place in the register's log, from 0. */
  readonly index: number;
  readonly name: string;
  /** Absent when the event is too many. */
  readonly expected?: string;
  /** Absent when the event is missing. */
  readonly found?: string;
  readonly kind: 'changed' | 'missing' | 'added';
}

const registerBytes = 48;

/** Hex of a SHA-384 register after these events: R = SHA-384(R ‖ digest), digests padded with zeros to 48 bytes. */
export function replayRegister(events: readonly MeasuredEvent[], crypto: EvidenceCrypto): string {
  let register: Uint8Array = new Uint8Array(registerBytes);
  for (const { digest } of events) {
    const padded = new Uint8Array(registerBytes);
    padded.set((fromHex(digest) ?? new Uint8Array()).subarray(0, registerBytes));
    register = crypto.sha384(register, padded);
  }
  return toHex(register);
}

/** The runtime event of a dstack log as it is measured into RTMR3 (ATTESTATION §4.6). */
export function dstackRuntimeEvent(name: string, payload: Uint8Array, crypto: EvidenceCrypto): MeasuredEvent {
  const colon = utf8ToBytes(':');
  const digest = toHex(crypto.sha384(Uint8Array.of(0x01, 0x00, 0x00, 0x08), colon, utf8ToBytes(name), colon, payload));
  return { register: 'rtmr3', name, digest };
}

/**
 * Where two logs of one register part: the first event that is another, missing or too many. An event counts as missing
 * when what was found there is expected right after it, and as added the other way round.
 */
export function firstDifference(
  expected: readonly MeasuredEvent[],
  found: readonly MeasuredEvent[],
): EventDifference | undefined {
  const index = Array.from({ length: Math.max(expected.length, found.length) }, (_, at) => at).find(
    (at) => expected[at]?.digest !== found[at]?.digest,
  );
  if (index === undefined) return undefined;
  const [wanted, seen] = [expected[index], found[index]];
  const missing = (event: MeasuredEvent): EventDifference => ({
    index,
    name: event.name,
    expected: event.digest,
    kind: 'missing',
  });
  const added = (event: MeasuredEvent): EventDifference => ({
    index,
    name: event.name,
    found: event.digest,
    kind: 'added',
  });
  if (seen === undefined) return wanted === undefined ? undefined : missing(wanted);
  if (wanted === undefined) return added(seen);
  if (wanted.name !== seen.name) {
    if (expected[index + 1]?.digest === seen.digest) return missing(wanted);
    if (found[index + 1]?.digest === wanted.digest) return added(seen);
  }
  return { index, name: wanted.name, expected: wanted.digest, found: seen.digest, kind: 'changed' };
}

/**
 * Whether an expected register value stands at an earlier place of the log: then everything up to there is as expected,
 * and the event after it is the first that is too many.
 */
export function extraEvent(
  values: readonly string[],
  found: readonly MeasuredEvent[],
  crypto: EvidenceCrypto,
): EventDifference | undefined {
  for (let count = found.length - 1; count >= 0; count--) {
    const next = found[count];
    if (next !== undefined && values.includes(replayRegister(found.slice(0, count), crypto))) {
      return { index: count, name: next.name, found: next.digest, kind: 'added' };
    }
  }
  return undefined;
}
