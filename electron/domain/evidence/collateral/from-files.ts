import type { CollateralItem, CollateralKind } from '../../../contract/collateral.ts';
import { err, ok, type Result } from '../../../contract/result.ts';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { encodeBase64 } from '../../encoding/base64.ts';
import { crlBytes, readDcapCollateral } from '../dcap/collateral.ts';
import type { EvidenceCrypto } from '../crypto.ts';
import type { EvidenceSet } from '../files/evidence-set.ts';
import { pathFrom } from '../files/certificates.ts';
import { sameBytes } from '../readers/bytes.ts';
import { parseCrl } from '../readers/crl.ts';
import { certificateIdNamesIssuer, parseOcsp } from '../readers/ocsp.ts';
import { parsePemCertificates } from '../readers/pem.ts';
import { parseCertificate, type Certificate } from '../readers/x509.ts';
import { readFacts } from './facts.ts';

export interface RawCollateral {
  readonly set: EvidenceSet;
  /** UTC RFC 3339: when they were fetched, or else taken in. */
  readonly fetchedAt: string;
  /** Where they were fetched; undefined when nobody said. */
  readonly source: string | undefined;
  readonly sha256: (bytes: Uint8Array) => string;
  /** Finds the issuer that an OCSP answer names by hashes. */
  readonly crypto: EvidenceCrypto;
}

/**
 * Items out of vendors' own files: Intel collateral as JSON, revocation lists with the certificates of their issuers,
 * OCSP answers likewise, manifests, key sets. Errors: `invalid_input` naming the file: none of these, or a key set without its source.
 */
export function itemsFromFiles(raw: RawCollateral): Result<CollateralItem[]> {
  const { set } = raw;
  const items: CollateralItem[] = [];
  for (const artifact of set.artifacts) {
    if (artifact.kind === 'dcap-collateral') {
      const found = fromDcap(artifact.bytes, raw);
      if (!found.ok) return err('invalid_input', `${artifact.name}: ${found.error.message}`);
      items.push(...found.value);
    } else if (artifact.kind === 'revocation-list') {
      const found = fromCrl(artifact.bytes, set.certificates, raw);
      if (!found.ok) return err('invalid_input', `${artifact.name}: ${found.error.message}`);
      items.push(found.value);
    } else if (artifact.kind === 'ocsp-answer') {
      const found = fromOcsp(artifact.bytes, set.certificates, raw);
      if (!found.ok) return err('invalid_input', `${artifact.name}: ${found.error.message}`);
      items.push(found.value);
    } else if (artifact.kind === 'rim') {
      const found = make('nvidia-rim', artifact.bytes, {}, raw);
      if (!found.ok) return err('invalid_input', `${artifact.name}: ${found.error.message}`);
      items.push(found.value);
    } else if (artifact.kind === 'jwks') {
      if (raw.source === undefined) {
        return err(
          'invalid_input',
          `${artifact.name} is a key set, which nobody signs: say with --source where it was fetched.`,
        );
      }
      const found = make('nras-jwks', artifact.bytes, {}, raw);
      if (!found.ok) return err('invalid_input', `${artifact.name}: ${found.error.message}`);
      items.push(found.value);
    }
  }
  if (items.length > 0) return ok(items);
  const what = set.artifacts.map(({ name, kind }) => `${name} (${kind})`).join(', ');
  return err('invalid_input', `There is no collateral in these files: ${what}.`);
}

function fromDcap(bytes: Uint8Array, raw: RawCollateral): Result<CollateralItem[]> {
  const read = readDcapCollateral(bytes);
  if (!read.ok) return err('invalid_input', `${read.detail}.`);
  const found = read.value;
  const root = rootOf(found.pckCrlIssuerChain) ?? rootOf(found.tcbInfoIssuerChain);
  const parts: Result<CollateralItem>[] = [];
  if (found.tcbInfo !== '') {
    const extra = { signature: found.tcbInfoSignature.toLowerCase(), chain: found.tcbInfoIssuerChain };
    parts.push(make('intel-tcb-info', utf8ToBytes(found.tcbInfo), extra, raw));
  }
  if (found.qeIdentity !== '') {
    const extra = { signature: found.qeIdentitySignature.toLowerCase(), chain: found.qeIdentityIssuerChain };
    parts.push(make('intel-qe-identity', utf8ToBytes(found.qeIdentity), extra, raw));
  }
  const rootCrl = crlBytes(found.rootCaCrl);
  if (rootCrl !== undefined && rootCrl.length > 0) {
    parts.push(make('intel-root-crl', rootCrl, root === undefined ? {} : { chain: pem([root]) }, raw));
  }
  const pckCrl = crlBytes(found.pckCrl);
  if (pckCrl !== undefined && pckCrl.length > 0)
    parts.push(make('intel-pck-crl', pckCrl, { chain: found.pckCrlIssuerChain }, raw));
  const items: CollateralItem[] = [];
  for (const part of parts) {
    if (!part.ok) return part;
    items.push(part.value);
  }
  return ok(items);
}

function fromCrl(der: Uint8Array, pool: readonly Certificate[], raw: RawCollateral): Result<CollateralItem> {
  const crl = parseCrl(der);
  if (!crl.ok) return err('invalid_input', `${crl.detail}.`);
  const issuer = pool.find(({ subject }) => sameBytes(subject.der, crl.value.issuer.der));
  if (issuer === undefined) {
    return err('invalid_input', `give the certificate of ${crl.value.issuer.text} with it, which signs the list.`);
  }
  const name = crl.value.issuer.commonName ?? '';
  const kind = name.startsWith('ARK-') ? 'amd-crl' : name === 'Intel SGX Root CA' ? 'intel-root-crl' : 'intel-pck-crl';
  return make(kind, der, { chain: pem(pathFrom(issuer, pool)) }, raw);
}

/** Without the issuer it is still an answer for one verification, where the device's chain holds the issuer. */
function fromOcsp(der: Uint8Array, pool: readonly Certificate[], raw: RawCollateral): Result<CollateralItem> {
  const answer = parseOcsp(der);
  if (!answer.ok) return err('invalid_input', `${answer.detail}.`);
  const [single] = answer.value.singles;
  const issuer = pool.find(
    (one) => single !== undefined && certificateIdNamesIssuer(single.certificate, one, raw.crypto),
  );
  return make('nvidia-ocsp', der, issuer === undefined ? {} : { chain: pem(pathFrom(issuer, pool)) }, raw);
}

function make(
  kind: CollateralKind,
  bytes: Uint8Array,
  extra: Pick<CollateralItem, 'signature' | 'chain'>,
  { fetchedAt, source, sha256 }: RawCollateral,
): Result<CollateralItem> {
  const item: CollateralItem = {
    kind,
    id: '?',
    source: source ?? 'a file',
    fetchedAt,
    sha256: sha256(bytes),
    content: encodeBase64(bytes),
    ...extra,
  };
  const facts = readFacts(item);
  return facts.ok ? ok({ ...item, id: facts.value.id }) : err('invalid_input', `${facts.detail}.`);
}

function rootOf(chain: string): Certificate | undefined {
  const ders = parsePemCertificates(chain);
  const last = ders.ok ? ders.value.at(-1) : undefined;
  const parsed = last === undefined ? undefined : parseCertificate(last);
  return parsed?.ok === true ? parsed.value : undefined;
}

function pem(certificates: readonly Certificate[]): string {
  return certificates
    .map(
      ({ der }) =>
        `-----BEGIN CERTIFICATE-----\n${(encodeBase64(der).match(/.{1,64}/g) ?? []).join('\n')}\n-----END CERTIFICATE-----\n`,
    )
    .join('');
}
