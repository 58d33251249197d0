import type { ApprovalSubject } from '../../contract/approval.ts';

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
  'crl-not-current',
]);

/** The first failed check that no approval can cover; undefined when people may judge all of them. */
export function neverOverridden(
  checks: ApprovalSubject<'override'>['checks'],
): ApprovalSubject<'override'>['checks'][number] | undefined {
  return checks.find(({ reason }) => !overridable.has(reason));
}
