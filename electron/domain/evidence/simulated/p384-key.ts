import { p384 } from '@noble/curves/nist.js';
import { concat, fromHex } from '../readers/bytes.ts';
import type { CertificateSigner } from './certificate-builder.ts';
import { derBitString, derOid, derSequence } from './der-writer.ts';

/**
 * A P-384 key of SIMULATED hardware in pure code: slow, deterministic (RFC 6979), not for real secrets.
 * @param privateKey hex of the 48-byte scalar
 */
export function p384Signer(privateKey: string): CertificateSigner & { readonly kind: 'P-384' } {
  const secret = fromHex(privateKey) ?? new Uint8Array();
  return {
    kind: 'P-384',
    spki: p384Spki(p384.getPublicKey(secret, false)),
    sign: (data) => p384.sign(data, secret, { lowS: false }),
  };
}

/** DER SubjectPublicKeyInfo of a raw point of 97 bytes. */
export function p384Spki(point: Uint8Array): Uint8Array {
  return derSequence(derSequence(derOid('1.2.840.10045.2.1'), derOid('1.3.132.0.34')), derBitString(point));
}

/** A scalar from 56 or more random bytes, hex: reduced with a bias below 2^-64 (FIPS 186-5 A.2.1). */
export function p384PrivateKey(random: (bytes: number) => Uint8Array): string {
  const secret = p384.utils.randomSecretKey(concat(random(72)));
  return Array.from(secret, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
