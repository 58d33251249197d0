import type { EvidenceKind } from '../../../contract/evidence-files.ts';
import { snpReportBytes } from '../snp/report.ts';
import { isZero, sameBytes } from '../readers/bytes.ts';

/** 939a7233-f79c-4ca9-940a-0db3957f0607: Intel's QE vendor. */
const intelVendor = Uint8Array.of(
  0x93,
  0x9a,
  0x72,
  0x33,
  0xf7,
  0x9c,
  0x4c,
  0xa9,
  0x94,
  0x0a,
  0x0d,
  0xb3,
  0x95,
  0x7f,
  0x06,
  0x07,
);
const smallestQuote = 432;
/** A crypto-agile TCG log begins with this event (TCG PFP §10.4.5.1). */
const specId = text('Spec ID Event03');

/** A binary format by its own marks, or undefined. Bytes that only might be something are not recognized. */
export function recognizeBytes(bytes: Uint8Array): { kind: EvidenceKind; bytes: Uint8Array } | undefined {
  if (bytes.length < 4) return undefined;
  const is = (kind: EvidenceKind, of: Uint8Array = bytes) => ({ kind, bytes: of });
  const quote = quoteKind(bytes);
  if (quote !== undefined) return is(quote);
  const report = snpReport(bytes);
  if (report !== undefined) return is('snp-report', report);
  if (startsWith(bytes, Uint8Array.of(0x11, 0xe0)) && bytes.length > 64) return is('gpu-report');
  if (startsWith(bytes, text('HCLA'))) return is('hcl-report');
  if (startsWith(bytes, Uint8Array.of(0xff, 0x54, 0x43, 0x47, 0x80, 0x18))) return is('tpm-quote');
  if (startsWith(bytes, text('CCEL')) && bytes.length <= 256) return is('ccel-table');
  if (word(bytes, 4) === 3 && sameBytes(bytes.subarray(32, 32 + specId.length), specId)) return is('ccel-log');
  // COSE_Sign1 of four parts, tagged or not, the first of them a byte string with one header.
  const cose = bytes[0] === 0xd2 ? bytes.subarray(1) : bytes;
  if (cose[0] === 0x84 && (cose[1] ?? 0) >> 5 === 2 && cose[2] === 0xa1) return is('nitro-document');
  return undefined;
}

function quoteKind(bytes: Uint8Array): EvidenceKind | undefined {
  const version = (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8);
  if (version < 3 || version > 5 || bytes.length < 48) return undefined;
  const tee = word(bytes, 4);
  const vendor = sameBytes(bytes.subarray(12, 28), intelVendor);
  // A quote with another vendor is still a quote, which its verifier refuses; other bytes rarely look like one.
  const plausible =
    vendor || (bytes.length >= smallestQuote && bytes.length !== snpReportBytes && word(bytes, 0) >> 16 === 2);
  if (!plausible) return undefined;
  if (tee === 0x81) return 'tdx-quote';
  return version === 3 || tee === 0 ? 'sgx-quote' : 'tdx-quote';
}

/** The report alone, in its firmware response (32 bytes before it), or in a larger buffer of zero bytes. */
function snpReport(bytes: Uint8Array): Uint8Array | undefined {
  const plausible = (at: number) =>
    word(bytes, at) >= 1 &&
    word(bytes, at) <= 16 &&
    (word(bytes, at + 0x30) <= 3 || word(bytes, at + 0x30) === 0xffff_ffff);
  const response = bytes.length > snpReportBytes + 31 && word(bytes, 0) === 0 && word(bytes, 4) === snpReportBytes;
  const at = response ? 32 : 0;
  const rest = bytes.subarray(at + snpReportBytes);
  if (bytes.length < at + snpReportBytes || rest.length > 8192 || !isZero(rest) || !plausible(at)) return undefined;
  return bytes.subarray(at, at + snpReportBytes);
}

function word(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)) >>> 0
  );
}

function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  return sameBytes(bytes.subarray(0, start.length), start);
}

function text(ascii: string): Uint8Array {
  return Uint8Array.from(ascii, (character) => character.charCodeAt(0));
}
