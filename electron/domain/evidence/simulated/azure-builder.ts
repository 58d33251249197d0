import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { encodeBase64 } from '../../encoding/base64.ts';
import type { SimulatedCpu } from '../../../contract/simulated-hardware.ts';
import { hclLayout } from '../azure/hcl-report.ts';
import { concat } from '../readers/bytes.ts';
import type { SimulatedIntelPlatform } from './intel-authority.ts';
import { buildTdxQuote, type TdFields } from './intel-quote.ts';
import { buildSnpReport, littleEndian, type SnpFieldOverrides } from './snp-builder.ts';

/** A SIMULATED vTPM key. Only who has node:crypto or the like can make one: RSA is given from outside. */
export interface SimulatedVtpm {
  /** Big-endian, without leading zeros. */
  readonly modulus: Uint8Array;
  readonly exponent: Uint8Array;
  /** RSASSA-PKCS1-v1_5 or RSASSA-PSS with SHA-256. */
  sign(data: Uint8Array): Uint8Array;
}

export interface HclRequest {
  readonly cpu: SimulatedCpu;
  readonly vtpm: SimulatedVtpm;
  readonly random: (bytes: number) => Uint8Array;
  /** Replaces the honest runtime JSON. */
  readonly runtime?: string;
  /** 2 SNP (default), 4 TDX. */
  readonly type?: number;
  readonly hashType?: number;
  readonly snp?: SnpFieldOverrides;
}

/** The honest runtime JSON of the paravisor. */
export function runtimeJson({ modulus, exponent }: SimulatedVtpm, kid = 'HCLAkPub'): string {
  const [n, e] = [base64url(modulus), base64url(exponent)];
  const keys = [{ kid, key_ops: ['sign'], kty: 'RSA', e, n }];
  return JSON.stringify({
    keys,
    'vm-configuration': { 'secure-boot': true, vmUniqueId: 'SIMULATED' },
    'user-data': '',
  });
}

/** A paravisor's report around a SIMULATED SNP report whose REPORT_DATA is the hash of the runtime JSON. */
export function buildHclReport({ cpu, vtpm, random, runtime, type = 2, hashType = 1, snp }: HclRequest): Uint8Array {
  const json = utf8ToBytes(runtime ?? runtimeJson(vtpm));
  return envelope(buildSnpReport(cpu, runtimeHash(json), random, snp), json, type, hashType);
}

export interface TdxHclRequest {
  readonly platform: SimulatedIntelPlatform;
  readonly vtpm: SimulatedVtpm;
  /** Replaces the honest runtime JSON. */
  readonly runtime?: string;
  /** Fields of the guest; a paravisor runs without SEPT_VE_DISABLE. */
  readonly td?: TdFields;
}

/** A paravisor's report around the TD report of a SIMULATED TDX guest, and the quote that was made from it. */
export function buildTdxHclReport({ platform, vtpm, runtime, td }: TdxHclRequest): {
  readonly hclReport: Uint8Array;
  readonly tdQuote: Uint8Array;
} {
  const json = utf8ToBytes(runtime ?? runtimeJson(vtpm));
  const tdQuote = buildTdxQuote(platform, { tdAttributes: new Uint8Array(8), reportData: runtimeHash(json), ...td });
  const body = tdQuote.subarray(48, 48 + 584);
  const report = new Uint8Array(hclLayout.hardwareBytes);
  // TDREPORT_STRUCT: REPORTTYPE, then REPORTDATA at 128, TDINFO_STRUCT at 512.
  report[0] = 0x81;
  report.set(body.subarray(520, 584), 128);
  report.set(body.subarray(120, 520), 512);
  return { hclReport: envelope(report, json, 4, 1), tdQuote };
}

const runtimeHash = (json: Uint8Array): Uint8Array => concat(sha256(json), new Uint8Array(32));

function envelope(report: Uint8Array, json: Uint8Array, type: number, hashType: number): Uint8Array {
  const size = hclLayout.runtimeHeaderBytes + json.length;
  const header = [1, hclLayout.headerBytes + hclLayout.hardwareBytes + size, 2, 0, 0, 0, 0];
  return concat(
    utf8ToBytes('HCLA'),
    ...header.map(u32le),
    report,
    ...[size, 1, type, hashType, json.length].map(u32le),
    json,
    new Uint8Array(16),
  );
}

export interface QuoteRequest {
  readonly nonce: Uint8Array;
  /** Values of the registers 0, 1, 2 …, all of them quoted. */
  readonly pcrs: readonly Uint8Array[];
  readonly magic?: number;
  readonly type?: number;
}

/** TPMS_ATTEST of a quote over the SHA-256 registers. */
export function buildTpmQuote({ nonce, pcrs, magic = 0xff54_4347, type = 0x8018 }: QuoteRequest): Uint8Array {
  const bits = Uint8Array.from({ length: 3 }, (_, at) =>
    pcrs.slice(8 * at, 8 * at + 8).reduce((byte, __, bit) => byte | (1 << bit), 0),
  );
  return concat(
    u32be(magic),
    u16be(type),
    sized(new Uint8Array(34).fill(0x0b)),
    sized(nonce),
    new Uint8Array(8),
    u32be(2),
    u32be(0),
    Uint8Array.of(1),
    new Uint8Array(8),
    u32be(1),
    u16be(0x000b),
    Uint8Array.of(3),
    bits,
    sized(sha256(concat(...pcrs))),
  );
}

/** TPMT_SIGNATURE with SHA-256. @param scheme 0x0014 RSASSA, 0x0016 RSAPSS */
export function tpmSignature(scheme: number, signature: Uint8Array): Uint8Array {
  return concat(u16be(scheme), u16be(0x000b), sized(signature));
}

const u32le = (value: number): Uint8Array => littleEndian(BigInt(value), 4);
const u32be = (value: number): Uint8Array => u32le(value).toReversed();
const u16be = (value: number): Uint8Array => littleEndian(BigInt(value), 2).toReversed();
const sized = (bytes: Uint8Array): Uint8Array => concat(u16be(bytes.length), bytes);

function base64url(bytes: Uint8Array): string {
  return encodeBase64(bytes, { padding: false }).replaceAll('+', '-').replaceAll('/', '_');
}
