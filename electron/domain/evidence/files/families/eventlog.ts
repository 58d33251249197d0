import type { SubmoduleVerdict } from '../../../../contract/evidence.ts';
import { statusOf } from '../../checks.ts';
import { verifyEventLog, type EventLogInput } from '../../eventlog/verify.ts';
import { fromHex, isZero } from '../../readers/bytes.ts';
import { jsonMember, jsonText } from '../../readers/json.ts';
import { parseTdxQuote } from '../../tdx/quote.ts';
import { textOf, type Artifact } from '../artifact.ts';
import type { EvidenceSet } from '../evidence-set.ts';
import type { Family, FamilyInput, FamilyOutcome } from '../family.ts';
import { verifyQuote } from './dcap.ts';

/** A TDX quote with the event log that explains its registers: dstack's, or the firmware's (CCEL). */
export const eventLogFamily: Family = {
  family: 'dstack',
  expects: 'a TDX quote with an event log (dstack or CCEL)',
  // dstack's document counts also when its log cannot be read: the verdict then says so.
  kinds: ['dstack-event-log', 'ccel-log', 'dstack-quote'],
  verify(input) {
    const { set } = input;
    const quote = verifyQuote(input, 'tdx', statedReportData(set));
    const cpu =
      input.logOnly === true && set.of('dcap-collateral').length === 0
        ? withoutPlatform(quote.submodules)
        : quote.submodules;
    return {
      ...quote,
      submodules: [...cpu, logVerdict(input, 'eventlog')],
      used: [...quote.used, ...set.of('dstack-event-log', 'ccel-log', 'dstack-quote')],
    };
  },
};

/** The log of the set against the registers of its quote. They count only if the quote itself verifies, in its own verdict. */
export function logVerdict({ set, crypto }: FamilyInput, name: string): SubmoduleVerdict {
  const [quote] = set.of('tdx-quote');
  const parsed = quote === undefined ? undefined : parseTdxQuote(quote.bytes);
  const td = parsed?.ok === true ? parsed.value.td : undefined;
  const [dstack] = set.of('dstack-event-log');
  const compose = appComposeOf(set);
  return verifyEventLog({
    name,
    log: logOf(set),
    registers: td?.rtmrs,
    // Of older releases, which do not use the register, it is zero.
    ...(dstack === undefined || td === undefined || isZero(td.mrConfigId) ? {} : { mrConfigId: td.mrConfigId }),
    ...(compose === undefined ? {} : { appCompose: compose.bytes }),
    crypto,
  }).verdict;
}

function logOf(set: EvidenceSet): EventLogInput['log'] {
  const [dstack] = set.of('dstack-event-log');
  const [ccel] = set.of('ccel-log');
  const [document] = set.of('dstack-quote');
  if (dstack !== undefined) return { kind: 'dstack', json: textOf(dstack) };
  if (ccel !== undefined) return { kind: 'ccel', data: ccel.bytes };
  return { kind: 'dstack', json: jsonText(document?.json, 'event_log') ?? '' };
}

/** dstack's application description, whose exact bytes are measured; told by its members. */
export function appComposeOf(set: EvidenceSet): Artifact | undefined {
  return set
    .of('json')
    .find(({ json }) => jsonMember(json, 'manifest_version') !== undefined && jsonMember(json, 'runner') !== undefined);
}

/** REPORTDATA as the files say it should be: dstack's own statement, or 64 raw bytes beside the quote. */
export function statedReportData(set: EvidenceSet): Uint8Array | undefined {
  const raw = set.of('bytes').find(({ bytes }) => bytes.length === 64)?.bytes;
  const stated = fromHex(jsonText(set.of('dstack-quote')[0]?.json, 'report_data') ?? '');
  return raw ?? (stated?.length === 64 ? stated : undefined);
}

const platformReasons: ReadonlySet<string> = new Set(['collateral-missing', 'tcb-level-unknown']);

/**
 * Asked for the log alone, the quote need only be genuine: its platform status takes collateral, and without any it is
 * listed as not checked. Whoever asks about the guest gets the whole verdict, which then refuses.
 */
function withoutPlatform(submodules: FamilyOutcome['submodules']): SubmoduleVerdict[] {
  return submodules.map((verdict) => {
    const checks = verdict.checks.map((check) =>
      check.outcome === 'unknown' && platformReasons.has(check.reason ?? '') ? { ...check, required: false } : check,
    );
    const words =
      'TCB status and revocation of the platform: no collateral was given, and only the log was asked about.';
    return { ...verdict, checks, status: statusOf(checks), notChecked: [...verdict.notChecked, words] };
  });
}
