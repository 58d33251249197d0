import {
  derBitString,
  derBoolean,
  derInteger,
  derNull,
  derOctetString,
  derOid,
  derSequence,
  derSet,
  der,
  derTime,
  derUnsigned,
  derUtf8String,
} from './der-writer.ts';

/**
 * A key that signs certificates and reports. `rsa`: RSASSA-PSS, SHA-384, salt of 48 bytes, as AMD signs. `P-384`: ECDSA
 * over SHA-384. `P-256`: ECDSA over SHA-256. ECDSA signatures are raw r ‖ s.
 */
export interface CertificateSigner {
  readonly kind: 'rsa' | 'P-384' | 'P-256';
  /** DER SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  sign(data: Uint8Array): Uint8Array;
}

export interface CertificateRequest {
  /** Attributes in order, e.g. `[['O', 'SIMULATED'], ['CN', 'SEV-VCEK']]`. */
  readonly subject: CertificateName;
  readonly issuer: CertificateName;
  /** DER SubjectPublicKeyInfo of the subject. */
  readonly spki: Uint8Array;
  /** Positive, at most 20 bytes. */
  readonly serial: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** CA certificates may sign certificates and CRLs; others have digitalSignature. */
  readonly ca: boolean;
  readonly pathLength?: number;
  readonly extensions?: readonly CertificateExtension[];
}

export type CertificateName = readonly (readonly ['CN' | 'O' | 'OU' | 'C' | 'SERIALNUMBER', string])[];

export interface CertificateExtension {
  readonly oid: string;
  readonly critical?: boolean;
  readonly value: Uint8Array;
}

const attributeTypes = { CN: '2.5.4.3', O: '2.5.4.10', OU: '2.5.4.11', C: '2.5.4.6', SERIALNUMBER: '2.5.4.5' } as const;

/** One X.509 v3 certificate, DER. Used by the simulated authority, and by the agent for its own TLS certificate. */
export function buildCertificate(request: CertificateRequest, signer: CertificateSigner): Uint8Array {
  const algorithm = signatureAlgorithm(signer.kind);
  const constraints = request.ca
    ? [derBoolean(true), ...(request.pathLength === undefined ? [] : [derInteger(request.pathLength)])]
    : [];
  // keyCertSign and cRLSign, or digitalSignature.
  const usage = request.ca ? derBitString(Uint8Array.of(0x06), 1) : derBitString(Uint8Array.of(0x80), 7);
  const extensions: CertificateExtension[] = [
    { oid: '2.5.29.19', critical: true, value: derSequence(...constraints) },
    { oid: '2.5.29.15', critical: true, value: usage },
    ...(request.extensions ?? []),
  ];
  const tbs = derSequence(
    der(0xa0, derInteger(2)),
    derUnsigned(request.serial),
    algorithm,
    derName(request.issuer),
    derSequence(derTime(request.notBefore), derTime(request.notAfter)),
    derName(request.subject),
    request.spki,
    der(0xa3, derSequence(...extensions.map(derExtension))),
  );
  return derSequence(tbs, algorithm, derBitString(encodeSignature(signer, signer.sign(tbs))));
}

export function derName(name: CertificateName): Uint8Array {
  return derSequence(
    ...name.map(([type, value]) => derSet(derSequence(derOid(attributeTypes[type]), derUtf8String(value)))),
  );
}

/** AlgorithmIdentifier of the signer's signatures. */
export function signatureAlgorithm(kind: CertificateSigner['kind']): Uint8Array {
  if (kind === 'P-384') return derSequence(derOid('1.2.840.10045.4.3.3'));
  if (kind === 'P-256') return derSequence(derOid('1.2.840.10045.4.3.2'));
  const sha384 = derSequence(derOid('2.16.840.1.101.3.4.2.2'), derNull());
  return derSequence(
    derOid('1.2.840.113549.1.1.10'),
    derSequence(
      der(0xa0, sha384),
      der(0xa1, derSequence(derOid('1.2.840.113549.1.1.8'), sha384)),
      der(0xa2, derInteger(48)),
    ),
  );
}

/** Ecdsa-Sig-Value for EC keys, the octets themselves for RSA. */
export function encodeSignature(signer: Pick<CertificateSigner, 'kind'>, signature: Uint8Array): Uint8Array {
  if (signer.kind === 'rsa') return signature;
  const half = signature.length / 2;
  return derSequence(derUnsigned(signature.subarray(0, half)), derUnsigned(signature.subarray(half)));
}

function derExtension({ oid, critical, value }: CertificateExtension): Uint8Array {
  return derSequence(derOid(oid), ...(critical === true ? [derBoolean(true)] : []), derOctetString(value));
}
