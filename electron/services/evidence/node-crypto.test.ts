import { createSign, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EcCurve, EcdsaInput } from '../../domain/evidence/crypto.ts';
import { createNodeCrypto } from './node-crypto.ts';

const curves = [
  ['P-256', 'prime256v1', 'sha256', 32],
  ['P-384', 'secp384r1', 'sha384', 48],
] as const;
const spkiOf = (key: KeyObject) => new Uint8Array(key.export({ format: 'der', type: 'spki' }));

describe('ECDSA of the evidence port', () => {
  it.each(curves)('%s: raw and DER signatures, keys as SPKI and as points', (curve, namedCurve, hash, size) => {
    const crypto = createNodeCrypto();
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve });
    const spki = spkiOf(publicKey);
    const point = spki.subarray(-2 * size);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (data) => {
        const raw = new Uint8Array(sign(hash, data, { key: privateKey, dsaEncoding: 'ieee-p1363' }));
        const der = new Uint8Array(createSign(hash).update(data).sign(privateKey));
        for (const key of [{ spki }, { point }, { point: Uint8Array.of(4, ...point) }]) {
          const input = { curve, hash, key, data } as const;
          expect(crypto.verifyEcdsa({ ...input, encoding: 'raw', signature: raw })).toBe(true);
          expect(crypto.verifyEcdsa({ ...input, encoding: 'der', signature: der })).toBe(true);
          raw[0] = (raw[0] ?? 0) ^ 1;
          expect(crypto.verifyEcdsa({ ...input, encoding: 'raw', signature: raw })).toBe(false);
          raw[0] = (raw[0] ?? 0) ^ 1;
        }
      }),
      { numRuns: 25 },
    );
  });

  it('reads r and s that begin with zeros', () => {
    const crypto = createNodeCrypto();
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const found = [false, false];
    for (let at = 0; found.includes(false) && at < 20_000; at++) {
      const data = Uint8Array.of(at & 255, at >> 8);
      const signature = new Uint8Array(sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' }));
      const short = [0, 32].map((from) => signature[from] === 0 && (signature[from + 1] ?? 0) < 0x80);
      if (!short.includes(true)) continue;
      short.forEach((is, half) => (found[half] ||= is));
      const key = { spki: spkiOf(publicKey) };
      expect(crypto.verifyEcdsa({ curve: 'P-256', hash: 'sha256', key, encoding: 'raw', signature, data })).toBe(true);
    }
    expect(found).toEqual([true, true]);
  });

  it('refuses zero, short, long and swapped material, also by a key that it knows', () => {
    const crypto = createNodeCrypto();
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const data = Uint8Array.of(1, 2, 3);
    const signature = new Uint8Array(sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' }));
    const spki = spkiOf(publicKey);
    const input: EcdsaInput = { curve: 'P-256', hash: 'sha256', key: { spki }, encoding: 'raw', signature, data };
    expect(crypto.verifyEcdsa(input)).toBe(true);
    const p384 = generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).publicKey;
    const wrong: Partial<EcdsaInput>[] = [
      { signature: new Uint8Array(64) },
      { signature: new Uint8Array(64).fill(0xff) },
      { signature: new Uint8Array() },
      { signature: signature.subarray(0, 63) },
      { signature: Uint8Array.of(0, ...signature) },
      { signature: Uint8Array.from([...signature.subarray(32), ...signature.subarray(0, 32)]) },
      { encoding: 'der' },
      { curve: 'P-384' satisfies EcCurve },
      { key: { spki: spkiOf(p384) } },
      { key: { spki: new Uint8Array() } },
      { key: { spki: Uint8Array.of(...spki, 0) } },
      { key: { point: new Uint8Array(64) } },
      { key: { point: spki.subarray(-63) } },
      { key: { spki: spkiOf(generateKeyPairSync('ed25519').publicKey) } },
      { data: new Uint8Array() },
    ];
    for (const change of wrong) expect(crypto.verifyEcdsa({ ...input, ...change })).toBe(false);
    expect(crypto.verifyEcdsa(input)).toBe(true);
  });
});
