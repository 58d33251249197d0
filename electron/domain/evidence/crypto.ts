/**
 * The cryptography that evidence needs, injected so that the verifiers stay pure: node:crypto in the services, anything
 * else in tests. Every function answers, none throws: malformed keys and signatures are simply not valid.
 */
export type EcCurve = 'P-256' | 'P-384';
export type HashName = 'sha256' | 'sha384' | 'sha512';

/**
 * A public key as DER SubjectPublicKeyInfo: an authority's, which verifies several things. Or as a raw uncompressed point
 * (0x04 ‖ x ‖ y, or x ‖ y): a machine's, of which there are many.
 */
export type EcPublicKey = { readonly spki: Uint8Array } | { readonly point: Uint8Array };

export interface EcdsaInput {
  readonly curve: EcCurve;
  readonly hash: HashName;
  readonly key: EcPublicKey;
  /** `raw`: r ‖ s big-endian of the curve's size; `der`: Ecdsa-Sig-Value. */
  readonly encoding: 'raw' | 'der';
  readonly signature: Uint8Array;
  readonly data: Uint8Array;
}

export interface RsaInput {
  readonly hash: HashName;
  /** DER SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  readonly signature: Uint8Array;
  readonly data: Uint8Array;
}

export interface EvidenceCrypto {
  /** False also when the key is on another curve or no point at all. */
  verifyEcdsa(input: EcdsaInput): boolean;
  /** MGF1 with the same hash. */
  verifyRsaPss(input: RsaInput & { readonly saltLength: number }): boolean;
  verifyRsaPkcs1(input: RsaInput): boolean;
  /** Only to match ids in which others use it (OCSP): it proves nothing. */
  sha1(...parts: readonly Uint8Array[]): Uint8Array;
  sha256(...parts: readonly Uint8Array[]): Uint8Array;
  sha384(...parts: readonly Uint8Array[]): Uint8Array;
  sha512(...parts: readonly Uint8Array[]): Uint8Array;
  /** Constant time for equal lengths; different lengths are different. */
  equal(a: Uint8Array, b: Uint8Array): boolean;
}
