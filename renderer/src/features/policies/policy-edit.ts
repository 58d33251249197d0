import type { Policy, TcbStatus, TdxPolicy } from '../../../../electron/contract/policy.ts';
import type { PolicyChange, PolicyProblem } from '../../../../electron/contract/policy-document.ts';
import type { Trust } from '../../ui/index.ts';

/** The text view of a policy: what the form writes and the core reads. */
export function textOf(policy: Policy): string {
  return `${JSON.stringify(policy, null, 2)}\n`;
}

/** One value a line; blank lines and repeats are dropped, commas part values too. */
export function valuesOf(lines: string): string[] {
  return [...new Set(lines.split(/[\s,]+/u).filter((value) => value !== ''))];
}

/** A whole number, or NaN, which the core refuses with its place. */
export function numberOf(text: string): number {
  return /^\d{1,9}$/u.test(text.trim()) ? Number(text.trim()) : Number.NaN;
}

/** A list that may be absent: an empty one is left out. */
export function optional<Name extends string, Value>(
  name: Name,
  list: readonly Value[],
): { readonly [key in Name]?: Value[] } {
  return list.length === 0 ? {} : ({ [name]: [...list] } as { [key in Name]: Value[] });
}

/** The list with the value in it, or without it, in the order of `all`. */
export function toggled<Value>(list: readonly Value[], value: Value, on: boolean, all: readonly Value[]): Value[] {
  return all.filter((each) => (each === value ? on : list.includes(each)));
}

export const families = [
  { id: 'snp', name: 'AMD SEV-SNP' },
  { id: 'tdx', name: 'Intel TDX' },
  { id: 'sgx', name: 'Intel SGX' },
  { id: 'nitro', name: 'AWS Nitro, Oyster' },
] as const;

/** Those that a policy may accept, best first. */
export const statuses: readonly Exclude<TcbStatus, 'Revoked'>[] = [
  'UpToDate',
  'SWHardeningNeeded',
  'ConfigurationNeeded',
  'ConfigurationAndSWHardeningNeeded',
  'OutOfDate',
  'OutOfDateConfigurationNeeded',
];

export const emptyTdx: TdxPolicy = {
  acceptedStatuses: ['UpToDate'],
  minimumEvaluationDataNumber: 0,
  requireSeptVeDisable: true,
  performanceMonitoringAllowed: false,
  measurements: {
    mrtd: [],
    rtmr0: [],
    rtmr1: [],
    rtmr2: [],
    rtmr3: [],
    mrConfigId: [],
    mrOwner: [],
    mrOwnerConfig: [],
  },
  serviceTds: [],
};

/** A family goes in with its section, because a family without one is refused. */
export function withFamily(policy: Policy, family: Policy['families'][number], on: boolean): Policy {
  const next: Policy = {
    ...policy,
    families: toggled(
      policy.families,
      family,
      on,
      families.map(({ id }) => id),
    ),
  };
  if (!on) return next;
  if (family === 'tdx' && next.tdx === undefined) return { ...next, tdx: emptyTdx };
  if (family === 'sgx' && next.sgx === undefined) {
    return {
      ...next,
      sgx: { acceptedStatuses: ['UpToDate'], minimumEvaluationDataNumber: 0, mrEnclaves: [], mrSigners: [] },
    };
  }
  if (family === 'nitro' && next.nitro === undefined) return { ...next, nitro: { pcrs: {}, oysterImageIds: [] } };
  return next;
}

/** `16: 0abc…` a line: registers of Nitro with their values. A line without a number is kept, for the core to refuse. */
export function registersOf(lines: string): Record<string, string[]> {
  const registers: Record<string, string[]> = {};
  for (const line of lines.split('\n')) {
    const text = line.trim();
    if (text === '') continue;
    const [, name = '', value = ''] = /^(?:pcr)?([^:\s]*)\s*:?\s*(.*)$/iu.exec(text) ?? [];
    registers[name] = [...(registers[name] ?? []), ...valuesOf(value)];
  }
  return registers;
}

export function registerLines(registers: Readonly<Record<string, readonly string[]>>): string {
  return Object.entries(registers)
    .flatMap(([index, values]) => values.map((value) => `${index}: ${value}`))
    .join('\n');
}

/** The first problem at a field or below it. */
export function problemAt(
  problems: readonly PolicyProblem[],
  place: string,
  severity: PolicyProblem['severity'],
): string | undefined {
  return problems.find(
    (problem) => problem.severity === severity && (problem.place === place || problem.place.startsWith(`${place}.`)),
  )?.message;
}

/** Looser is what a person should look at twice; neither is a verdict on hardware. */
export const effectTrust: Readonly<Record<PolicyChange['effect'], Trust | undefined>> = {
  stricter: undefined,
  looser: 'warning',
  different: 'unknown',
};

/** An id for a copy that is not taken yet. */
export function freeId(wanted: string, taken: readonly string[]): string {
  if (!taken.includes(wanted)) return wanted;
  let number = 2;
  while (taken.includes(`${wanted}-${number}`)) number += 1;
  return `${wanted}-${number}`;
}
