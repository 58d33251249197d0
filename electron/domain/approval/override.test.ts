import { expect, it } from 'vitest';
import { neverOverridden } from './override.ts';

it('never covers a bad signature, a debug guest, a missing binding, or what is not known', () => {
  for (const reason of [
    'quote-signature',
    'spdm-signature',
    'crl-signature',
    'chain-root-not-pinned',
    'certificate-revoked',
    'certificate-on-hold',
    'ocsp-not-given',
    'ocsp-not-current',
    'ocsp-status-unknown',
    'ocsp-signature',
    'tcb-revoked',
    'debug-enabled',
    'qe-debug-enabled',
    'nonce-mismatch',
    'gpu-nonce-mismatch',
    'report-data-mismatch',
    'gpu-evidence-not-bound',
    'tls-key-mismatch',
    'challenge-expired',
    'measurement-not-allowed',
    'simulated-not-accepted',
    'evidence-malformed',
    'a-reason-of-next-year',
    '',
    'constructor',
  ]) {
    const bad = { id: 'some.check', reason };
    expect(neverOverridden([{ id: 'snp.tcb', reason: 'tcb-below-minimum' }, bad]), reason).toEqual([bad]);
  }
  expect(neverOverridden([{ id: 'snp.tcb', reason: 'tcb-below-minimum' }])).toEqual([]);
});
