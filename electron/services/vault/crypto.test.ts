import { argon2id } from '@noble/hashes/argon2.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadVaultCrypto } from './crypto.ts';
import { answersKnownVectors } from './probe.ts';
import { createPureCrypto } from './pure-crypto.ts';

const native = loadVaultCrypto();
const pure = createPureCrypto();

describe('libsodium', () => {
  it('is what this machine uses', () => expect(native.name).toBe('libsodium'));
});

describe('RFC 9106 §5.3', () => {
  // The published vector has four lanes, a key and associated data, which libsodium does not offer. So the pure code is
  // held to the vector here, and libsodium to the pure code below.
  it('is what the pure Argon2id gives', () => {
    const fill = (length: number, byte: number) => new Uint8Array(length).fill(byte);
    const tag = argon2id(fill(32, 1), fill(16, 2), {
      t: 3,
      m: 32,
      p: 4,
      dkLen: 32,
      key: fill(8, 3),
      personalization: fill(12, 4),
    });
    expect(bytesToHex(tag)).toBe('0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659');
  });

  it('leads to the same key in libsodium and in pure code', async () => {
    for (const [memoryKib, passes] of [
      [8, 1],
      [64, 3],
      [1024, 2],
    ] as const) {
      const salt = new Uint8Array(16).fill(passes);
      const passphrase = new TextEncoder().encode('correct horse battery staple');
      const cost = { memoryKib, passes };
      expect(bytesToHex(await native.argon2id(passphrase, salt, cost))).toBe(
        bytesToHex(await pure.argon2id(passphrase, salt, cost)),
      );
    }
  });
});

describe.each([native, pure])('$name', (crypto) => {
  it('gives the vector of draft-irtf-cfrg-xchacha-03 A.3.1 and refuses any change', () => {
    const key = hexToBytes('808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f');
    const nonce = hexToBytes('404142434445464748494a4b4c4d4e4f5051525354555657');
    const associated = hexToBytes('50515253c0c1c2c3c4c5c6c7');
    const plaintext = new TextEncoder().encode(
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
    );
    const box = crypto.seal(key, nonce, associated, plaintext);
    expect(bytesToHex(box)).toBe(
      'bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff921f9664c97637da9768812f615c68b13b52e' +
        'c0875924c1c7987947deafd8780acf49',
    );
    fc.assert(
      fc.property(fc.nat({ max: box.length - 1 }), fc.integer({ min: 1, max: 255 }), (position, flip) => {
        const changed = box.slice();
        changed[position] = (changed[position] ?? 0) ^ flip;
        expect(crypto.open(key, nonce, associated, changed)).toBeUndefined();
      }),
    );
    expect(crypto.open(key, nonce, new Uint8Array(12), box)).toBeUndefined();
    expect(crypto.open(key, nonce.slice(1), associated, box)).toBeUndefined();
    expect(crypto.open(key, nonce, associated, box.slice(0, 15))).toBeUndefined();
  });

  it('gives the vectors of RFC 8032 §7.1 and RFC 7748 §6.1', () => {
    const vectors = [
      [
        '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
        'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
        '',
        'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
      ],
      [
        '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
        '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
        '72',
        '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
      ],
    ] as const;
    for (const [seed, publicKey, message, signature] of vectors) {
      expect(bytesToHex(crypto.ed25519PublicKey(hexToBytes(seed)))).toBe(publicKey);
      expect(bytesToHex(crypto.ed25519Sign(hexToBytes(seed), hexToBytes(message)))).toBe(signature);
    }
    const alice = hexToBytes('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a');
    expect(bytesToHex(crypto.x25519PublicKey(alice))).toBe(
      '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
    );
  });

  it('passes the start-up probe, which a broken one does not', () => {
    expect(answersKnownVectors(crypto)).toBe(true);
    expect(answersKnownVectors({ ...crypto, open: () => new Uint8Array(0) })).toBe(false);
    expect(answersKnownVectors({ ...crypto, x25519PublicKey: () => new Uint8Array(32) })).toBe(false);
  });

  it('wipes', () => {
    const secret = new Uint8Array(32).fill(9);
    crypto.wipe(secret);
    expect(secret.every((byte) => byte === 0)).toBe(true);
    crypto.wipe(new Uint8Array(0));
  });
});
