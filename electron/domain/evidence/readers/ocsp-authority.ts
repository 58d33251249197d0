import type { EvidenceCrypto } from '../crypto.ts';
import { parseWith, sameBytes } from './bytes.ts';
import { iso, verifySignature } from './chain.ts';
import { objectIdentifier, readDer, sequence } from './der.ts';
import { isResponder, ocspNonceOid, type OcspAnswer } from './ocsp.ts';
import { findExtension, keyUsages, type Certificate } from './x509.ts';

export interface OcspProblem {
  readonly reason: 'ocsp-responder' | 'ocsp-signature' | 'ocsp-unknown-critical-extension';
  readonly detail: string;
}

export type OcspAuthority =
  /** `responder`: whom the issuer lets answer; undefined: the issuer answered itself. */
  { readonly ok: true; readonly responder: Certificate | undefined } | ({ readonly ok: false } & OcspProblem);

const extendedKeyUsage = '2.5.29.37';
const ocspSigning = '1.3.6.1.5.5.7.3.9';
const noCheck = '1.3.6.1.5.5.7.48.1.5';
/** Key usage, basic constraints, extended key usage, and that the responder's own revocation need not be asked. */
const understood: ReadonlySet<string> = new Set(['2.5.29.15', '2.5.29.19', extendedKeyUsage, noCheck]);

/**
 * Whether an answer speaks for this issuer (RFC 6960 §4.2.2.2): it must be signed by the issuer itself, or by a responder whose
 * certificate the issuer signed for that purpose and that was valid when the answer was made. Whether the answer, and that
 * certificate, count today is another question.
 * @param issuer trusted by the caller
 */
export function authorityOf(answer: OcspAnswer, issuer: Certificate, crypto: EvidenceCrypto): OcspAuthority {
  const critical = [...answer.extensions, ...answer.singles.flatMap(({ extensions }) => extensions)].find(
    (extension) => extension.critical && extension.oid !== ocspNonceOid,
  );
  if (critical !== undefined) {
    const detail = `The OCSP answer has the critical extension ${critical.oid}.`;
    return { ok: false, reason: 'ocsp-unknown-critical-extension', detail };
  }
  const byIssuer = isResponder(answer.responder, issuer, crypto);
  if (byIssuer && verifySignature(crypto, answer, issuer.publicKey)) return { ok: true, responder: undefined };
  const named = answer.certificates.filter((one) => isResponder(answer.responder, one, crypto));
  let first: OcspProblem | undefined;
  for (const responder of named) {
    const problem =
      whyNoResponder(responder, issuer, answer.producedAt, crypto) ?? whyNotSigned(answer, responder, crypto);
    if (problem === undefined) return { ok: true, responder };
    first ??= problem;
  }
  const detail = `The OCSP answer is not signed by ${issuer.subject.text}, and brings no certificate of another responder.`;
  return { ok: false, ...(first ?? { reason: byIssuer ? 'ocsp-signature' : 'ocsp-responder', detail }) };
}

/** Whether its issuer says that nobody need ask about this responder's own revocation (RFC 6960 §4.2.2.2.1). */
export function needsNoCheck(responder: Certificate): boolean {
  return findExtension(responder, noCheck) !== undefined;
}

function whyNotSigned(answer: OcspAnswer, responder: Certificate, crypto: EvidenceCrypto): OcspProblem | undefined {
  if (verifySignature(crypto, answer, responder.publicKey)) return undefined;
  return { reason: 'ocsp-signature', detail: `The OCSP answer is not signed by ${responder.subject.text}.` };
}

function whyNoResponder(
  responder: Certificate,
  issuer: Certificate,
  producedAt: number,
  crypto: EvidenceCrypto,
): OcspProblem | undefined {
  const name = responder.subject.text;
  const { notBefore, notAfter, keyUsage, extensions } = responder;
  if (!sameBytes(responder.issuer.der, issuer.subject.der) || !verifySignature(crypto, responder, issuer.publicKey)) {
    return notResponder(
      `The responder ${name} has no certificate of ${issuer.subject.text}, whose certificate was asked about.`,
    );
  }
  if (!hasPurpose(responder))
    return notResponder(`${name} may not sign OCSP answers: its certificate is for other purposes.`);
  if (keyUsage !== undefined && !keyUsage.has(keyUsages.digitalSignature))
    return notResponder(`${name} may not sign anything but certificates.`);
  if (producedAt < notBefore || producedAt > notAfter)
    return notResponder(
      `The OCSP answer was made ${iso(producedAt)}; the certificate of the responder ${name} is valid from ${iso(notBefore)} to ${iso(notAfter)}.`,
    );
  const critical = extensions.find((one) => one.critical && !understood.has(one.oid));
  return critical === undefined ? undefined : notResponder(`${name} has the critical extension ${critical.oid}.`);
}

function notResponder(detail: string): OcspProblem {
  return { reason: 'ocsp-responder', detail };
}

/** Extended key usage (RFC 5280 §4.2.1.12) that names OCSP signing; any other purpose, anyExtendedKeyUsage too, is not enough. */
function hasPurpose(certificate: Certificate): boolean {
  const value = findExtension(certificate, extendedKeyUsage);
  if (value === undefined) return false;
  const purposes = parseWith(() =>
    sequence(readDer(value, 1024), 'extended key usage').map((one) => objectIdentifier(one, 'key purpose')),
  );
  return purposes.ok && purposes.value.includes(ocspSigning);
}
