import type { EvidenceCrypto } from '../crypto.ts';
import { Malformed, parseWith, sameBytes, type Parsed } from './bytes.ts';
import {
  children,
  derTags,
  expectTag,
  integerHex,
  objectIdentifier,
  octetsOfBitString,
  readDer,
  sequence,
  time,
  type DerElement,
} from './der.ts';
import {
  parseCertificate,
  readAlgorithm,
  readExtensions,
  readName,
  type Certificate,
  type Extension,
  type Name,
  type SignatureAlgorithm,
} from './x509.ts';

type OcspHash = 'sha1' | 'sha256' | 'sha384' | 'sha512';

/** Names a certificate by its issuer and serial number (RFC 6960 §4.1.1). */
export interface OcspCertificateId {
  /** Undefined: a hash that is not known here, so that it fits no certificate. */
  readonly hash: OcspHash | undefined;
  readonly issuerNameHash: Uint8Array;
  readonly issuerKeyHash: Uint8Array;
  /** Lower-case hex of the INTEGER's content octets, as of certificates. */
  readonly serial: string;
}

export type OcspStatus =
  | { readonly kind: 'good' }
  /** `reason`: CRLReason (RFC 5280 §5.3.1), 6 is certificateHold. */
  | { readonly kind: 'revoked'; readonly at: number; readonly reason: number | undefined }
  /** The responder does not know the certificate. */
  | { readonly kind: 'unknown' };

export interface OcspSingle {
  readonly certificate: OcspCertificateId;
  readonly status: OcspStatus;
  /** Milliseconds since the epoch. */
  readonly thisUpdate: number;
  /** Undefined: newer answers may be had at any time, so that this one is never current. */
  readonly nextUpdate: number | undefined;
  readonly extensions: readonly Extension[];
}

/** Who says to have signed: its name, or SHA-1 of its public key. */
export type OcspResponder =
  { readonly kind: 'name'; readonly name: Name } | { readonly kind: 'key'; readonly sha1: Uint8Array };

export interface OcspAnswer {
  /** The signed bytes. */
  readonly tbs: Uint8Array;
  readonly algorithm: SignatureAlgorithm;
  readonly signature: Uint8Array;
  readonly responder: OcspResponder;
  /** Milliseconds since the epoch. */
  readonly producedAt: number;
  readonly singles: readonly OcspSingle[];
  /** What the request asked with, where the responder repeats it. */
  readonly nonce: Uint8Array | undefined;
  readonly extensions: readonly Extension[];
  readonly certificates: readonly Certificate[];
}

export const maximumOcspBytes = 65_536;
export const ocspNonceOid = '1.3.6.1.5.5.7.48.1.2';

const basicResponse = '1.3.6.1.5.5.7.48.1.1';
const maximumSingles = 64;
const maximumCertificates = 8;
const certificateHold = 6;
const hashes: Readonly<Record<string, { readonly name: OcspHash; readonly bytes: number }>> = {
  '1.3.14.3.2.26': { name: 'sha1', bytes: 20 },
  '2.16.840.1.101.3.4.2.1': { name: 'sha256', bytes: 32 },
  '2.16.840.1.101.3.4.2.2': { name: 'sha384', bytes: 48 },
  '2.16.840.1.101.3.4.2.3': { name: 'sha512', bytes: 64 },
};
/** OCSPResponseStatus (RFC 6960 §4.2.1). */
const errors: Readonly<Record<number, string>> = {
  1: 'malformedRequest',
  2: 'internalError',
  3: 'tryLater',
  5: 'sigRequired',
  6: 'unauthorized',
};

/** Reads a DER OCSPResponse with a BasicOCSPResponse (RFC 6960 §4.2.1), at most 64 KiB. Nothing is judged. */
export function parseOcsp(der: Uint8Array): Parsed<OcspAnswer> {
  return parseWith(() => {
    const [status, tagged, ...rest] = sequence(readDer(der, maximumOcspBytes), 'OCSP answer');
    const { content } = expectTag(status, derTags.enumerated, 'OCSP response status');
    const code = content.length === 1 ? content[0] : undefined;
    if (code !== 0) throw new Malformed(`the OCSP answer is an error: ${errors[code ?? -1] ?? 'of no known kind'}`);
    if (rest.length > 0) throw new Malformed('the OCSP answer has a third part');
    const [type, octets, ...more] = sequence(only(tagged, 0xa0, 'OCSP response bytes'), 'OCSP response bytes');
    if (objectIdentifier(type, 'OCSP response type') !== basicResponse)
      throw new Malformed('the OCSP answer is of an unknown type');
    if (more.length > 0) throw new Malformed('the OCSP response bytes have a third part');
    return readBasic(expectTag(octets, derTags.octetString, 'OCSP response').content);
  });
}

function readBasic(der: Uint8Array): OcspAnswer {
  const [tbs, algorithm, signature, tagged, ...rest] = sequence(readDer(der, maximumOcspBytes), 'OCSP response');
  if (rest.length > 0) throw new Malformed('the OCSP response has a fifth part');
  const fields = sequence(tbs, 'OCSP response data');
  // The version has one value, v1, which is the default: DER leaves it out.
  const [responder, producedAt, responses, extensionList, ...more] = fields;
  if (more.length > 0) throw new Malformed('the OCSP response data has too many parts');
  const list = sequence(responses, 'OCSP responses');
  if (list.length === 0 || list.length > maximumSingles) {
    throw new Malformed(`the OCSP response speaks of ${list.length} certificates, 1 to ${maximumSingles} are allowed`);
  }
  const extensions = extensionList === undefined ? [] : readTaggedExtensions(extensionList);
  return {
    tbs: expectTag(tbs, derTags.sequence, 'OCSP response data').raw,
    algorithm: readAlgorithm(algorithm),
    signature: octetsOfBitString(signature, 'OCSP signature'),
    responder: readResponder(responder),
    producedAt: generalizedTime(producedAt, 'producedAt'),
    singles: list.map(readSingle),
    nonce: readNonce(extensions),
    extensions,
    certificates: tagged === undefined ? [] : readCertificates(tagged),
  };
}

function readResponder(element: DerElement | undefined): OcspResponder {
  if (element?.tag === 0xa1) return { kind: 'name', name: readName(only(element, 0xa1, 'responder'), 'responder') };
  const sha1 = expectTag(only(element, 0xa2, 'responder'), derTags.octetString, 'responder key hash').content;
  if (sha1.length !== 20) throw new Malformed('the key hash of the responder is no SHA-1');
  return { kind: 'key', sha1 };
}

function readSingle(element: DerElement): OcspSingle {
  const [certificate, status, thisUpdate, ...rest] = sequence(element, 'OCSP single response');
  const next = rest[0]?.tag === 0xa0 ? rest.shift() : undefined;
  const extensions = rest[0]?.tag === 0xa1 ? rest.shift() : undefined;
  if (rest.length > 0) throw new Malformed('unknown part in the OCSP single response');
  return {
    certificate: readCertificateId(certificate),
    status: readStatus(status),
    thisUpdate: generalizedTime(thisUpdate, 'thisUpdate'),
    nextUpdate: next === undefined ? undefined : generalizedTime(only(next, 0xa0, 'nextUpdate'), 'nextUpdate'),
    extensions: extensions === undefined ? [] : readExtensions(extensions),
  };
}

function readCertificateId(element: DerElement | undefined): OcspCertificateId {
  const [algorithm, name, key, serial, ...rest] = sequence(element, 'OCSP certificate id');
  if (rest.length > 0) throw new Malformed('the OCSP certificate id has a fifth part');
  const [type, parameters, ...more] = sequence(algorithm, 'OCSP hash');
  // Absent or NULL: both are in use (RFC 5754 §2).
  if (
    more.length > 0 ||
    (parameters !== undefined && expectTag(parameters, derTags.null, 'OCSP hash').content.length > 0)
  )
    throw new Malformed('the OCSP hash has parameters');
  const hash = hashes[objectIdentifier(type, 'OCSP hash')];
  const issuerNameHash = expectTag(name, derTags.octetString, 'issuer name hash').content;
  const issuerKeyHash = expectTag(key, derTags.octetString, 'issuer key hash').content;
  if (hash !== undefined && (issuerNameHash.length !== hash.bytes || issuerKeyHash.length !== hash.bytes))
    throw new Malformed(`the hashes in the OCSP certificate id are no ${hash.name}`);
  return { hash: hash?.name, issuerNameHash, issuerKeyHash, serial: integerHex(serial, 'OCSP serial number') };
}

function readStatus(element: DerElement | undefined): OcspStatus {
  if (element?.tag === 0x80 || element?.tag === 0x82) {
    if (element.content.length > 0) throw new Malformed('the OCSP status is not empty');
    return { kind: element.tag === 0x80 ? 'good' : 'unknown' };
  }
  const [at, tagged, ...rest] = children(expectTag(element, 0xa1, 'OCSP status'));
  if (rest.length > 0) throw new Malformed('the OCSP revocation has a third part');
  const reason =
    tagged === undefined
      ? undefined
      : expectTag(only(tagged, 0xa0, 'revocation reason'), derTags.enumerated, 'revocation reason').content;
  if (reason !== undefined && (reason.length !== 1 || (reason[0] ?? 255) > 10 || reason[0] === 7))
    throw new Malformed('the OCSP revocation has an unknown reason');
  return { kind: 'revoked', at: generalizedTime(at, 'revocation time'), reason: reason?.[0] };
}

function readCertificates(tagged: DerElement): Certificate[] {
  const list = sequence(only(tagged, 0xa0, 'OCSP certificates'), 'OCSP certificates');
  if (list.length > maximumCertificates) throw new Malformed(`the OCSP response has ${list.length} certificates`);
  return list.map((element) => {
    const certificate = parseCertificate(element.raw);
    if (!certificate.ok) throw new Malformed(`a certificate in the OCSP response: ${certificate.detail}`);
    return certificate.value;
  });
}

function readTaggedExtensions(element: DerElement): Extension[] {
  return readExtensions(expectTag(element, 0xa1, 'OCSP extensions'));
}

/** An OCTET STRING of 1 to 128 bytes inside the extension (RFC 9654 §2.1). */
function readNonce(extensions: readonly Extension[]): Uint8Array | undefined {
  const value = extensions.find(({ oid }) => oid === ocspNonceOid)?.value;
  if (value === undefined) return undefined;
  const { content } = expectTag(readDer(value, 256), derTags.octetString, 'OCSP nonce');
  if (content.length === 0 || content.length > 128) throw new Malformed(`an OCSP nonce of ${content.length} bytes`);
  return content;
}

/** The one element inside an explicit tag. @throws Malformed */
function only(element: DerElement | undefined, tag: number, what: string): DerElement | undefined {
  const [inner, ...rest] = children(expectTag(element, tag, what));
  if (rest.length > 0) throw new Malformed(`${what} has a second element`);
  return inner;
}

function generalizedTime(element: DerElement | undefined, what: string): number {
  return time(expectTag(element, derTags.generalizedTime, what), what);
}

/** Whether an id names this certificate of this issuer. */
export function certificateIdFits(
  id: OcspCertificateId,
  certificate: Certificate,
  issuer: Certificate,
  crypto: EvidenceCrypto,
): boolean {
  return id.serial === certificate.serial && certificateIdNamesIssuer(id, issuer, crypto);
}

/** Whether an id is of a certificate that this issuer made. */
export function certificateIdNamesIssuer(
  { hash, issuerNameHash, issuerKeyHash }: OcspCertificateId,
  issuer: Certificate,
  crypto: EvidenceCrypto,
): boolean {
  return (
    hash !== undefined &&
    crypto.equal(issuerNameHash, crypto[hash](issuer.subject.der)) &&
    crypto.equal(issuerKeyHash, crypto[hash](issuer.publicKey.key))
  );
}

/** Whether this certificate is the one that a responder id names. */
export function isResponder(responder: OcspResponder, certificate: Certificate, crypto: EvidenceCrypto): boolean {
  return responder.kind === 'name'
    ? sameBytes(responder.name.der, certificate.subject.der)
    : crypto.equal(responder.sha1, crypto.sha1(certificate.publicKey.key));
}

/** Put on hold, which may be lifted again, not revoked for good. */
export function isOnHold(status: OcspStatus): boolean {
  return status.kind === 'revoked' && status.reason === certificateHold;
}
