import { utf8ToBytes } from '@noble/hashes/utils.js';
import type { EvidenceCrypto } from '../crypto.ts';
import { concat } from '../readers/bytes.ts';

/** What dstack's guest agent puts before the content: who asked for the quote. */
export type DstackReportTag = 'app-data' | 'ratls-cert' | 'kms-root-ca';

/** REPORTDATA of a quote that dstack made for a tag: SHA-512(tag ‖ ":" ‖ content). For `ratls-cert` the public key in DER. */
export function dstackReportData(tag: DstackReportTag, content: Uint8Array, crypto: EvidenceCrypto): Uint8Array {
  return crypto.sha512(utf8ToBytes(`${tag}:`), content);
}

/** MRCONFIGID of dstack: 0x01 ‖ SHA-256 of the raw app compose ‖ zeros to 48 bytes. */
export function dstackConfigId(composeHash: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(1), composeHash, new Uint8Array(15));
}
