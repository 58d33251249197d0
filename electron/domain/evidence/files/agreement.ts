import type { ConformanceRow } from '../../../contract/conformance.ts';
import type { Verification } from '../../../contract/evidence.ts';

/** Reasons of vectors, and those of ours that say the same or more. A reason that is the same word needs no line. */
const finer: Readonly<Record<string, RegExp>> = {
  chain: /^(chain-|certificate-|signing-key-mismatch|product-mismatch|endorsement-)/,
  expired: /^(certificate-expired|.*-expired)$/,
  malformed: /malformed$/,
  'root-not-aws': /^chain-root-not-pinned$/,
  'root-not-pinned': /^chain-root-not-pinned$/,
  'crl-missing': /^crl-/,
  'crl-signature': /^crl-(signature|issuer-mismatch)$/,
  'collateral-not-yet-valid': /not-yet-valid/,
  'collateral-expired': /expired/,
  'crl-swapped': /^crl-(issuer-mismatch|signature)$/,
  'qe-identity-missing': /^qe-identity-/,
  'tcb-info-missing': /^tcb-info-/,
  'chain-expired': /^(rim-)?certificate-expired$/,
  'report-data-binding': /^(report-data-mismatch|nonce-mismatch|.*-not-bound)$/,
  'hwid-mismatch': /^(chip-id-|endorsement-chip-)/,
  'debug-mode': /^debug-enabled$/,
  'pcr-missing': /^register-missing$/,
  'pcr-mismatch': /^register-mismatch$/,
  // The digest that is not the event's own is why the register would differ.
  'rtmr-mismatch': /^event-digest$/,
  'unknown-kid': /^key-unknown$/,
  // A hold is told by OCSP alone; without an answer such a device fails on what is missing.
  'certificate-on-hold': /^certificate-revoked$/,
};

/** How the reasons of a verdict stand to the expected one: the best of all failed required rows counts. */
export function agreementOf(expected: string, verification: Verification | undefined): ConformanceRow['agreement'] {
  const code = expected.replace(/^invalid:?/, '');
  if (expected === 'valid' || code === '' || verification?.reason === undefined) return 'none';
  if (verification.reason === code) return 'exact';
  const rows = [...verification.submodules.flatMap(({ checks }) => checks), ...verification.binding];
  const reasons = rows
    .filter(({ required, outcome }) => required && outcome !== 'pass')
    .map(({ reason }) => reason ?? '');
  const pattern = finer[code];
  return reasons.some((reason) => says(reason, code) || pattern?.test(reason) === true) ? 'finer' : 'other';
}

/** A reason that holds the words of another says at least as much: `gpu-nonce-mismatch` and `nonce-mismatch`. */
function says(reason: string, code: string): boolean {
  return `-${reason}-`.includes(`-${code}-`);
}
