import { utf8ToBytes } from '@noble/hashes/utils.js';
import type { GpuEvidence, Runtime } from '../../contract/node-evidence.ts';
import { canonicalJson } from '../dsse/dsse.ts';
import { concat, toHex } from './readers/bytes.ts';

/** The hashes of DESIGN §5, the same for who makes evidence and who verifies it. */
export interface BindingHashes {
  sha256(...parts: readonly Uint8Array[]): Uint8Array;
  sha384(...parts: readonly Uint8Array[]): Uint8Array;
}

const gpuLabel = utf8ToBytes('nacre/gpu/v1');

/** SHA-256("nacre/gpu/v1" ‖ SHA-384(JCS(runtime))): the nonce that every GPU of the node must sign. */
export function gpuNonce(runtime: Runtime, hashes: BindingHashes): Uint8Array {
  return hashes.sha256(gpuLabel, hashes.sha384(canonicalJson(runtime)));
}

/**
 * SHA-384(JCS{gpuEvidence: hex SHA-384(JCS(gpus)), runtime}), zero-padded to the 64 bytes of REPORT_DATA: one CPU
 * signature covers the channel, the keys, the nonce and the GPU evidence.
 */
export function cpuReportData(runtime: Runtime, gpus: readonly GpuEvidence[], hashes: BindingHashes): Uint8Array {
  const gpuEvidence = toHex(hashes.sha384(canonicalJson(gpus)));
  return concat(hashes.sha384(canonicalJson({ gpuEvidence, runtime })), new Uint8Array(16));
}
