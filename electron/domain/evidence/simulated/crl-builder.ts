import {
  derName,
  encodeSignature,
  signatureAlgorithm,
  type CertificateName,
  type CertificateSigner,
} from './certificate-builder.ts';
import {
  der,
  derBitString,
  derInteger,
  derOctetString,
  derOid,
  derSequence,
  derTime,
  derUnsigned,
} from './der-writer.ts';

export interface CrlRequest {
  readonly issuer: CertificateName;
  /** Milliseconds since the epoch. */
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  /** Serial numbers, big-endian magnitude. */
  readonly revoked?: readonly Uint8Array[];
}

/** One X.509 v2 revocation list (RFC 5280 §5), DER. */
export function buildCrl(request: CrlRequest, signer: CertificateSigner): Uint8Array {
  const algorithm = signatureAlgorithm(signer.kind);
  const revoked = (request.revoked ?? []).map((serial) =>
    derSequence(derUnsigned(serial), derTime(request.thisUpdate)),
  );
  const number = derSequence(derOid('2.5.29.20'), derOctetString(derInteger(1)));
  const tbs = derSequence(
    derInteger(1),
    algorithm,
    derName(request.issuer),
    derTime(request.thisUpdate),
    derTime(request.nextUpdate),
    ...(revoked.length === 0 ? [] : [derSequence(...revoked)]),
    der(0xa0, derSequence(number)),
  );
  return derSequence(tbs, algorithm, derBitString(encodeSignature(signer, signer.sign(tbs))));
}
