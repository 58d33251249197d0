import type { VerdictBuilder } from '../checks.ts';
import { toHex } from '../readers/bytes.ts';
import type { EnclaveReport } from './enclave-report.ts';
import type { PckClaims } from './pck.ts';
import type { Quote } from './quote.ts';

/** The fields of a quote in reading order, for people; whatever the verdict, and before it. */
export function headerClaims(verdict: VerdictBuilder, { header, bodyType }: Quote): void {
  verdict.claim('version', String(header.version));
  verdict.claim('attestation_key_type', `${header.attestationKeyType} (ECDSA P-256)`);
  verdict.claim('tee_type', header.teeType === 0 ? '0x0 (SGX)' : '0x81 (TDX)');
  if (header.version === 3) {
    verdict.claim('qe_svn', String(header.qeSecurityVersion));
    verdict.claim('pce_svn', String(header.pceSecurityVersion));
  }
  verdict.claim('qe_vendor_id', toHex(header.qeVendorId));
  verdict.claim('user_data', toHex(header.userData));
  if (header.version === 5) verdict.claim('body_type', String(bodyType));
}

/** @param prefix of the names: `qe_` for the quoting enclave's own report */
export function enclaveClaims(verdict: VerdictBuilder, enclave: EnclaveReport, prefix: '' | 'qe_'): void {
  const claim = (name: string, value: string) => verdict.claim(prefix + name, value);
  claim('cpusvn', toHex(enclave.cpuSvn));
  claim('miscselect', toHex(enclave.miscSelect));
  claim('attributes', toHex(enclave.attributes));
  claim('mrenclave', toHex(enclave.mrEnclave));
  claim('mrsigner', toHex(enclave.mrSigner));
  claim('isvprodid', String(enclave.productId));
  claim('isvsvn', String(enclave.securityVersion));
  claim('reportdata', toHex(enclave.reportData));
}

export function signatureClaims(verdict: VerdictBuilder, { signature }: Quote, qe: EnclaveReport): void {
  verdict.claim('signature', toHex(signature.signature));
  verdict.claim('attestation_key', toHex(signature.attestationKey));
  enclaveClaims(verdict, qe, 'qe_');
  verdict.claim('qe_signature', toHex(signature.qeReportSignature));
  verdict.claim('qe_authentication_data', toHex(signature.qeAuthenticationData));
  verdict.claim('certification_data_type', String(signature.certificationType));
}

export function pckClaims(verdict: VerdictBuilder, pck: PckClaims): void {
  verdict.claim('pck_fmspc', pck.fmspc);
  verdict.claim('pck_pce_id', pck.pceId);
  verdict.claim('pck_pce_svn', String(pck.pceSvn));
  verdict.claim('pck_cpu_components', pck.components.join(' '));
  verdict.claim('pck_ppid', pck.ppid);
  if (pck.platformInstanceId !== undefined) verdict.claim('pck_platform_instance_id', pck.platformInstanceId);
}
