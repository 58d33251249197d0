import { decodeBase64 } from '../../encoding/base64.ts';
import { decodeUtf8 } from '../../encoding/utf8.ts';
import { ByteReader, fromHex, isZero, Malformed, parseWith, type Parsed } from '../readers/bytes.ts';

/**
 * NVIDIA GPU attestation report: SPDM 1.1 GET_MEASUREMENTS request (37 bytes) ‖ MEASUREMENTS response (DMTF DSP0274
 * 1.1 §10.11), signed by the GPU's attestation key over SHA-384 of both without the signature.
 */
export const spdmSignatureBytes = 96;
const maximumReportBytes = 65_536;
/** The buffer that drivers fill with a report. Some tools write out all of it. */
const reportBufferBytes = 8192;

export interface MeasurementBlock {
  /** 1-based. */
  readonly index: number;
  readonly type: number;
  readonly value: Uint8Array;
}

export interface GpuReport {
  /** The verifier's nonce, from the request. */
  readonly nonce: Uint8Array;
  /** The device's own random. */
  readonly deviceNonce: Uint8Array;
  readonly blocks: readonly MeasurementBlock[];
  readonly opaque: ReadonlyMap<number, Uint8Array>;
  /** Bytes under the signature. */
  readonly signed: Uint8Array;
  /** r ‖ s big-endian, 96 bytes. */
  readonly signature: Uint8Array;
  /** Zero bytes after the signature: seen in the field, not signed, not read. */
  readonly trailing: number;
}

/** Types of the opaque data that are read. */
export const opaqueTypes = {
  driverVersion: 3,
  gpuInfo: 4,
  sku: 5,
  vbiosVersion: 6,
  nvdec0Status: 11,
  chipSku: 15,
  project: 17,
  projectSku: 18,
  fwid: 20,
  protectedPcie: 21,
  switchIds: 22,
} as const;

/**
 * Reads a report. Blocks and opaque data must tile their lengths exactly, and only zero bytes may follow the signature,
 * one or as many as fill the driver's buffer of 8 KiB. Whether the indices are 1, 2, 3 … is for the verifier to say, after the signature.
 */
export function parseGpuReport(bytes: Uint8Array): Parsed<GpuReport> {
  return parseWith(() => {
    if (bytes.length > maximumReportBytes) {
      throw new Malformed(`a GPU report has at most ${maximumReportBytes} bytes, this one ${bytes.length}`);
    }
    const reader = new ByteReader(bytes);
    header(reader, 0xe0, 'the request');
    const nonce = reader.slice(32, 'the nonce');
    reader.u8('the slot');
    header(reader, 0x60, 'the response');
    const count = reader.u8('the number of blocks');
    const blocks = readBlocks(new ByteReader(reader.slice(reader.u24le('the record length'), 'the record')), count);
    const deviceNonce = reader.slice(32, "the device's nonce");
    const opaque = readOpaque(new ByteReader(reader.slice(reader.u16le('the opaque length'), 'the opaque data')));
    const signed = bytes.subarray(0, reader.at);
    const signature = reader.slice(spdmSignatureBytes, 'the signature');
    const rest = bytes.subarray(reader.at);
    if ((rest.length > 16 && bytes.length > reportBufferBytes) || !isZero(rest))
      throw new Malformed(`${rest.length} bytes follow the signature of the GPU report`);
    return { nonce, deviceNonce, blocks, opaque, signed, signature, trailing: rest.length };
  });
}

/**
 * A report out of a list of evidence: base64 of its bytes, their hex digits, or base64 of the digits, as NVIDIA's first
 * tools wrote it. @returns undefined for any other text
 */
export function decodeGpuReport(text: string): Uint8Array | undefined {
  if (/^11e0/i.test(text)) return fromHex(text);
  const bytes = decodeBase64(text);
  const digits = bytes === undefined ? '' : String.fromCharCode(...bytes.subarray(0, 4));
  return bytes !== undefined && /^11e0$/i.test(digits) ? fromHex(decodeUtf8(bytes) ?? '') : bytes;
}

function header(reader: ByteReader, code: number, what: string): void {
  const version = reader.u8(what);
  const found = reader.u8(what);
  if (version !== 0x11) throw new Malformed(`${what} is of SPDM version 0x${version.toString(16)}, not 1.1`);
  if (found !== code) throw new Malformed(`${what} has code 0x${found.toString(16)}`);
  const [first, second] = [reader.u8(what), reader.u8(what)];
  // param1 bit 0: signature requested; param2: all measurements.
  if (code === 0xe0 && ((first & 1) === 0 || second !== 0xff)) {
    throw new Malformed('the request does not ask for all measurements with a signature');
  }
}

function readBlocks(reader: ByteReader, count: number): MeasurementBlock[] {
  const blocks: MeasurementBlock[] = [];
  while (reader.left > 0) {
    const index = reader.u8('a block index');
    if (reader.u8('a block specification') !== 1) throw new Malformed(`measurement block ${index} is not of DMTF form`);
    const size = reader.u16le('a block size');
    const type = reader.u8('a measurement type');
    const valueSize = reader.u16le('a value size');
    if (size !== valueSize + 3) throw new Malformed(`measurement block ${index} has sizes that do not fit`);
    blocks.push({ index, type, value: reader.slice(valueSize, 'a measurement') });
  }
  if (blocks.length !== count) throw new Malformed(`${count} measurement blocks announced, ${blocks.length} found`);
  return blocks;
}

function readOpaque(reader: ByteReader): ReadonlyMap<number, Uint8Array> {
  const fields = new Map<number, Uint8Array>();
  while (reader.left > 0) {
    const type = reader.u16le('an opaque type');
    const value = reader.slice(reader.u16le('an opaque length'), `opaque field ${type}`);
    if (fields.has(type)) throw new Malformed(`opaque field ${type} appears twice`);
    fields.set(type, value);
  }
  return fields;
}

/** A text field up to its first zero byte. */
export function opaqueText(report: GpuReport, type: number): string | undefined {
  const bytes = report.opaque.get(type);
  if (bytes === undefined || bytes.length > 64) return undefined;
  const end = bytes.indexOf(0);
  const text = String.fromCharCode(...(end < 0 ? bytes : bytes.subarray(0, end)));
  return /^[\x20-\x7e]*$/.test(text) ? text : undefined;
}

/** `96.00.5E.00.01` from the low 32 bits and then the next byte of a little-endian number; text on switches. */
export function vbiosVersion(report: GpuReport): string | undefined {
  const bytes = report.opaque.get(opaqueTypes.vbiosVersion);
  if (bytes?.length !== 8) return bytes === undefined ? undefined : opaqueText(report, opaqueTypes.vbiosVersion);
  return [3, 2, 1, 0, 4].map((at) => (bytes[at] ?? 0).toString(16).padStart(2, '0').toUpperCase()).join('.');
}

/** NVDEC0 off (0x55): measurement 35 is not made. */
export function nvdec0Disabled(report: GpuReport): boolean {
  const status = report.opaque.get(opaqueTypes.nvdec0Status);
  return status?.length === 1 && status[0] === 0x55;
}
