import type { EvidenceKind } from '../../../../electron/contract/evidence-files.ts';
import type { EvidenceFamily } from '../../../../electron/contract/evidence.ts';
import type { CollateralKind, CollateralView } from '../../../../electron/contract/collateral.ts';

const kinds: Readonly<Record<EvidenceKind, string>> = {
  'tdx-quote': 'TDX quote',
  'sgx-quote': 'SGX quote',
  'snp-report': 'SEV-SNP report',
  'nitro-document': 'Nitro document',
  'gpu-report': 'GPU report',
  'gpu-evidence-list': 'GPU evidence',
  rim: 'reference manifest (RIM)',
  'nras-token': 'NRAS token',
  jwks: 'key set (JWKS)',
  'dcap-collateral': 'Intel collateral',
  'collateral-bundle': 'collateral bundle',
  'azure-evidence': 'Azure evidence',
  'hcl-report': 'Azure HCL report',
  'tpm-quote': 'TPM quote',
  'dstack-quote': 'dstack quote',
  'dstack-event-log': 'dstack event log',
  'ccel-log': 'CCEL event log',
  'ccel-table': 'CCEL table',
  'tinfoil-document': 'Tinfoil document',
  'near-request': 'NEAR request',
  certificates: 'certificates',
  'revocation-list': 'revocation list (CRL)',
  'ocsp-answer': 'revocation answer (OCSP)',
  fingerprints: 'fingerprints',
  'vector-description': 'description',
  json: 'JSON',
  text: 'text',
  bytes: 'bytes of no known kind',
};

export const kindName = (kind: EvidenceKind): string => kinds[kind];

/** The families that a person may name, in the order of the list. */
export const familyChoices: ReadonlyArray<EvidenceFamily> = [
  'tdx',
  'sgx',
  'snp',
  'nitro',
  'nvidia',
  'nras',
  'dstack',
  'azure-vtpm',
  'composite',
  'nvidia-rim',
  'roots',
];

const collateralKinds: Readonly<Record<CollateralKind, string>> = {
  'intel-tcb-info': 'Intel TCB info',
  'intel-qe-identity': 'Intel QE identity',
  'intel-root-crl': 'Intel root CRL',
  'intel-pck-crl': 'Intel PCK CRL',
  'amd-crl': 'AMD CRL',
  'nvidia-rim': 'NVIDIA manifest (RIM)',
  'nvidia-ocsp': 'NVIDIA OCSP answer',
  'nras-jwks': 'NRAS key set',
};

export const collateralName = (kind: CollateralKind): string => collateralKinds[kind];

/** Items that end within this time are said to expire soon. */
const soonSeconds = 7 * 86_400;

export type CollateralState = 'current' | 'expiring' | 'expired' | 'not yet valid';

/** Whether evidence can still be judged with it, at `now` (ms since the epoch). */
export function collateralState(item: Pick<CollateralView, 'state' | 'validUntil'>, now: number): CollateralState {
  const end = item.validUntil === undefined ? Number.POSITIVE_INFINITY : Date.parse(item.validUntil);
  if (item.state === 'expired' || end < now) return 'expired';
  if (item.state === 'not-yet-valid') return 'not yet valid';
  return (end - now) / 1000 < soonSeconds ? 'expiring' : 'current';
}

/** What an import refused, in words: what it means and what to do. */
export function refusalWords(reason: string | undefined): string {
  if (reason === 'collateral-rollback') {
    return 'Older than what this desk has seen before. Older collateral can hide a known weakness, so it is never taken back.';
  }
  if (reason === 'collateral-not-genuine') {
    return 'Its vendor did not sign it, or the signature does not hold. Fetch it again from the vendor.';
  }
  return 'It was refused.';
}
