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

export interface EventDifference {
  readonly register: number;
  /** Place among the events of the register, from 0: up to it the logs agree, from it on the register differs. */
  readonly index: number;
  /** Undefined: the log ends before. */
  readonly found: MeasuredEvent | undefined;
  /** Undefined: the log should have ended before. */
  readonly expected: ExpectedEvent | undefined;
}

/** The first event of a register at which a log leaves what is expected: why that register differs. */
export function firstDifference(
  events: readonly MeasuredEvent[],
  expected: readonly ExpectedEvent[],
  register: number,
): EventDifference | undefined {
  const found = events.filter((event) => event.register === register);
  const wanted = expected.filter((event) => event.register === register);
  for (let index = 0; index < Math.max(found.length, wanted.length); index++) {
    const [here, there] = [found[index], wanted[index]];
    if (here === undefined || there === undefined || toHex(here.digest) !== there.digest.toLowerCase()) {
      return { register, index, found: here, expected: there };
    }
  }
  return undefined;
}

/** The difference as a sentence. */
export function differenceWords({ register, index, found, expected }: EventDifference): string {
  const place = `RTMR${register} differs from event ${index + 1} on`;
  if (found === undefined) return `${place}: the log ends, expected was ${expectedWords(expected)}.`;
  if (expected === undefined) return `${place}: ${found.label} is one event too many.`;
  const same =
    expected.label === found.label ? 'the same event with another content' : `expected was ${expectedWords(expected)}`;
  return `${place}: found ${found.label}${found.confirmed ? '' : ' (by its own word)'}, ${same}.`;
}

function expectedWords(expected: ExpectedEvent | undefined): string {
  return expected?.label ?? `an event of digest ${expected?.digest.slice(0, 16) ?? '?'}…`;
}
