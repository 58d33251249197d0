import { constants, createPublicKey, hash, timingSafeEqual, verify, type KeyObject } from 'node:crypto';
import type { EcCurve, EcPublicKey, EvidenceCrypto, HashName } from '../../domain/evidence/crypto.ts';
import { parseWith } from '../../domain/evidence/readers/bytes.ts';
import {
  integerBytes,
  objectIdentifier,
  octetsOfBitString,
  readDer,
  sequence,
} from '../../domain/evidence/readers/der.ts';

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
 *
 * Keys given as points, and RSA keys, are those of machines and of far authorities: mostly each verifies one thing. The first
 * time they go to OpenSSL as text, which saves Node's objects around a key; they are kept from the second time on.
 */
export function createNodeCrypto(): EvidenceCrypto {
  const keys = new Map<string, KeyObject | 'met'>();

  const withKey = (
    kind: EcCurve | 'rsa',
    spki: Buffer,
    mostlyOnce: boolean,
    check: (key: KeyObject | string) => boolean,
  ): boolean => {
    const name = kind + spki.toString('latin1');
    const known = keys.get(name);
    if (known !== undefined && known !== 'met') return safely(() => check(known));
    if (!(kind === 'rsa' ? isRsaKey(spki) : isEcKey(kind, spki))) return false;
    const text = pemOf(spki);
    const key = mostlyOnce && known === undefined ? text : parseKey(text);
    if (key === undefined || !safely(() => check(key))) return false;
    // Keys that verified nothing are not kept: garbage cannot push out what is of use.
    keys.set(name, typeof key === 'string' ? 'met' : key);
    if (keys.size > maximumKeys) keys.delete(keys.keys().next().value ?? '');
    return true;
  };

  return {
    verifyEcdsa({ curve, hash: digestName, key, encoding, signature, data }) {
      if (encoding === 'raw' && signature.length !== 2 * coordinateSizes[curve]) return false;
      const spki = spkiOf(curve, key);
      if (spki === undefined) return false;
      // DER and the key as it is: Node takes half as long again for raw signatures and for keys inside options.
      const der = encoding === 'raw' ? derSignature(signature) : signature;
      return withKey(curve, spki, 'point' in key, (publicKey) => verify(digestName, data, publicKey, der));
    },
    verifyRsaPss: ({ hash, spki, signature, data, saltLength }) =>
      withKey('rsa', bufferOf(spki), true, (key) =>
        verify(hash, data, keyWith(key, { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }), signature),
      ),
    verifyRsaPkcs1: ({ hash, spki, signature, data }) =>
      withKey('rsa', bufferOf(spki), true, (key) =>
        verify(hash, data, keyWith(key, { padding: constants.RSA_PKCS1_PADDING }), signature),
      ),
    sha1: (...parts) => digest('sha1', parts),
    sha256: (...parts) => digest('sha256', parts),
    sha384: (...parts) => digest('sha384', parts),
    sha512: (...parts) => digest('sha512', parts),
    equal: (a, b) => a.length === b.length && timingSafeEqual(a, b),
  };
}

/** Each of the two kinds of key in its own kind of options, as Node's types have it. */
function keyWith(key: KeyObject | string, options: { readonly padding: number; readonly saltLength?: number }) {
  return typeof key === 'string' ? { ...options, key } : { ...options, key };
}

function digest(name: HashName | 'sha1', parts: readonly Uint8Array[]): Uint8Array {
  const [first, ...more] = parts;
  // In one call: a hash object costs more than copying the few bytes that come in parts. As characters: so small an array
  // lives on V8's own heap, while a buffer of OpenSSL's costs as much as the hash to make and to collect.
  const octets = hash(name, first !== undefined && more.length === 0 ? first : Buffer.concat(parts), 'binary');
  const bytes = new Uint8Array(octets.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = octets.charCodeAt(at);
  return bytes;
}

/** Ecdsa-Sig-Value (RFC 3279 §2.2.3) of r ‖ s. */
function derSignature(raw: Uint8Array): Buffer {
  const half = raw.length / 2;
  const der = Buffer.allocUnsafe(2 + 2 * (3 + half));
  let at = 2;
  for (const end of [half, 2 * half]) {
    let from = end - half;
    while (from < end - 1 && raw[from] === 0) from++;
    const sign = (raw[from] ?? 0) >= 0x80 ? 1 : 0;
    der[at++] = 0x02;
    der[at++] = sign + end - from;
    if (sign === 1) der[at++] = 0;
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
function isEcKey(curve: EcCurve, spki: Buffer): boolean {
  const prefix = spkiPrefixes[curve];
  return (
    spki.length === prefix.length + 2 * coordinateSizes[curve] &&
    spki.compare(prefix, 0, prefix.length, 0, prefix.length) === 0
  );
}

const rsaEncryption = '1.2.840.113549.1.1.1';

/** A plain RSA key (RFC 8017 A.1) of 2048 to 8192 bits: read here, as OpenSSL's answer costs a tenth of a verification. */
function isRsaKey(spki: Buffer): boolean {
  const bits = parseWith(() => {
    const [algorithm, key] = sequence(readDer(spki, 2048), 'public key');
    const [type] = sequence(algorithm, 'algorithm');
    if (objectIdentifier(type, 'algorithm') !== rsaEncryption) return 0;
    const [modulus] = sequence(readDer(octetsOfBitString(key, 'key'), 2048), 'key');
    const octets = integerBytes(modulus, 'modulus');
    const [sign = 0x80, first = 0] = octets;
    // A leading zero octet keeps the number positive.
    if (sign >= 0x80) return 0;
    return sign === 0 ? 8 * (octets.length - 1) - Math.clz32(first) + 24 : 8 * octets.length - Math.clz32(sign) + 24;
  });
  return bits.ok && bits.value >= 2048 && bits.value <= 8192;
}

/** The same bytes. */
function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** As PEM: Node tells what an object is by exceptions, so the same key as DER inside options takes twice as long. */
function pemOf(spki: Buffer): string {
  return `-----BEGIN PUBLIC KEY-----\n${spki.toString('base64')}\n-----END PUBLIC KEY-----\n`;
}

function parseKey(pem: string): KeyObject | undefined {
  try {
    return createPublicKey(pem);
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
