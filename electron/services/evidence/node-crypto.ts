import { constants, createPublicKey, hash, timingSafeEqual, verify, type KeyObject } from 'node:crypto';
import type { EcCurve, EcPublicKey, EvidenceCrypto, HashName } from '../../domain/evidence/crypto.ts';

const coordinateSizes: Readonly<Record<EcCurve, number>> = { 'P-256': 32, 'P-384': 48 };
/** DER SubjectPublicKeyInfo of an uncompressed point, up to and with its 0x04. */
const spkiPrefixes: Readonly<Record<EcCurve, Buffer>> = {
  'P-256': Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex'),
  'P-384': Buffer.from('3076301006072a8648ce3d020106052b8104002203620004', 'hex'),
};
/** Keys kept; one takes about a kilobyte. */
const maximumKeys = 4096;

/**
 * `EvidenceCrypto` on node:crypto (OpenSSL, or BoringSSL inside Electron: only algorithms that both have). Reading a
 * key takes a third as long as a verification, so keys that have verified something are kept, the oldest go first.
 */
export function createNodeCrypto(): EvidenceCrypto {
  const keys = new Map<string, KeyObject>();

  const withKey = (kind: EcCurve | 'rsa', spki: Buffer, check: (key: KeyObject) => boolean): boolean => {
    const name = kind + spki.toString('latin1');
    const known = keys.get(name);
    const key = known ?? (kind === 'rsa' ? rsaKey(spki) : ecKey(kind, spki));
    if (key === undefined) return false;
    const good = safely(() => check(key));
    // Keys that verified nothing are not kept: garbage cannot push out what is of use.
    if (good && known === undefined) {
      keys.set(name, key);
      if (keys.size > maximumKeys) keys.delete(keys.keys().next().value ?? '');
    }
    return good;
  };

  return {
    verifyEcdsa({ curve, hash: digestName, key, encoding, signature, data }) {
      if (encoding === 'raw' && signature.length !== 2 * coordinateSizes[curve]) return false;
      const spki = spkiOf(curve, key);
      if (spki === undefined) return false;
      // DER and the key as it is: Node takes half as long again for raw signatures and for keys inside options.
      const der = encoding === 'raw' ? derSignature(signature) : signature;
      return withKey(curve, spki, (publicKey) => verify(digestName, data, publicKey, der));
    },
    verifyRsaPss: ({ hash, spki, signature, data, saltLength }) =>
      withKey('rsa', bufferOf(spki), (key) =>
        verify(hash, data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }, signature),
      ),
    verifyRsaPkcs1: ({ hash, spki, signature, data }) =>
      withKey('rsa', bufferOf(spki), (key) =>
        verify(hash, data, { key, padding: constants.RSA_PKCS1_PADDING }, signature),
      ),
    sha1: (...parts) => digest('sha1', parts),
    sha256: (...parts) => digest('sha256', parts),
    sha384: (...parts) => digest('sha384', parts),
    sha512: (...parts) => digest('sha512', parts),
    equal: (a, b) => a.length === b.length && timingSafeEqual(a, b),
  };
}

function digest(name: HashName | 'sha1', parts: readonly Uint8Array[]): Uint8Array {
  const [first, ...more] = parts;
  // In one call: a hash object costs more than copying the few bytes that come in parts.
  const { buffer, byteOffset, length } = hash(
    name,
    first !== undefined && more.length === 0 ? first : Buffer.concat(parts),
    'buffer',
  );
  return new Uint8Array(buffer, byteOffset, length);
}

/** Ecdsa-Sig-Value (RFC 3279 §2.2.3) of r ‖ s. */
function derSignature(raw: Uint8Array): Buffer {
  const half = raw.length / 2;
  const der = Buffer.alloc(2 + 2 * (3 + half));
  let at = 2;
  for (const end of [half, 2 * half]) {
    let from = end - half;
    while (from < end - 1 && raw[from] === 0) from++;
    const sign = (raw[from] ?? 0) >= 0x80 ? 1 : 0;
    der[at++] = 0x02;
    der[at++] = sign + end - from;
    at += sign;
    while (from < end) der[at++] = raw[from++] ?? 0;
  }
  // Below 128 for every curve in use: 104 with P-384.
  der[0] = 0x30;
  der[1] = at - 2;
  return der.subarray(0, at);
}

/** DER of a key in either form. @returns undefined when a raw point has the wrong size */
function spkiOf(curve: EcCurve, key: EcPublicKey): Buffer | undefined {
  if ('spki' in key) return bufferOf(key.spki);
  const size = 2 * coordinateSizes[curve];
  const point = key.point.length === size + 1 && key.point[0] === 4 ? key.point.subarray(1) : key.point;
  return point.length === size ? Buffer.concat([spkiPrefixes[curve], point]) : undefined;
}

/** Only an uncompressed point under a named curve (RFC 5480), which the prefix says: asking OpenSSL takes far longer. */
function ecKey(curve: EcCurve, spki: Buffer): KeyObject | undefined {
  const prefix = spkiPrefixes[curve];
  if (spki.length !== prefix.length + 2 * coordinateSizes[curve]) return undefined;
  if (!spki.subarray(0, prefix.length).equals(prefix)) return undefined;
  return parseKey(spki);
}

/** The same bytes. */
function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function rsaKey(spki: Buffer): KeyObject | undefined {
  const key = parseKey(spki);
  const bits = key?.asymmetricKeyDetails?.modulusLength ?? 0;
  return key?.asymmetricKeyType === 'rsa' && bits >= 2048 && bits <= 8192 ? key : undefined;
}

/** As PEM text: Node tells what an object is by exceptions, so the same key as DER inside options takes twice as long. */
function parseKey(spki: Buffer): KeyObject | undefined {
  try {
    return createPublicKey(`-----BEGIN PUBLIC KEY-----\n${spki.toString('base64')}\n-----END PUBLIC KEY-----\n`);
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
