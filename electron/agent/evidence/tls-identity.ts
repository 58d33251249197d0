import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { buildCertificate, type CertificateName } from '../../domain/evidence/simulated/certificate-builder.ts';

/** The ephemeral TLS key of one agent process and its self-signed certificate. */
export interface TlsIdentity {
  /** PEM, PKCS #8. */
  readonly key: string;
  /** PEM. */
  readonly certificate: string;
  /** SHA-256 of the DER SubjectPublicKeyInfo, hex: what evidence attests and desks compare. */
  readonly spkiSha256: string;
}

const hourMs = 3_600_000;
const validMs = 365 * 24 * hourMs;

/**
 * A fresh P-256 key and a self-signed certificate for it. Nothing in the certificate is trusted by anybody but the key,
 * and that only when evidence names its hash.
 */
export function makeTlsIdentity(commonName: string, now: Date): TlsIdentity {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }));
  const name: CertificateName = [['CN', commonName]];
  const certificate = buildCertificate(
    {
      subject: name,
      issuer: name,
      spki,
      serial: new Uint8Array(Buffer.concat([Buffer.of(1), randomBytes(15)])),
      // An hour before now: clocks differ.
      notBefore: now.getTime() - hourMs,
      notAfter: now.getTime() + validMs,
      ca: false,
    },
    {
      kind: 'P-256',
      spki,
      sign: (data) => new Uint8Array(sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' })),
    },
  );
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: pem(certificate),
    spkiSha256: createHash('sha256').update(spki).digest('hex'),
  };
}

function pem(certificate: Uint8Array): string {
  const lines =
    Buffer.from(certificate)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
