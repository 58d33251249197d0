import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { createSigner } from '../domain/dsse/dsse.ts';
import { pureCrypto } from '../domain/pack/container.ts';
import { createEd25519Verifier, sha256Of } from './ed25519.ts';

it('decides and digests as the pure code does, on good, changed and malformed input', () => {
  const crypto = { verify: createEd25519Verifier(), sha256: sha256Of };
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.uint8Array(), fc.nat(63), (seed, message, at) => {
      const signer = createSigner(seed);
      const signature = signer.sign(message);
      expect(crypto.verify(signature, message, signer.publicKey)).toBe(true);
      const bent = signature.slice();
      bent[at] = (bent[at] ?? 0) ^ 1;
      expect(crypto.verify(bent, message, signer.publicKey)).toBe(false);
      expect(crypto.verify(signature, message, seed)).toBe(pureCrypto.verify(signature, message, seed));
      expect(crypto.verify(signature.subarray(1), message, signer.publicKey)).toBe(false);
      expect(crypto.sha256(message)).toEqual(pureCrypto.sha256(message));
    }),
    { numRuns: 40 },
  );
  // S + L instead of S: the same equation, another encoding. Both must refuse it.
  const signer = createSigner(new Uint8Array(32));
  const signature = signer.sign(new Uint8Array(1));
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  let s = 0n;
  for (let i = 63; i >= 32; i--) s = (s << 8n) | BigInt(signature[i] ?? 0);
  s += order;
  for (let i = 32; i < 64; i++, s >>= 8n) signature[i] = Number(s & 255n);
  expect(crypto.verify(signature, new Uint8Array(1), signer.publicKey)).toBe(false);
  expect(pureCrypto.verify(signature, new Uint8Array(1), signer.publicKey)).toBe(false);
});
