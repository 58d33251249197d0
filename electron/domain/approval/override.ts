import type { ApprovalSubject } from '../../contract/approval.ts';
import type { Check, OverrideNote, Verification } from '../../contract/evidence.ts';
import { approvedNodeOf } from './fingerprint.ts';
import { documentDigest } from './documents.ts';

type OverrideSubject = ApprovalSubject<'override'>;
type OverriddenCheck = OverrideSubject['checks'][number];

/**
 * Reasons of failed checks that custodians may judge and accept: levels, dates, and choices of the policy. A list of what
 * is allowed, so that a check that comes later cannot be overridden until somebody thought about it. What is never here: a
 * signature, a chain, a debug guest, a binding (nonce, report data, channel keys, GPU to CPU), a revocation, a measurement
 * of other code, simulated hardware.
 */
const overridable: ReadonlySet<string> = new Set([
  'tcb-below-minimum',
  'tcb-out-of-date',
  'tcb-out-of-date-configuration-needed',
  'tcb-configuration-needed',
  'tcb-configuration-and-sw-hardening-needed',
  'tcb-sw-hardening-needed',
  'advisory-not-accepted',
  'gpu-driver-below-minimum',
  'gpu-model-not-allowed',
  'gpu-architecture-not-allowed',
  'product-not-allowed',
  'platform-not-allowed',
  'chip-not-allowed',
  'smt-allowed',
  'alias-check-missing',
  'firmware-provisional',
  'collateral-expired',
  'crl-expired',
]);

/** The failed checks that no approval can cover; none when people may judge all of them. */
export function neverOverridden(checks: OverrideSubject['checks']): OverrideSubject['checks'] {
  return checks.filter(({ reason }) => !overridable.has(reason));
}

/** Every check that keeps a node from being affirmed: required ones that are no pass, optional ones that failed. */
export function blockingChecks({
  submodules,
  binding,
}: Pick<Verification, 'submodules' | 'binding'>): OverriddenCheck[] {
  const parts = submodules.map(({ name, checks }): [string, readonly Check[]] => [name, checks]);
  return [...parts, ['binding', binding] as const].flatMap(([part, checks]) => [
    // A part without a row was not looked at: nobody can know what would be accepted.
    ...(checks.length === 0 ? [{ id: `${part}/none`, reason: 'nothing-checked' }] : []),
    ...checks
      .filter(({ required, outcome }) => (required ? outcome !== 'pass' : outcome === 'fail'))
      .map(({ id, reason, detail }) => ({
        id: `${part}/${id}`,
        reason: reason ?? 'unknown',
        ...(detail === undefined ? {} : { detail: detail.slice(0, 1000) }),
      })),
  ]);
}

export interface OverrideUse {
  readonly verification: Verification;
  readonly jobId: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Why an approved override is none for this evidence, in a sentence; undefined when it covers it. It covers the same node
 * with the same parts and measurements, under the same policy, until its end, and no check beyond those that were
 * approved. What no approval can cover is looked at again here, whatever was signed.
 */
export function whyNotCovered(subject: OverrideSubject, use: OverrideUse): string | undefined {
  const { verification, jobId, now } = use;
  const { name, simulated, parts } = approvedNodeOf(verification, '');
  const { node } = subject;
  const blocking = blockingChecks(verification);
  const [never] = neverOverridden(blocking);
  if (never !== undefined) return `${never.id} did not pass (${never.reason}), and no approval can cover that`;
  if (
    documentDigest({ name, simulated, parts }) !==
    documentDigest({ name: node.name, simulated: node.simulated, parts: node.parts })
  ) {
    return 'it was given for another node, or for other measurements';
  }
  if (subject.policyDigest !== verification.policyDigest) return 'it was given under another policy';
  if (subject.jobId !== null && subject.jobId !== jobId) return 'it was given for another job';
  if (!(now < Date.parse(subject.notAfter))) return `it ended ${subject.notAfter}`;
  const beyond = blocking.find(
    ({ id, reason }) => !subject.checks.some((check) => check.id === id && check.reason === reason),
  );
  return beyond === undefined ? undefined : `it does not cover ${beyond.id} (${beyond.reason})`;
}

/** The verdict with the override in it: a warning, never an affirmation; every row stays what it was. */
export function withOverride(verification: Verification, note: OverrideNote): Verification {
  return { ...verification, status: 'warning', override: note };
}

/** Whether a key may go to a node with this verdict, as far as the verdict goes: affirmed, or let through by custodians. */
export function isAccepted({ status, override }: Pick<Verification, 'status' | 'override'>): boolean {
  return status === 'affirming' || (status === 'warning' && override !== undefined);
}
