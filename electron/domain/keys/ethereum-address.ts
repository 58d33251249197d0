import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

/** The address of an uncompressed secp256k1 point (65 bytes): last 20 bytes of its Keccak-256, in EIP-55 spelling. */
export function ethereumAddress(point: Uint8Array): string {
  return checksumAddress(bytesToHex(keccak_256(point.subarray(1)).subarray(12)));
}

/** EIP-55: a letter is a capital where the Keccak-256 of the lower-case text has a nibble of 8 or more. */
export function checksumAddress(hex: string): string {
  const digest = bytesToHex(keccak_256(utf8ToBytes(hex)));
  let text = '0x';
  for (let at = 0; at < hex.length; at++) {
    const character = hex.charAt(at);
    text += Number.parseInt(digest.charAt(at), 16) >= 8 ? character.toUpperCase() : character;
  }
  return text;
}
