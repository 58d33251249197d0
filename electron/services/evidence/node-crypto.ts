import { constants, createHash, createPublicKey, timingSafeEqual, verify, type KeyObject } from 'node:crypto';
import type { EcCurve, EcPublicKey, EvidenceCrypto, HashName } from '../../domain/evidence/crypto.ts';

const curveNames: Readonly<Record<EcCurve, string>> = { 'P-256': 'prime256v1', 'P-384': 'secp384r1' };
const coordinateSizes: Readonly<Record<EcCurve, number>> = { 'P-256': 32, 'P-384': 48 };

/** `EvidenceCrypto` on node:crypto (OpenSSL, or BoringSSL inside Electron: only algorithms that both have). */
export function createNodeCrypto(): EvidenceCrypto {
  return {
    verifyEcdsa({ curve, hash, key, encoding, signature, data }) {
      if (encoding === 'raw' && signature.length !== 2 * coordinateSizes[curve]) return false;
      const publicKey = ecKey(curve, key);
      if (publicKey === undefined) return false;
      return safely(() =>
        verify(hash, data, { key: publicKey, dsaEncoding: encoding === 'raw' ? 'ieee-p1363' : 'der' }, signature),
      );
    },
    verifyRsaPss({ hash, spki, signature, data, saltLength }) {
      const key = rsaKey(spki);
      return (
        key !== undefined &&
        safely(() => verify(hash, data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }, signature))
      );
    },
    verifyRsaPkcs1({ hash, spki, signature, data }) {
      const key = rsaKey(spki);
      return (
        key !== undefined && safely(() => verify(hash, data, { key, padding: constants.RSA_PKCS1_PADDING }, signature))
      );
    },
    sha256: (...parts) => digest('sha256', parts),
    sha384: (...parts) => digest('sha384', parts),
    sha512: (...parts) => digest('sha512', parts),
    equal: (a, b) => a.length === b.length && timingSafeEqual(a, b),
  };
}

function digest(hash: HashName, parts: readonly Uint8Array[]): Uint8Array {
  const state = createHash(hash);
  for (const part of parts) state.update(part);
  return new Uint8Array(state.digest());
}

function ecKey(curve: EcCurve, key: EcPublicKey): KeyObject | undefined {
  const parsed = parseKey(() => {
    if ('spki' in key) return createPublicKey({ key: Buffer.from(key.spki), format: 'der', type: 'spki' });
    const size = coordinateSizes[curve];
    const point = key.point.length === 2 * size + 1 && key.point[0] === 4 ? key.point.subarray(1) : key.point;
    if (point.length !== 2 * size) return undefined;
    const coordinate = (from: number) => Buffer.from(point.subarray(from, from + size)).toString('base64url');
    return createPublicKey({ key: { kty: 'EC', crv: curve, x: coordinate(0), y: coordinate(size) }, format: 'jwk' });
  });
  return parsed?.asymmetricKeyType === 'ec' && parsed.asymmetricKeyDetails?.namedCurve === curveNames[curve]
    ? parsed
    : undefined;
}

function rsaKey(spki: Uint8Array): KeyObject | undefined {
  const key = parseKey(() => createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' }));
  const bits = key?.asymmetricKeyDetails?.modulusLength ?? 0;
  return key?.asymmetricKeyType === 'rsa' && bits >= 2048 && bits <= 8192 ? key : undefined;
}

function parseKey(read: () => KeyObject | undefined): KeyObject | undefined {
  try {
    return read();
  } catch {
    // Not a key: nothing signed by it can be valid.
    return undefined;
  }
}

function safely(check: () => boolean): boolean {
  try {
    return check();
  } catch {
    // OpenSSL reports malformed signatures as errors; they are just not valid.
    return false;
  }
}
