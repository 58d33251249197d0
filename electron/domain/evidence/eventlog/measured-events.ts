import type { EvidenceCrypto } from '../crypto.ts';
import { toHex } from '../readers/bytes.ts';

/** One extension of a runtime measurement register (RTMR) of TDX. */
export interface MeasuredEvent {
  /** 0 to 3. */
  readonly register: number;
  /** TCG event type, or dstack's. */
  readonly type: number;
  /** What it is, for people. True only as far as `confirmed` says. */
  readonly label: string;
  /** What was extended, 48 bytes. */
  readonly digest: Uint8Array;
  /** The digest was computed from the event's own data, so that the label is what was measured. */
  readonly confirmed: boolean;
}

export const registerBytes = 48;
export const registerCount = 4;

/** R = 0; R = SHA-384(R ‖ digest) for each event of a register (TDX module base specification, TDG.MR.RTMR.EXTEND). */
export function replayRegisters(events: readonly MeasuredEvent[], crypto: EvidenceCrypto): readonly Uint8Array[] {
  const registers: Uint8Array[] = Array.from({ length: registerCount }, () => new Uint8Array(registerBytes));
  for (const { register, digest } of events) {
    registers[register] = crypto.sha384(registers[register] ?? new Uint8Array(registerBytes), digest);
  }
  return registers;
}

/** What a log should hold. */
export interface ExpectedEvent {
  readonly register: number;
  /** 48 bytes in lower-case hex. */
  readonly digest: string;
  readonly label?: string;
}

/** `changed`: another content; `missing`: expected, not measured; `added`: measured, not expected. */
export interface EventDifference {
  readonly register: number;
  /** Place among the events of the register, from 0: up to it the logs agree, from it on the register differs. */
  readonly index: number;
  readonly kind: 'changed' | 'missing' | 'added';
  /** What stands there. Undefined: the log ends before. */
  readonly found: MeasuredEvent | undefined;
  /** What should stand there. Undefined: the log should have ended before. */
  readonly expected: ExpectedEvent | undefined;
}

/**
 * The first event of a register at which a log leaves what is expected: why that register differs. An event counts as
 * missing when what was found there is expected right after it, and as added the other way round.
 */
export function firstDifference(
  events: readonly MeasuredEvent[],
  expected: readonly ExpectedEvent[],
  register: number,
): EventDifference | undefined {
  const found = events.filter((event) => event.register === register);
  const wanted = expected.filter((event) => event.register === register);
  for (let index = 0; index < Math.max(found.length, wanted.length); index++) {
    const [here, there] = [found[index], wanted[index]];
    if (isExpected(here, there)) continue;
    const kind =
      here === undefined || (here.label !== there?.label && isExpected(here, wanted[index + 1]))
        ? 'missing'
        : there === undefined || (here.label !== there.label && isExpected(found[index + 1], there))
          ? 'added'
          : 'changed';
    return { register, index, kind, found: here, expected: there };
  }
  return undefined;
}

function isExpected(found: MeasuredEvent | undefined, expected: ExpectedEvent | undefined): boolean {
  return found !== undefined && expected !== undefined && toHex(found.digest) === expected.digest.toLowerCase();
}

/**
 * Whether an expected value of a register stands at an earlier place of the log: then everything up to there is as
 * expected, and the event after it is the first that is too many.
 * @param values lower-case hex
 */
export function extraEvent(
  events: readonly MeasuredEvent[],
  values: readonly string[],
  register: number,
  crypto: EvidenceCrypto,
): EventDifference | undefined {
  const found = events.filter((event) => event.register === register);
  for (let index = found.length - 1; index >= 0; index--) {
    const value = replayRegisters(found.slice(0, index), crypto)[register];
    if (value !== undefined && values.includes(toHex(value))) {
      return { register, index, kind: 'added', found: found[index], expected: undefined };
    }
  }
  return undefined;
}

/** The difference as a sentence. */
export function differenceWords({ register, index, kind, found, expected }: EventDifference): string {
  const place = `RTMR${register} differs from event ${index + 1} on`;
  if (found === undefined) return `${place}: the log ends, expected was ${expectedWords(expected)}.`;
  if (expected === undefined || kind === 'added') return `${place}: ${found.label} is one event too many.`;
  if (kind === 'missing') return `${place}: ${expectedWords(expected)} is expected and was not measured.`;
  const same =
    expected.label === found.label ? 'the same event with another content' : `expected was ${expectedWords(expected)}`;
  return `${place}: found ${found.label}${found.confirmed ? '' : ' (by its own word)'}, ${same}.`;
}

function expectedWords(expected: ExpectedEvent | undefined): string {
  return expected?.label ?? `an event of digest ${expected?.digest.slice(0, 16) ?? '?'}…`;
}
