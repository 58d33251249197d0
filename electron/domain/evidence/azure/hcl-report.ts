import { ByteReader, isZero, Malformed, parseWith, type Parsed } from '../readers/bytes.ts';

/**
 * The attestation report that the paravisor ("HCL") of an Azure confidential VM keeps in a vTPM index: a header of 32
 * bytes, the hardware report in an area of 1184, and the runtime data whose hash the hardware report carries.
 */
export interface HclReport {
  /** As the header of the runtime data names it. */
  readonly hardware: 'snp' | 'tdx' | 'other';
  /** The hardware report's area. An SNP report fills it. */
  readonly hardwareReport: Uint8Array;
  /** Exact bytes of the runtime JSON: REPORT_DATA is their hash. */
  readonly runtimeData: Uint8Array;
  /** 1 SHA-256, 2 SHA-384, 3 SHA-512. */
  readonly hashType: number;
}

export const hclLayout = { headerBytes: 32, hardwareBytes: 1184, runtimeHeaderBytes: 20 } as const;
const magic = 0x4843_4c41;
const maximumBytes = 16_384;
const hardwareTypes: Readonly<Record<number, HclReport['hardware']>> = { 2: 'snp', 4: 'tdx' };

/** Reads an HCL report. Lengths must agree with each other, and only zeros may follow (the index has a fixed size). */
export function parseHclReport(bytes: Uint8Array): Parsed<HclReport> {
  return parseWith(() => {
    if (bytes.length > maximumBytes) throw new Malformed(`an HCL report has at most ${maximumBytes} bytes`);
    const reader = new ByteReader(bytes);
    if (reader.u32be('the signature') !== magic) throw new Malformed('the report does not begin with HCLA');
    const version = reader.u32le('the version');
    if (version !== 1 && version !== 2) throw new Malformed(`HCL report version ${version} is not known`);
    const total = reader.u32le('the report size');
    reader.slice(hclLayout.headerBytes - 12, 'the header');
    const hardwareReport = reader.slice(hclLayout.hardwareBytes, 'the hardware report');
    const start = reader.at;
    const size = reader.u32le('the size of the runtime data');
    const runtimeVersion = reader.u32le('the version of the runtime data');
    if (runtimeVersion !== 1) throw new Malformed(`runtime data of version ${runtimeVersion} is not known`);
    const type = reader.u32le('the report type');
    const hashType = reader.u32le('the hash type');
    const length = reader.u32le('the length of the runtime JSON');
    const runtimeData = reader.slice(length, 'the runtime JSON');
    if (size !== length + hclLayout.runtimeHeaderBytes || total !== start + size) {
      throw new Malformed('the sizes in the HCL report do not agree');
    }
    if (!isZero(bytes.subarray(reader.at))) throw new Malformed('something follows the runtime JSON');
    return { hardware: hardwareTypes[type] ?? 'other', hardwareReport, runtimeData, hashType };
  });
}
