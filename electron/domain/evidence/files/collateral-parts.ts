import { encodeBase64 } from '../../encoding/base64.ts';
import { sameBytes, toHex } from '../readers/bytes.ts';
import { parseCrl } from '../readers/crl.ts';
import { jsonMember } from '../readers/json.ts';
import type { Certificate } from '../readers/x509.ts';
import { textOf } from './artifact.ts';
import { pathFrom } from './certificates.ts';
import type { EvidenceSet } from './evidence-set.ts';

/**
 * Collateral that lies beside a quote as Intel's service sends it, each answer a file of its own: TCB info and QE identity
 * as JSON with their signature, revocation lists, and the certificates that sign them.
 * @returns the text of one collateral file; undefined when there is neither TCB info nor QE identity
 */
export function collateralOfParts(set: EvidenceSet, authority: Certificate | undefined): string | undefined {
  const answer = (name: string) => set.of('json').find(({ json }) => jsonMember(json, name)?.kind === 'object');
  const [tcbInfo, identity] = [answer('tcbInfo'), answer('enclaveIdentity')];
  if (tcbInfo === undefined && identity === undefined) return undefined;
  const signer = set.certificates.find(({ subject }) => subject.commonName === 'Intel SGX TCB Signing');
  const chain = signer === undefined ? '' : pem(pathFrom(signer, set.certificates));
  const lists = set.of('revocation-list').flatMap(({ bytes }) => {
    const parsed = parseCrl(bytes);
    return parsed.ok ? [{ hex: toHex(bytes), issuer: parsed.value.issuer }] : [];
  });
  const others = lists.filter(({ issuer }) => issuer.commonName !== 'Intel SGX Root CA');
  const own = others.find(({ issuer }) => authority !== undefined && sameBytes(issuer.der, authority.subject.der));
  return JSON.stringify({
    tcb_info: tcbInfo === undefined ? '' : textOf(tcbInfo),
    tcb_info_issuer_chain: chain,
    qe_identity: identity === undefined ? '' : textOf(identity),
    qe_identity_issuer_chain: chain,
    root_ca_crl: lists.find(({ issuer }) => issuer.commonName === 'Intel SGX Root CA')?.hex ?? '',
    pck_crl: (own ?? others[0])?.hex ?? '',
    pck_crl_issuer_chain: authority === undefined ? '' : pem(pathFrom(authority, set.certificates)),
  });
}

function pem(certificates: readonly Certificate[]): string {
  return certificates
    .map(({ der }) => `-----BEGIN CERTIFICATE-----\n${encodeBase64(der)}\n-----END CERTIFICATE-----\n`)
    .join('');
}
