import type { Policy, SnpTcb } from '../../contract/policy.ts';
import type { PolicyChange } from '../../contract/policy-document.ts';

type Effect = PolicyChange['effect'];

/** One field of a policy: where it stands, what people call it, and which way a change of it goes. */
export interface PolicyField {
  readonly place: string;
  readonly title: string;
  /** undefined: the policy does not say. */
  readonly value: (policy: Policy) => unknown;
  readonly show: (value: unknown) => string;
  readonly effect: (before: unknown, after: unknown) => Effect;
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const within = (inner: readonly unknown[], outer: readonly unknown[]) => inner.every((item) => outer.includes(item));

/** More values let more evidence pass. */
function alternatives(before: unknown, after: unknown): Effect {
  const [from, to] = [list(before), list(after)];
  if (within(from, to)) return 'looser';
  return within(to, from) ? 'stricter' : 'different';
}

/** As alternatives, but an empty or missing list is no demand at all. */
function allowList(before: unknown, after: unknown): Effect {
  if (list(before).length === 0) return 'stricter';
  return list(after).length === 0 ? 'looser' : alternatives(before, after);
}

const orNothing = (value: unknown) => (typeof value === 'number' ? value : Number.NEGATIVE_INFINITY);
const atLeast = (before: unknown, after: unknown): Effect =>
  orNothing(after) > orNothing(before) ? 'stricter' : 'looser';
const atMost = (before: unknown, after: unknown): Effect =>
  atLeast(before, after) === 'stricter' ? 'looser' : 'stricter';
const demand = (_before: unknown, after: unknown): Effect => (after === true ? 'stricter' : 'looser');
const permission = (_before: unknown, after: unknown): Effect => (after === true ? 'looser' : 'stricter');
const neither = (): Effect => 'different';

/** `2 values: 0a1b…, 2c3d…`; long lists are counted. */
function showList(empty: string): (value: unknown) => string {
  return (value) => {
    const items = list(value);
    if (items.length === 0) return empty;
    const shown = items.slice(0, 3).map((item) => shorten(String(item)));
    return `${shown.join(', ')}${items.length > 3 ? ` and ${items.length - 3} more` : ''}`;
  };
}
const shorten = (text: string) => (text.length > 24 ? `${text.slice(0, 8)}…${text.slice(-6)}` : text);
const showText = (value: unknown) => (value === undefined ? 'not stated' : String(value));
const yesNo = (yes: string, no: string) => (value: unknown) => (value === true ? yes : no);

const parts = ['bootloader', 'tee', 'snp', 'microcode', 'fmc'] as const;

/** `boot loader 10, TEE 0, SNP 22, microcode 84`. */
export function showTcb(tcb: SnpTcb): string {
  const fmc = tcb.fmc === undefined ? '' : `, FMC ${tcb.fmc}`;
  return `boot loader ${tcb.bootloader}, TEE ${tcb.tee}, SNP ${tcb.snp}, microcode ${tcb.microcode}${fmc}`;
}

/** A product without an entry is refused, so an entry more is looser. */
function tcbEffect(before: unknown, after: unknown): Effect {
  if (before === undefined) return 'looser';
  if (after === undefined) return 'stricter';
  const [from, to] = [before as SnpTcb, after as SnpTcb];
  const steps = parts.map((part) => (to[part] ?? 0) - (from[part] ?? 0));
  if (steps.every((step) => step >= 0)) return 'stricter';
  return steps.every((step) => step <= 0) ? 'looser' : 'different';
}

function field(place: string, title: string, show: PolicyField['show'], effect: PolicyField['effect']): PolicyField {
  return { place, title, show, effect, value: (policy) => at(policy, place) };
}

function at(policy: Policy, place: string): unknown {
  return place
    .split('.')
    .reduce<unknown>(
      (value, name) => (typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined),
      policy,
    );
}

const values = (place: string, title: string) => field(place, title, showList('not checked'), allowList);

const dcapFields = (section: 'tdx' | 'sgx', name: string): readonly PolicyField[] => [
  field(`${section}.acceptedStatuses`, `${name}: accepted TCB statuses`, showList('none'), alternatives),
  field(`${section}.acceptedAdvisories`, `${name}: accepted advisories`, showList('none'), alternatives),
  field(`${section}.minimumEvaluationDataNumber`, `${name}: least evaluation data number`, showText, atLeast),
];

/** Every field, in reading order. A register of Nitro is a field of its own. */
export function policyFields(...policies: readonly Policy[]): readonly PolicyField[] {
  const registers = [...new Set(policies.flatMap(({ nitro }) => Object.keys(nitro?.pcrs ?? {})))].toSorted(
    (a, b) => Number(a) - Number(b),
  );
  return [
    field('id', 'Id', showText, neither),
    field('name', 'Name', showText, neither),
    field('families', 'CPU families', showList('none'), alternatives),
    ...(['Milan', 'Genoa', 'Turin'] as const).map((product) =>
      field(
        `snp.minimumTcb.${product}`,
        `SEV-SNP: least firmware of ${product}`,
        (value) => (value === undefined ? 'refused' : showTcb(value as SnpTcb)),
        tcbEffect,
      ),
    ),
    field('snp.vmpl', 'SEV-SNP: privilege levels', showList('none'), alternatives),
    field('snp.smtAllowed', 'SEV-SNP: SMT', yesNo('allowed', 'refused'), permission),
    field('snp.provisionalFirmwareAllowed', 'SEV-SNP: provisional firmware', yesNo('allowed', 'refused'), permission),
    field('snp.requireAliasCheck', 'SEV-SNP: memory alias check', yesNo('demanded', 'not demanded'), demand),
    field('snp.requireRevocation', 'SEV-SNP: revocation list', yesNo('demanded', 'not demanded'), demand),
    values('snp.measurements', 'SEV-SNP: launch measurements'),
    values('snp.hostData', 'SEV-SNP: host data'),
    values('snp.idKeyDigests', 'SEV-SNP: id key digests'),
    values('snp.chipIds', 'SEV-SNP: chips'),
    ...dcapFields('tdx', 'TDX'),
    field('tdx.requireSeptVeDisable', 'TDX: SEPT_VE_DISABLE', yesNo('demanded', 'not demanded'), demand),
    field('tdx.performanceMonitoringAllowed', 'TDX: performance monitoring', yesNo('allowed', 'refused'), permission),
    ...(['mrtd', 'rtmr0', 'rtmr1', 'rtmr2', 'rtmr3', 'mrConfigId', 'mrOwner', 'mrOwnerConfig'] as const).map((name) =>
      values(`tdx.measurements.${name}`, `TDX: ${name.toUpperCase()}`),
    ),
    field('tdx.serviceTds', 'TDX: service TDs', showList('none'), alternatives),
    values('tdx.platforms', 'TDX: platforms'),
    ...dcapFields('sgx', 'SGX'),
    values('sgx.mrEnclaves', 'SGX: MRENCLAVE'),
    values('sgx.mrSigners', 'SGX: MRSIGNER'),
    field('sgx.productId', 'SGX: product id', showText, (before, after) =>
      before === undefined ? 'stricter' : after === undefined ? 'looser' : 'different',
    ),
    field('sgx.minimumSecurityVersion', 'SGX: least security version', showText, atLeast),
    ...registers.map((index) => values(`nitro.pcrs.${index}`, `Nitro: PCR${index}`)),
    values('nitro.oysterImageIds', 'Nitro: Oyster image ids'),
    field('gpu.required', 'GPU evidence', yesNo('demanded', 'not demanded'), demand),
    field('gpu.architectures', 'GPU architectures', showList('none'), alternatives),
    values('gpu.models', 'GPU models'),
    field('gpu.minimumDriver', 'Least GPU driver', showText, (before, after) =>
      before === undefined ? 'stricter' : after === undefined ? 'looser' : driverEffect(String(before), String(after)),
    ),
    field('gpu.requireReferenceMeasurements', 'GPU reference measurements', yesNo('demanded', 'not demanded'), demand),
    field('gpu.requireRevocation', 'GPU revocation answers', yesNo('demanded', 'not demanded'), demand),
    field('evidenceMaxAgeSeconds', 'Oldest evidence', (value) => `${showText(value)} s`, atMost),
    field('acceptSimulated', 'SIMULATED hardware of the local network', yesNo('accepted', 'refused'), permission),
  ];
}

function driverEffect(before: string, after: string): Effect {
  const [from, to] = [before.split('.').map(Number), after.split('.').map(Number)];
  for (let i = 0; i < Math.max(from.length, to.length); i++) {
    const step = (to[i] ?? 0) - (from[i] ?? 0);
    if (Number.isNaN(step)) return 'different';
    if (step !== 0) return step > 0 ? 'stricter' : 'looser';
  }
  return 'different';
}
