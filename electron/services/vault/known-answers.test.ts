import { argon2Sync, createPrivateKey, createPublicKey, decapsulate, encapsulate } from 'node:crypto';
import { x25519 } from '@noble/curves/ed25519.js';
import { shake128 } from '@noble/hashes/sha3.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import * as fc from 'fast-check';
import { combine, split } from 'shamir-secret-sharing';
import { describe, expect, it } from 'vitest';
import { loadVaultCrypto } from './crypto.ts';

// XChaCha20-Poly1305, Ed25519, the public keys of X25519, and RFC 9106 itself: crypto.test.ts.

const ascii = (text: string) => new TextEncoder().encode(text);

describe('Argon2id', () => {
  // First tag: phc-winner-argon2, test.c, version 0x13, one lane, 32 bytes, salt "somesalt". Second tag: the same with a
  // salt of 16 bytes, which libsodium asks for. All four computed with argon2-cffi 25.1.0 (the authors' C code) as well.
  it.each([
    [
      256,
      2,
      '9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe',
      'cab746b4621993fdc91ec50787980b414a90a692f0bc68dfe19f9c25b3cba9ec',
    ],
    [
      65_536,
      2,
      '09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7',
      'fc33b78139231d34b71626bd6245c1d72efa190ad605c3d8166a72adcedfa2c2',
    ],
  ])('gives the hash of its authors for %i KiB and %i passes', async (memoryKib, passes, tag, longSaltTag) => {
    const derive = (nonce: string) =>
      argon2Sync('argon2id', { message: 'password', nonce, parallelism: 1, tagLength: 32, memory: memoryKib, passes });
    expect(derive('somesalt').toString('hex')).toBe(tag);
    const salt = 'somesaltsomesalt';
    expect(derive(salt).toString('hex')).toBe(longSaltTag);
    const ours = await loadVaultCrypto().argon2id(ascii('password'), ascii(salt), { memoryKib, passes });
    expect(bytesToHex(ours)).toBe(longSaltTag);
  });
});

describe('X25519', () => {
  it('agrees on the shared secret of RFC 7748 §6.1', () => {
    const alice = hexToBytes('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a');
    const bob = hexToBytes('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb');
    const shared = '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742';
    expect(bytesToHex(x25519.getSharedSecret(alice, x25519.getPublicKey(bob)))).toBe(shared);
    expect(bytesToHex(x25519.getSharedSecret(bob, x25519.getPublicKey(alice)))).toBe(shared);
  });
});

describe('ML-KEM-768', () => {
  it('gives the accumulated vector of C2SP CCTV over 100 keys, with implicit rejection', () => {
    // The same 32 bytes come out of kyber-py 1.2.0 with pycryptodome's SHAKE128.
    const source = shake128.create();
    const sum = shake128.create({ dkLen: 32 });
    for (let round = 0; round < 100; round++) {
      const { publicKey, secretKey } = ml_kem768.keygen(source.xof(64));
      sum.update(publicKey);
      const { cipherText, sharedSecret } = ml_kem768.encapsulate(publicKey, source.xof(32));
      sum.update(cipherText).update(sharedSecret);
      expect(ml_kem768.decapsulate(cipherText, secretKey)).toEqual(sharedSecret);
      sum.update(ml_kem768.decapsulate(source.xof(1088), secretKey));
    }
    expect(bytesToHex(sum.digest())).toBe('1114b1b6699ed191734fa339376afa7e285c9e6acf6ff0177d346696ce564415');
  });

  it('understands OpenSSL, and OpenSSL understands it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), (seed) => {
        const { publicKey, secretKey } = ml_kem768.keygen(seed);
        const prefix = hexToBytes('3054020100300b060960864801650304040204428040');
        const key = createPrivateKey({ key: Buffer.concat([prefix, seed]), format: 'der', type: 'pkcs8' });
        const open = createPublicKey(key);
        const spki = open.export({ format: 'der', type: 'spki' });
        expect(spki.subarray(-1184).equals(Buffer.from(publicKey))).toBe(true);
        const theirs = encapsulate(open);
        expect(bytesToHex(ml_kem768.decapsulate(new Uint8Array(theirs.ciphertext), secretKey))).toBe(
          theirs.sharedKey.toString('hex'),
        );
        const ours = ml_kem768.encapsulate(publicKey);
        expect(decapsulate(key, ours.cipherText).toString('hex')).toBe(bytesToHex(ours.sharedSecret));
      }),
      { numRuns: 10 },
    );
  });
});

/** GF(2^8) modulo x^8 + x^4 + x^3 + x + 1 (FIPS 197 §4.2), bit by bit: another implementation than the library's tables. */
function times(a: number, b: number): number {
  let product = 0;
  for (let factor = a, rest = b; rest > 0; rest >>= 1) {
    if (rest & 1) product ^= factor;
    factor = (factor << 1) ^ (factor & 0x80 ? 0x11b : 0);
  }
  return product;
}
function inverse(a: number): number {
  for (let candidate = 1; candidate < 256; candidate++) if (times(a, candidate) === 1) return candidate;
  throw new RangeError('zero has no inverse');
}
/** The polynomial through the points (last byte of a share is its place), at zero. */
function joinAtZero(shares: readonly Uint8Array[]): Uint8Array {
  const places = shares.map((share) => share.at(-1) ?? 0);
  const length = (shares[0]?.length ?? 1) - 1;
  return Uint8Array.from({ length }, (_, at) =>
    shares.reduce((sum, share, i) => {
      const others = places.filter((_place, j) => j !== i);
      const weight = others.reduce((w, x) => times(w, times(x, inverse(x ^ (places[i] ?? 0)))), 1);
      return sum ^ times(share[at] ?? 0, weight);
    }, 0),
  );
}

describe('Shamir', () => {
  it('works in the field of FIPS 197: its examples hold in the field used to check', () => {
    // FIPS 197 §4.2 and §4.2.1
    expect(times(0x57, 0x83)).toBe(0xc1);
    expect(times(0x57, 0x13)).toBe(0xfe);
    expect(times(0x53, inverse(0x53))).toBe(1);
  });

  it('is joined the same by an implementation from the definition, for any k of n', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.integer({ min: 2, max: 5 }),
        fc.integer({ min: 0, max: 3 }),
        async (secret, threshold, more) => {
          const shares = await split(secret, threshold + more, threshold);
          const chosen = shares.toReversed().slice(0, threshold);
          expect(joinAtZero(chosen)).toEqual(secret);
          expect(await combine(chosen)).toEqual(secret);
          // One too few gives something else (by chance the same once in 2^256).
          if (threshold > 2) expect(joinAtZero(chosen.slice(1))).not.toEqual(secret);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('joins shares that another made: f(x) = s + a·x at 1, 2 and 3', async () => {
    const secret = Uint8Array.of(0x57, 0, 0xff, 0x13);
    const slope = Uint8Array.of(0x83, 1, 0x80, 0);
    const share = (x: number) => Uint8Array.from([...secret.map((s, i) => s ^ times(slope[i] ?? 0, x)), x]);
    expect(await combine([share(1), share(3)])).toEqual(secret);
    expect(await combine([share(2), share(3)])).toEqual(secret);
  });
});
