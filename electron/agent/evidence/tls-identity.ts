import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

/** The ephemeral TLS key of one agent process and its self-signed certificate. */
export interface TlsIdentity {
  /** PEM, PKCS #8. */
  readonly key: string;
  /** PEM. */
  readonly certificate: string;
  /** SHA-256 of the DER SubjectPublicKeyInfo, hex: what evidence attests and desks compare. */
  readonly spkiSha256: string;
}

const validMs = 365 * 24 * 3600 * 1000;

/**
 * A fresh P-256 key and a self-signed certificate for it (RFC 5280, version 3, no extensions). Nothing in the
 * certificate is trusted by anybody but the key, and that only when evidence names its hash.
 */
export function makeTlsIdentity(commonName: string, now: Date): TlsIdentity {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: pem(selfSigned(commonName, privateKey, spki, now)),
    spkiSha256: createHash('sha256').update(spki).digest('hex'),
  };
}

function selfSigned(commonName: string, key: KeyObject, spki: Buffer, now: Date): Buffer {
  // 1.2.840.10045.4.3.2, ecdsa-with-SHA256; 2.5.4.3, commonName.
  const algorithm = sequence(der(0x06, Buffer.from('2a8648ce3d040302', 'hex')));
  const attribute = sequence(der(0x06, Buffer.from('550403', 'hex')), der(0x0c, Buffer.from(commonName)));
  const name = sequence(der(0x31, attribute));
  // An hour before now: clocks differ.
  const validity = sequence(time(new Date(now.getTime() - 3600_000)), time(new Date(now.getTime() + validMs)));
  const version = der(0xa0, der(0x02, Buffer.of(2)));
  const serial = der(0x02, Buffer.concat([Buffer.of(0x01), randomBytes(15)]));
  const body = sequence(version, serial, algorithm, name, validity, name, spki);
  const signature = der(0x03, Buffer.concat([Buffer.of(0), sign('sha256', body, key)]));
  return sequence(body, algorithm, signature);
}

/** One DER element (X.690 §8.1): tag, length, contents. */
function der(tag: number, contents: Buffer): Buffer {
  const { length } = contents;
  const long = length < 128 ? [] : [...Buffer.from(length.toString(16).padStart(length > 255 ? 4 : 2, '0'), 'hex')];
  return Buffer.concat([Buffer.of(tag, ...(length < 128 ? [length] : [0x80 | long.length, ...long])), contents]);
}

function sequence(...elements: Buffer[]): Buffer {
  return der(0x30, Buffer.concat(elements));
}

/** GeneralizedTime would be wrong before 2050 (RFC 5280 §4.1.2.5): UTCTime. */
function time(date: Date): Buffer {
  return der(0x17, Buffer.from(`${date.toISOString().replaceAll(/[-:T]/g, '').slice(2, 14)}Z`));
}

function pem(certificate: Buffer): string {
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
