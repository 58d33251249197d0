import { p256 } from '@noble/curves/nist.js';
import { concat, fromHex, toHex } from '../readers/bytes.ts';
import type { CertificateSigner } from './certificate-builder.ts';
import { derBitString, derOid, derSequence } from './der-writer.ts';

export interface P256Signer extends CertificateSigner {
  readonly kind: 'P-256';
  /** x ‖ y. */
  readonly point: Uint8Array;
}

/**
 * A P-256 key of SIMULATED hardware in pure code: slow, deterministic (RFC 6979), not for real secrets.
 * @param privateKey hex of the 32-byte scalar
 */
export function p256Signer(privateKey: string): P256Signer {
  const secret = fromHex(privateKey) ?? new Uint8Array();
  const point = p256.getPublicKey(secret, false);
  return {
    kind: 'P-256',
    point: point.slice(1),
    spki: derSequence(derSequence(derOid('1.2.840.10045.2.1'), derOid('1.2.840.10045.3.1.7')), derBitString(point)),
    sign: (data) => p256.sign(data, secret, { lowS: false }),
  };
}

/** A scalar, hex, out of more random bytes than it has: reduced with a bias below 2^-64 (FIPS 186-5 A.2.1). */
export function p256PrivateKey(random: (bytes: number) => Uint8Array): string {
  return toHex(p256.utils.randomSecretKey(concat(random(48))));
}
