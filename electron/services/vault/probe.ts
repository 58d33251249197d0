import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import type { VaultCrypto } from './crypto-types.ts';

/** Short known answers, run at every start: a binding that loads but computes something else is not used. */
export function answersKnownVectors(crypto: VaultCrypto): boolean {
  // draft-irtf-cfrg-xchacha-03 A.3.1
  const key = hexToBytes('808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f');
  const nonce = hexToBytes('404142434445464748494a4b4c4d4e4f5051525354555657');
  const associated = hexToBytes('50515253c0c1c2c3c4c5c6c7');
  const plaintext = new TextEncoder().encode(
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
  );
  const box = crypto.seal(key, nonce, associated, plaintext);
  const opened = crypto.open(key, nonce, associated, box);
  // RFC 8032 §7.1 test 1 and RFC 7748 §6.1 (Alice)
  const seed = hexToBytes('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60');
  const secret = hexToBytes('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a');
  return (
    bytesToHex(box.slice(-16)) === 'c0875924c1c7987947deafd8780acf49' &&
    opened !== undefined &&
    bytesToHex(opened) === bytesToHex(plaintext) &&
    crypto.open(key, nonce, new Uint8Array(0), box) === undefined &&
    bytesToHex(crypto.ed25519PublicKey(seed)) === 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a' &&
    bytesToHex(crypto.ed25519Sign(seed, new Uint8Array(0))).startsWith('e5564300c360ac729086e2cc806e828a') &&
    bytesToHex(crypto.x25519PublicKey(secret)) === '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a'
  );
}
