import type { CertificateView } from '../../../contract/evidence-files.ts';
import type { TrustAnchors } from '../anchors.ts';
import type { EvidenceCrypto } from '../crypto.ts';
import { sameBytes, toHex, type Parsed } from '../readers/bytes.ts';
import { iso } from '../readers/chain.ts';
import { parsePemCertificates } from '../readers/pem.ts';
import { parseCertificate, type Certificate } from '../readers/x509.ts';
import type { Artifact } from './artifact.ts';

/** The certificates of an artifact: PEM, or one in DER. */
export function readCertificates(artifact: Artifact): Parsed<Certificate[]> {
  const ders =
    artifact.text === undefined
      ? ({ ok: true, value: [artifact.bytes] } as const)
      : parsePemCertificates(artifact.text);
  if (!ders.ok) return { ok: false, detail: `${artifact.name}: ${ders.detail}` };
  const found: Certificate[] = [];
  for (const [at, der] of ders.value.entries()) {
    const certificate = parseCertificate(der);
    if (!certificate.ok) return { ok: false, detail: `${artifact.name}, certificate ${at + 1}: ${certificate.detail}` };
    found.push(certificate.value);
  }
  return { ok: true, value: found };
}

/** Its own issuer by name: a root, or something that claims to be one. */
export function selfIssued({ issuer, subject }: Certificate): boolean {
  return sameBytes(issuer.der, subject.der);
}

/** The same certificate given twice counts once. */
export function distinct(certificates: readonly Certificate[]): Certificate[] {
  return certificates.filter((one, at) => certificates.findIndex((other) => sameBytes(other.der, one.der)) === at);
}

/**
 * The path from a leaf upwards by issuer names, out of certificates in any order. Whether it holds is for the verifier:
 * here nothing is checked, and a gap simply ends the path.
 */
export function pathFrom(leaf: Certificate, pool: readonly Certificate[]): Certificate[] {
  const path = [leaf];
  for (let last = leaf; !selfIssued(last) && path.length < 9;) {
    const issuer = pool.find((one) => !path.includes(one) && sameBytes(one.subject.der, last.issuer.der));
    if (issuer === undefined) break;
    path.push(issuer);
    last = issuer;
  }
  return path;
}

/** Those that issued none of the others and are no roots. */
export function leavesOf(pool: readonly Certificate[]): Certificate[] {
  return pool.filter(
    (one) => !selfIssued(one) && !pool.some((other) => other !== one && sameBytes(other.issuer.der, one.subject.der)),
  );
}

/** For people and screens. */
export function certificateView(
  certificate: Certificate,
  anchors: TrustAnchors,
  crypto: Pick<EvidenceCrypto, 'sha256'>,
): CertificateView {
  const sha256 = toHex(crypto.sha256(certificate.der));
  return {
    subject: certificate.subject.text,
    issuer: certificate.issuer.text,
    serial: certificate.serial,
    notBefore: iso(certificate.notBefore),
    notAfter: iso(certificate.notAfter),
    sha256,
    key: keyText(certificate),
    authority: certificate.basicConstraints?.ca === true,
    pinned: pinnedRoots(anchors).has(sha256),
  };
}

/** Every pinned root, whatever it is for. */
export function pinnedRoots(anchors: TrustAnchors): ReadonlySet<string> {
  const { amd, nvidiaDevice, nvidiaRim, intelSgx, awsNitro } = anchors;
  return new Set([...amd.map(({ sha256 }) => sha256), ...nvidiaDevice, ...nvidiaRim, ...intelSgx, ...awsNitro]);
}

function keyText({ publicKey }: Certificate): string {
  if (publicKey.kind === 'rsa') {
    // RSAPublicKey: the modulus is all but some ten bytes of it.
    const bits = Math.floor(((publicKey.key.length - 10) * 8) / 256) * 256;
    return `RSA ${bits}`;
  }
  return publicKey.kind === 'ed25519' ? 'Ed25519' : publicKey.kind;
}
