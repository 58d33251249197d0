import { createHash, createPublicKey, verify, type KeyObject } from 'node:crypto';
import type { VerifySignature } from '../domain/dsse/dsse.ts';

/** Keys met lately: a run verifies thousands of frames under one, and a hundred nodes may send at once. */
const keptKeys = 1024;

/** Ed25519 (RFC 8032) by node:crypto, which OpenSSL and BoringSSL both have: some ten times faster than pure code. */
export function createEd25519Verifier(): VerifySignature {
  const keys = new Map<string, KeyObject>();
  return (signature, message, publicKey) => {
    if (signature.length !== 64 || publicKey.length !== 32) return false;
    const x = Buffer.from(publicKey).toString('base64url');
    try {
      let key = keys.get(x);
      if (key === undefined) {
        key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
        if (keys.size >= keptKeys) keys.clear();
        keys.set(x, key);
      }
      return verify(null, message, key, signature);
    } catch {
      // No point on the curve: nothing signed by it can be valid.
      return false;
    }
  };
}

export function sha256Of(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}
