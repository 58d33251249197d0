import type { Check, EarStatus, EvidenceFamily, Verification } from '../../../../electron/contract/evidence.ts';
import type { Trust } from '../../ui/index.ts';

/** The attestation result's words, as marks. */
export function trustOfStatus(status: EarStatus): Trust {
  return ({ affirming: 'verified', warning: 'warning', contraindicated: 'refused', none: 'unknown' } as const)[status];
}

/** `Affirming`, the word of the standard, with a capital. */
export function statusWord(status: EarStatus): string {
  return { affirming: 'Affirming', warning: 'Warning', contraindicated: 'Contraindicated', none: 'No result' }[status];
}

export function trustOfCheck(check: Check): Trust {
  return ({ pass: 'verified', fail: 'refused', unknown: 'unknown' } as const)[check.outcome];
}

/** One branch of the tree of checks. */
export interface CheckGroup {
  readonly id: string;
  readonly title: string;
  readonly status: EarStatus;
  readonly checks: ReadonlyArray<Check>;
}

const families: Readonly<Record<EvidenceFamily, string>> = {
  tdx: 'Intel TDX',
  sgx: 'Intel SGX',
  snp: 'AMD SEV-SNP',
  nitro: 'AWS Nitro',
  nvidia: 'NVIDIA GPU',
  nras: 'NVIDIA remote verdict',
  dstack: 'dstack event log',
  'azure-vtpm': 'Azure vTPM',
  composite: 'CPU and GPUs together',
  'nvidia-rim': 'NVIDIA reference manifest',
  roots: 'Root certificates',
};

export function familyName(family: EvidenceFamily): string {
  return families[family];
}

/** The worst outcome among checks: a failed required check contraindicates, an unknown one gives no result. */
export function statusOfChecks(checks: ReadonlyArray<Check>): EarStatus {
  if (checks.length === 0) return 'none';
  if (checks.some((check) => check.required && check.outcome === 'fail')) return 'contraindicated';
  if (checks.some((check) => check.required && check.outcome === 'unknown')) return 'none';
  return checks.some((check) => check.outcome === 'fail') ? 'warning' : 'affirming';
}

/** The tree: each attester in order, then what ties them together. */
export function checkGroups(verification: Verification): ReadonlyArray<CheckGroup> {
  return [
    ...verification.submodules.map((part): CheckGroup => ({
      id: part.name,
      title: `${part.name}, ${familyName(part.family)}`,
      status: part.status,
      checks: part.checks,
    })),
    {
      id: 'binding',
      title: 'Binding and freshness',
      status: statusOfChecks(verification.binding),
      checks: verification.binding,
    },
  ];
}

export interface Tally {
  readonly pass: number;
  readonly fail: number;
  readonly unknown: number;
}

export function tally(checks: ReadonlyArray<Check>): Tally {
  const count = (outcome: Check['outcome']) => checks.filter((check) => check.outcome === outcome).length;
  return { pass: count('pass'), fail: count('fail'), unknown: count('unknown') };
}

/** Everything that was not checked, of the node and of its parts, each sentence once. */
export function notChecked(verification: Verification): ReadonlyArray<string> {
  return [...new Set([...verification.notChecked, ...verification.submodules.flatMap((part) => part.notChecked)])];
}

/** The check to show first: the first failed required one, else the first failed, else the first unknown, else the first. */
export function firstOfInterest(
  groups: ReadonlyArray<CheckGroup>,
): { readonly group: string; readonly check: Check } | undefined {
  const all = groups.flatMap((group) => group.checks.map((check) => ({ group: group.id, check })));
  return (
    all.find(({ check }) => check.required && check.outcome === 'fail') ??
    all.find(({ check }) => check.outcome === 'fail') ??
    all.find(({ check }) => check.outcome === 'unknown') ??
    all[0]
  );
}
