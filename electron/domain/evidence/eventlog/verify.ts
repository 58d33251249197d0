import { utf8ToBytes } from '@noble/hashes/utils.js';
import type { SubmoduleVerdict } from '../../../contract/evidence.ts';
import { parseCcel } from '../ccel/ccel.ts';
import { createVerdict, type VerdictBuilder } from '../checks.ts';
import type { EvidenceCrypto } from '../crypto.ts';
import { checkDstack, type DstackExpectations, type DstackInfo } from '../dstack/application.ts';
import { parseDstackLog, type DstackLog } from '../dstack/event-log.ts';
import { toHex } from '../readers/bytes.ts';
import { printable } from '../readers/printable.ts';
import {
  differenceWords,
  firstDifference,
  registerCount,
  replayRegisters,
  type ExpectedEvent,
  type MeasuredEvent,
} from './measured-events.ts';

export interface EventLogInput extends DstackExpectations {
  /** `eventlog` */
  readonly name: string;
  readonly log:
    | { readonly kind: 'dstack'; readonly json: Uint8Array | string }
    | { readonly kind: 'ccel'; readonly data: Uint8Array };
  /** RTMR0 to RTMR3 of a quote that verified; undefined leaves the log undecided. */
  readonly registers: readonly Uint8Array[] | undefined;
  /** What the log should hold: then each register that differs is explained down to the event. */
  readonly expectedEvents?: readonly ExpectedEvent[];
  readonly crypto: EvidenceCrypto;
}

export interface EventLogResult {
  readonly verdict: SubmoduleVerdict;
  /** In order; empty when the log cannot be read. */
  readonly events: readonly MeasuredEvent[];
  /** RTMR0 to RTMR3 as the log gives them; undefined when the log cannot be read. */
  readonly registers: readonly Uint8Array[] | undefined;
  /** What dstack measured about its application. To be believed only when the verdict is affirming. */
  readonly dstack: DstackInfo | undefined;
}

/**
 * Replays an event log and compares it with the registers of a verified quote (ATTESTATION §4.6): a log proves nothing
 * by itself, and its events are true exactly when they lead to the quoted registers. Says nothing about the quote.
 */
export function verifyEventLog(input: EventLogInput): EventLogResult {
  const { log, crypto } = input;
  const source = log.kind === 'dstack' ? log.json : log.data;
  const bytes = typeof source === 'string' ? utf8ToBytes(source) : source;
  const verdict = createVerdict({ name: input.name, family: 'dstack', evidenceSha256: toHex(crypto.sha256(bytes)) });
  const title = 'The event log can be read';
  const parsed = log.kind === 'dstack' ? parseDstackLog(bytes, crypto) : readCcel(bytes, crypto);
  if (!parsed.ok) {
    verdict.fail('log.format', title, 'evidence-malformed', { detail: parsed.detail });
    return { verdict: verdict.build(), events: [], registers: undefined, dstack: undefined };
  }
  const { measured, misstated } = parsed.value;
  verdict.pass('log.format', title, { found: `${measured.length} events` });
  if (log.kind === 'dstack') {
    verdict.judge(
      'log.digests',
      'The digests of runtime events are their own',
      misstated.length === 0,
      'event-digest',
      {
        detail: `The stated digest is not the one of name and payload: ${printable(misstated.join(', '))}. The event was edited.`,
      },
    );
  }
  const registers = replayRegisters(measured, crypto);
  registers.forEach((value, at) => verdict.measurement(`rtmr${at} (replayed)`, toHex(value)));
  compareWithQuote(verdict, registers, measured, input);
  if (input.expectedEvents !== undefined) compareWithExpected(verdict, measured, input.expectedEvents);
  const dstack = log.kind === 'dstack' ? checkDstack(verdict, parsed.value, input, crypto) : undefined;
  const unconfirmed = measured.filter(({ confirmed }) => !confirmed).length;
  if (unconfirmed > 0) {
    verdict.notChecked(
      `What ${unconfirmed} boot events stand for: only their digests replay, their data is not what was hashed.`,
    );
  }
  if (input.expectedEvents === undefined) {
    verdict.notChecked('Whether these are the events of a known image: no expected list was given.');
  }
  return { verdict: verdict.build(), events: measured, registers, dstack };
}

function readCcel(bytes: Uint8Array, crypto: EvidenceCrypto) {
  const parsed = parseCcel(bytes, crypto);
  if (!parsed.ok) return parsed;
  const value: DstackLog = { measured: parsed.value, events: [], misstated: [] };
  return { ok: true, value } as const;
}

function compareWithQuote(
  verdict: VerdictBuilder,
  replayed: readonly Uint8Array[],
  events: readonly MeasuredEvent[],
  { registers, expectedEvents, crypto }: EventLogInput,
): void {
  for (let at = 0; at < registerCount; at++) {
    const title = `The events lead to RTMR${at} of the quote`;
    const [found, quoted] = [replayed[at] ?? new Uint8Array(), registers?.[at]];
    if (quoted === undefined) {
      verdict.unknown(`log.rtmr${at}`, title, 'register-not-given', {
        detail: 'There is no verified quote to compare with: the log alone proves nothing.',
      });
      continue;
    }
    const why = expectedEvents === undefined ? undefined : firstDifference(events, expectedEvents, at);
    verdict.judge(`log.rtmr${at}`, title, crypto.equal(found, quoted), 'rtmr-mismatch', {
      detail: `The log was changed, or is of another boot.${why === undefined ? '' : ` ${differenceWords(why)}`}`,
      expected: toHex(quoted),
      found: toHex(found),
    });
  }
}

function compareWithExpected(
  verdict: VerdictBuilder,
  events: readonly MeasuredEvent[],
  expected: readonly ExpectedEvent[],
): void {
  for (let at = 0; at < registerCount; at++) {
    const difference = firstDifference(events, expected, at);
    verdict.judge(
      `log.rtmr${at}.events`,
      `The events of RTMR${at} are the expected ones`,
      difference === undefined,
      'event-differs',
      difference === undefined ? {} : { detail: differenceWords(difference) },
    );
  }
}
