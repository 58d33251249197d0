import { sha384 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { canonicalJson } from '../dsse/dsse.ts';

/** "nacre/key-release/v1" ‖ SHA-384(JCS(challenge) ‖ JCS(evidence) ‖ UTF-8(EAR)), hex (contract/wire.ts). */
export function releaseInfoHex(challenge: unknown, answer: unknown, ear: string): string {
  const digest = sha384(concatBytes(canonicalJson(challenge), canonicalJson(answer), utf8ToBytes(ear)));
  return bytesToHex(concatBytes(utf8ToBytes('nacre/key-release/v1'), digest));
}
