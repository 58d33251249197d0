import { sha1 } from '@noble/hashes/legacy.js';
import { sha256, sha384 } from '@noble/hashes/sha2.js';
import { fromHex } from '../readers/bytes.ts';
import type { Certificate } from '../readers/x509.ts';
import {
  buildCertificate,
  encodeSignature,
  signatureAlgorithm,
  type CertificateName,
  type CertificateSigner,
} from './certificate-builder.ts';
import {
  der,
  derBitString,
  derBoolean,
  derGeneralizedTime,
  derInteger,
  derNull,
  derOctetString,
  derOid,
  derSequence,
  derUnsigned,
} from './der-writer.ts';

const hashes = {
  sha1: { oid: '1.3.14.3.2.26', of: sha1 },
  sha256: { oid: '2.16.840.1.101.3.4.2.1', of: sha256 },
  sha384: { oid: '2.16.840.1.101.3.4.2.2', of: sha384 },
} as const;
const ocspSigning = '1.3.6.1.5.5.7.3.9';

export interface OcspRequest {
  readonly certificate: Certificate;
  readonly issuer: Certificate;
  /** `reason`: CRLReason, 6 is certificateHold. */
  readonly status: 'good' | 'unknown' | { readonly revokedAt: number; readonly reason?: number };
  /** Milliseconds since the epoch. */
  readonly thisUpdate: number;
  readonly nextUpdate?: number;
  /** `thisUpdate` unless given. */
  readonly producedAt?: number;
  /** SHA-384 unless given, as NVIDIA's service is asked. */
  readonly hash?: keyof typeof hashes;
  readonly nonce?: Uint8Array;
  /** Who signs: the issuer unless given. It is named by its key, or by name. */
  readonly responder?: Certificate;
  readonly named?: 'key' | 'name';
  /** DER. */
  readonly certificates?: readonly Uint8Array[];
  /** Of the answer, beside the nonce. */
  readonly criticalExtension?: string;
}

/** One OCSP answer (RFC 6960) of a SIMULATED responder, DER, about one certificate. */
export function buildOcsp(request: OcspRequest, signer: CertificateSigner): Uint8Array {
  const { issuer, thisUpdate, nextUpdate, nonce, criticalExtension } = request;
  const responder = request.responder ?? issuer;
  const named =
    request.named === 'name'
      ? der(0xa1, responder.subject.der)
      : der(0xa2, derOctetString(sha1(responder.publicKey.key)));
  const single = derSequence(
    certificateId(request),
    statusOf(request.status),
    derGeneralizedTime(thisUpdate),
    ...(nextUpdate === undefined ? [] : [der(0xa0, derGeneralizedTime(nextUpdate))]),
  );
  const extensions = [
    ...(nonce === undefined
      ? []
      : [derSequence(derOid('1.3.6.1.5.5.7.48.1.2'), derOctetString(derOctetString(nonce)))]),
    ...(criticalExtension === undefined
      ? []
      : [derSequence(derOid(criticalExtension), derBoolean(true), derOctetString(derNull()))]),
  ];
  const data = derSequence(
    named,
    derGeneralizedTime(request.producedAt ?? thisUpdate),
    derSequence(single),
    ...(extensions.length === 0 ? [] : [der(0xa1, derSequence(...extensions))]),
  );
  const certificates = request.certificates ?? [];
  const basic = derSequence(
    data,
    signatureAlgorithm(signer.kind),
    derBitString(encodeSignature(signer, signer.sign(data))),
    ...(certificates.length === 0 ? [] : [der(0xa0, derSequence(...certificates))]),
  );
  const bytes = derSequence(derOid('1.3.6.1.5.5.7.48.1.1'), derOctetString(basic));
  return derSequence(der(0x0a, Uint8Array.of(0)), der(0xa0, bytes));
}

export interface ResponderRequest {
  readonly subject: CertificateName;
  readonly issuer: CertificateName;
  readonly spki: Uint8Array;
  readonly serial: Uint8Array;
  readonly notBefore: number;
  readonly notAfter: number;
  /** Object identifier; OCSP signing unless given, undefined: no such extension. */
  readonly purpose?: string | undefined;
  /** Whether the issuer says that nobody need ask about the responder's own revocation; true unless given. */
  readonly noCheck?: boolean;
}

/** The certificate of a SIMULATED responder that an issuer lets answer for it (RFC 6960 §4.2.2.2), DER. */
export function buildOcspResponder(request: ResponderRequest, issuer: CertificateSigner): Uint8Array {
  const purpose = 'purpose' in request ? request.purpose : ocspSigning;
  const extensions = [
    ...(purpose === undefined ? [] : [{ oid: '2.5.29.37', critical: true, value: derSequence(derOid(purpose)) }]),
    ...(request.noCheck === false ? [] : [{ oid: '1.3.6.1.5.5.7.48.1.5', value: derNull() }]),
  ];
  return buildCertificate({ ...request, ca: false, extensions }, issuer);
}

function certificateId({ certificate, issuer, hash = 'sha384' }: OcspRequest): Uint8Array {
  const { oid, of } = hashes[hash];
  return derSequence(
    derSequence(derOid(oid), derNull()),
    derOctetString(of(issuer.subject.der)),
    derOctetString(of(issuer.publicKey.key)),
    derUnsigned(fromHex(certificate.serial) ?? new Uint8Array()),
  );
}

function statusOf(status: OcspRequest['status']): Uint8Array {
  if (status === 'good') return der(0x80);
  if (status === 'unknown') return der(0x82);
  const { revokedAt, reason } = status;
  const why = reason === undefined ? [] : [der(0xa0, enumerated(reason))];
  return der(0xa1, derGeneralizedTime(revokedAt), ...why);
}

function enumerated(value: number): Uint8Array {
  const bytes = derInteger(value);
  bytes[0] = 0x0a;
  return bytes;
}
