import type { EvidenceCrypto } from '../crypto.ts';
import { sameBytes, toHex } from './bytes.ts';
import { keyUsages, type Certificate, type PublicKeyInfo, type SignatureAlgorithm } from './x509.ts';

/** Closed reasons why a certificate path is not trusted. */
export type ChainReason =
  | 'chain-empty'
  | 'chain-too-long'
  | 'chain-issuer-mismatch'
  | 'chain-signature'
  | 'chain-not-a-ca'
  | 'chain-path-length'
  | 'chain-key-usage'
  | 'chain-unknown-critical-extension'
  | 'chain-root-not-pinned'
  | 'certificate-expired'
  | 'certificate-not-yet-valid';

export interface ChainProblem {
  readonly reason: ChainReason;
  /** Names the certificate. */
  readonly detail: string;
}

export interface PathInput {
  /** Leaf first, root last; the root must be there. */
  readonly chain: readonly Certificate[];
  /** SHA-256 hex of the DER of the roots that are trusted. */
  readonly anchors: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly crypto: EvidenceCrypto;
  /** Critical extensions that the caller reads itself. */
  readonly knownCritical?: readonly string[];
  /** Milliseconds by which the leaf's notBefore may lie ahead of `now`: for CAs that date a certificate when it is fetched. */
  readonly leafDatedAhead?: number;
}

const understood: readonly string[] = ['2.5.29.15', '2.5.29.19'];
const noneMore: readonly string[] = [];
const maximumLength = 8;

/**
 * Path validation (RFC 5280 §6 as far as the vendors' profiles use it): names chain, every signature is good, every
 * certificate is valid now, every issuer is a CA for the length and purpose, no critical extension is unknown, and the
 * root is one of the anchors by fingerprint. @returns all problems, none when the path is trusted.
 */
export function validatePath(input: PathInput): ChainProblem[] {
  const { chain, anchors, now, crypto } = input;
  const root = chain.at(-1);
  if (root === undefined) return [{ reason: 'chain-empty', detail: 'No certificate was given.' }];
  if (chain.length > maximumLength) {
    return [{ reason: 'chain-too-long', detail: `${chain.length} certificates, at most ${maximumLength} allowed.` }];
  }
  const problems: ChainProblem[] = [];
  const fingerprint = toHex(crypto.sha256(root.der));
  const pinned = anchors.includes(fingerprint);
  const { knownCritical = noneMore } = input;
  chain.forEach((certificate, depth) => {
    // Written out only where there is a problem to tell, as everywhere below.
    const name = () => certificate.subject.text;
    const issuer = chain[depth + 1] ?? certificate;
    if (!sameBytes(certificate.issuer.der, issuer.subject.der)) {
      problems.push({ reason: 'chain-issuer-mismatch', detail: `${name()} was not issued by ${issuer.subject.text}.` });
    }
    // A pinned root is known byte for byte, and one that is not pinned is refused below: what it signs of itself adds nothing.
    if (certificate !== root && !verifySignature(crypto, certificate, issuer.publicKey)) {
      problems.push({
        reason: 'chain-signature',
        detail: `The signature on ${name()} is not by ${issuer.subject.text}.`,
      });
    }
    if (now + (depth === 0 ? (input.leafDatedAhead ?? 0) : 0) < certificate.notBefore) {
      problems.push({
        reason: 'certificate-not-yet-valid',
        detail: `${name()} is valid from ${iso(certificate.notBefore)}.`,
      });
    }
    if (now > certificate.notAfter) {
      problems.push({ reason: 'certificate-expired', detail: `${name()} expired ${iso(certificate.notAfter)}.` });
    }
    for (const extension of certificate.extensions) {
      if (extension.critical && !understood.includes(extension.oid) && !knownCritical.includes(extension.oid)) {
        problems.push({
          reason: 'chain-unknown-critical-extension',
          detail: `${name()} has the critical extension ${extension.oid}, which is not understood.`,
        });
      }
    }
    if (depth > 0) problems.push(...issuerProblems(certificate, depth));
  });
  if (!pinned) {
    problems.push({
      reason: 'chain-root-not-pinned',
      detail: `${root.subject.text} (SHA-256 ${fingerprint}) is not a trusted root.`,
    });
  }
  return problems;
}

function issuerProblems(certificate: Certificate, depth: number): ChainProblem[] {
  const problems: ChainProblem[] = [];
  const { basicConstraints, keyUsage } = certificate;
  const name = () => certificate.subject.text;
  if (basicConstraints?.ca !== true) problems.push({ reason: 'chain-not-a-ca', detail: `${name()} is no CA.` });
  // pathLenConstraint counts the CAs between this one and the leaf.
  if (basicConstraints?.pathLength !== undefined && depth - 1 > basicConstraints.pathLength) {
    problems.push({ reason: 'chain-path-length', detail: `${name()} may not stand ${depth} above the leaf.` });
  }
  if (keyUsage !== undefined && !keyUsage.has(keyUsages.keyCertSign)) {
    problems.push({ reason: 'chain-key-usage', detail: `${name()} may not sign certificates.` });
  }
  return problems;
}

/** Checks a certificate's or CRL's signature by the key of its issuer. */
export function verifySignature(
  crypto: EvidenceCrypto,
  signed: { readonly tbs: Uint8Array; readonly algorithm: SignatureAlgorithm; readonly signature: Uint8Array },
  issuer: PublicKeyInfo,
): boolean {
  const { algorithm, signature, tbs: data } = signed;
  const { spki } = issuer;
  if (algorithm.kind === 'unsupported') return false;
  if (algorithm.kind === 'ecdsa') {
    if (issuer.kind !== 'P-256' && issuer.kind !== 'P-384') return false;
    return crypto.verifyEcdsa({
      curve: issuer.kind,
      hash: algorithm.hash,
      key: { spki },
      encoding: 'der',
      signature,
      data,
    });
  }
  if (issuer.kind !== 'rsa') return false;
  return algorithm.kind === 'rsa-pss'
    ? crypto.verifyRsaPss({ hash: algorithm.hash, spki, signature, data, saltLength: algorithm.saltLength })
    : crypto.verifyRsaPkcs1({ hash: algorithm.hash, spki, signature, data });
}

export function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
