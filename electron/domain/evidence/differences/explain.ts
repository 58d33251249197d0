import type { SubmoduleVerdict, Verification } from '../../../contract/evidence.ts';
import type { Policy } from '../../../contract/policy.ts';
import type { MeasurementDifference } from '../../../contract/policy-document.ts';
import type { EvidenceCrypto } from '../crypto.ts';
import {
  differenceWords,
  extraEvent,
  firstDifference,
  replayRegisters,
  type EventDifference,
  type ExpectedEvent,
  type MeasuredEvent,
} from '../eventlog/measured-events.ts';
import type { OysterParameter } from '../nitro/oyster.ts';
import { compareMeasurements, type GoldenMeasurement } from '../nvidia/reference.ts';
import type { GpuReport } from '../nvidia/report.ts';
import { fromHex, toHex } from '../readers/bytes.ts';
import { firstParameterDifference, guessParameterDifference, type ParameterDifference } from './init-parameters.ts';
import { expectedRegisters, type ExpectedRegister } from './registers.ts';

/** What is known beside the verdict and the policy. The more there is, the further down the explanation goes. */
export interface References {
  /** GPU reports with their golden values, by attester. */
  readonly gpus?: ReadonlyMap<string, { readonly report: GpuReport; readonly golden: readonly GoldenMeasurement[] }>;
  /** The log that came with the evidence. Its words count only where it replays to the register. */
  readonly foundEvents?: readonly MeasuredEvent[];
  /** The log of a good machine. */
  readonly expectedEvents?: readonly ExpectedEvent[];
  /** Init parameters that an Oyster enclave should have been started with. */
  readonly expectedParameters?: readonly OysterParameter[];
  /** Those that it says it was started with. */
  readonly foundParameters?: readonly OysterParameter[];
  /** Values that mean something elsewhere: `{ value, of: "policy hospital-eu v2" }`. */
  readonly known?: readonly { readonly value: string; readonly of: string }[];
}

/**
 * Why measurements are not those of the policy: each register that differs, and where a reference allows it the event,
 * the init parameter or the GPU measurement that makes the difference. Empty when every named register fits.
 */
export function explainDifferences(
  verification: Pick<Verification, 'submodules'>,
  policy: Policy,
  references: References,
  crypto: EvidenceCrypto,
): MeasurementDifference[] {
  return verification.submodules.flatMap((part) => [
    ...expectedRegisters(policy, part.family)
      .filter(({ measurement, expected }) => !expected.includes(part.measurements[measurement] ?? ''))
      .map((register) => explainRegister(part, register, policy, references, crypto)),
    ...explainOyster(part, policy),
    ...explainGpu(part, references, crypto),
  ]);
}

function explainRegister(
  part: SubmoduleVerdict,
  row: ExpectedRegister,
  policy: Policy,
  references: References,
  crypto: EvidenceCrypto,
): MeasurementDifference {
  const found = part.measurements[row.measurement];
  const base = {
    attester: part.name,
    check: row.check,
    register: row.register,
    expected: [...row.expected],
    ...(found === undefined ? {} : { found }),
  };
  if (found === undefined) {
    return {
      ...base,
      sentence: `${row.register} (${row.meaning}) is not in the evidence, and the policy names values for it.`,
    };
  }
  if (/^0+$/.test(found)) {
    return { ...base, sentence: `${row.register} (${row.meaning}) is all zero: nothing was measured into it.` };
  }
  const event = eventBehind(row, found, references, crypto);
  if (event !== undefined) {
    return {
      ...base,
      cause: { kind: 'event', ...eventCause(event) },
      sentence: differenceWords(event),
    };
  }
  const parameter = row.register === 'PCR16' ? parameterBehind(found, references, crypto) : undefined;
  if (parameter !== undefined) {
    return {
      ...base,
      cause: { kind: 'init-parameter', name: parameter.name, ...values(parameter) },
      sentence: parameterSentence(parameter),
    };
  }
  const nearest = nearestTo(found, row, part, policy, references);
  const count = row.expected.length;
  const plain = `${row.register} (${row.meaning}) is ${count === 1 ? 'not the expected value' : `none of the ${count} expected values`}`;
  return nearest === undefined
    ? { ...base, sentence: `${plain}, nor one that this desk knows: another build, or a changed one.` }
    : { ...base, nearest, sentence: `${plain}, but it is ${nearest.of}.` };
}

function eventBehind(
  { measurement, expected }: ExpectedRegister,
  found: string,
  { foundEvents, expectedEvents }: References,
  crypto: EvidenceCrypto,
): EventDifference | undefined {
  const register = registerNumber(measurement);
  if (foundEvents === undefined || register === undefined) return undefined;
  // A log that does not replay to the signed register is a story about another machine.
  if (toHex(replayRegisters(foundEvents, crypto)[register] ?? new Uint8Array()) !== found) return undefined;
  return expectedEvents !== undefined && leadsTo(expected, expectedEvents, register, crypto)
    ? firstDifference(foundEvents, expectedEvents, register)
    : extraEvent(foundEvents, expected, register, crypto);
}

/** `rtmr3` → 3. Other measurements have no log. */
function registerNumber(measurement: string): number | undefined {
  const digit = /^rtmr([0-3])$/.exec(measurement)?.[1];
  return digit === undefined ? undefined : Number(digit);
}

/** Whether the expected events lead to an expected value: else they are a list for something else. */
function leadsTo(
  values: readonly string[],
  expected: readonly ExpectedEvent[],
  register: number,
  crypto: EvidenceCrypto,
): boolean {
  const events = expected.map((event): MeasuredEvent => {
    const digest = fromHex(event.digest) ?? new Uint8Array();
    return { register: event.register, type: 0, label: '', digest, confirmed: false };
  });
  return values.includes(toHex(replayRegisters(events, crypto)[register] ?? new Uint8Array()));
}

function eventCause({ kind, found, expected }: EventDifference) {
  const isAdded = kind === 'added' || expected === undefined;
  return {
    name: (isAdded ? found?.label : expected.label) ?? found?.label ?? 'an event without a name',
    ...(isAdded ? {} : { expected: expected.digest }),
    ...(kind === 'missing' || found === undefined ? {} : { found: toHex(found.digest) }),
  };
}

function parameterBehind(
  found: string,
  { expectedParameters, foundParameters }: References,
  crypto: EvidenceCrypto,
): ParameterDifference | undefined {
  if (expectedParameters === undefined) return undefined;
  return foundParameters === undefined
    ? guessParameterDifference(expectedParameters, found, crypto)
    : firstParameterDifference(expectedParameters, foundParameters, crypto);
}

function parameterSentence({ name, kind }: ParameterDifference): string {
  const what = `Init parameter "${name}"`;
  return {
    changed: `${what} has another content than expected.`,
    missing: `${what} is expected, and the enclave was started without it.`,
    added: `${what} was given to the enclave and is not expected.`,
    moved: `${what} stands at another place: the order of init parameters is measured.`,
  }[kind];
}

const values = ({ expected, found }: { expected?: string; found?: string }) => ({
  ...(expected === undefined ? {} : { expected }),
  ...(found === undefined ? {} : { found }),
});

/** The same value under another name: a register mixed up in the policy, or what another policy allows. */
function nearestTo(
  found: string,
  row: ExpectedRegister,
  part: SubmoduleVerdict,
  policy: Policy,
  { known = [] }: References,
): { value: string; of: string } | undefined {
  const swapped = expectedRegisters(policy, part.family).find(
    ({ register, expected }) => register !== row.register && expected.includes(found),
  );
  if (swapped !== undefined) return { value: found, of: `what the policy expects in ${swapped.register}` };
  return known.find(({ value }) => value === found);
}

/** The image id stands for four registers; when no listed one fits, the registers are what a person can compare. */
function explainOyster(part: SubmoduleVerdict, { nitro }: Policy): MeasurementDifference[] {
  const check = part.checks.find(({ id }) => id === 'nitro.oyster-image');
  if (part.family !== 'nitro' || nitro === undefined || check?.outcome !== 'fail') return [];
  const registers = ['pcr0', 'pcr1', 'pcr2', 'pcr16'].map(
    (name) => `${name.toUpperCase()} ${part.measurements[name] ?? 'absent'}`,
  );
  return [
    {
      attester: part.name,
      check: check.id,
      register: 'image id',
      expected: [...nitro.oysterImageIds],
      ...(check.found === undefined ? {} : { found: check.found }),
      sentence: `The Oyster image id is none of the ${nitro.oysterImageIds.length} listed. It is made of ${registers.join(', ')}.`,
    },
  ];
}

function explainGpu(part: SubmoduleVerdict, { gpus }: References, crypto: EvidenceCrypto): MeasurementDifference[] {
  const pair = gpus?.get(part.name);
  if (pair === undefined) return [];
  const { report, golden } = pair;
  return compareMeasurements(report, golden, crypto).mismatches.map((index) => {
    const expected = golden.filter((one) => one.index === index).flatMap((one) => one.values);
    const block = report.blocks[index];
    const found = block === undefined ? undefined : toHex(block.value);
    const name = `measurement ${index}`;
    return {
      attester: part.name,
      check: 'gpu.measurements',
      register: name,
      expected,
      ...(found === undefined ? {} : { found }),
      cause: {
        kind: 'gpu-measurement' as const,
        name,
        ...(expected[0] === undefined ? {} : { expected: expected[0] }),
        ...(found === undefined ? {} : { found }),
      },
      sentence:
        found === undefined
          ? `GPU measurement ${index} is missing in the report of ${part.name}, and its reference names one.`
          : `GPU measurement ${index} of ${part.name} is not the reference value: driver or firmware is another or was changed.`,
    };
  });
}
