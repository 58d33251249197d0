import { ByteReader } from '../readers/bytes.ts';

/** REPORT body of an SGX enclave (Intel SDM vol. 3D, table "REPORT"): the quoted enclave, and the quoting enclave itself. */
export interface EnclaveReport {
  readonly cpuSvn: Uint8Array;
  readonly miscSelect: Uint8Array;
  /** FLAGS ‖ XFRM. */
  readonly attributes: Uint8Array;
  /** FLAGS bit 1: the host reads and writes the enclave's memory. */
  readonly debug: boolean;
  readonly mrEnclave: Uint8Array;
  readonly mrSigner: Uint8Array;
  readonly productId: number;
  readonly securityVersion: number;
  readonly reportData: Uint8Array;
}

/** @param bytes 384 @throws Malformed */
export function readEnclaveReport(bytes: Uint8Array): EnclaveReport {
  const reader = new ByteReader(bytes);
  const at = (offset: number) => {
    reader.at = offset;
    return reader;
  };
  const attributes = at(48).slice(16, 'ATTRIBUTES');
  return {
    cpuSvn: at(0).slice(16, 'CPUSVN'),
    miscSelect: at(16).slice(4, 'MISCSELECT'),
    attributes,
    debug: ((attributes[0] ?? 0) & 2) !== 0,
    mrEnclave: at(64).slice(32, 'MRENCLAVE'),
    mrSigner: at(128).slice(32, 'MRSIGNER'),
    productId: at(256).u16le('ISVPRODID'),
    securityVersion: at(258).u16le('ISVSVN'),
    reportData: at(320).slice(64, 'REPORTDATA'),
  };
}
