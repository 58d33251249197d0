import { ByteReader, Malformed, parseWith, type Parsed } from '../readers/bytes.ts';

/**
 * Intel ECDSA quotes as SGX and TDX share them: header, body, signature data (TDX DCAP Quoting Library API, appendix A;
 * SGX ECDSA QuoteLib API). Fields are views into the quote, nothing is copied.
 */
export interface QuoteHeader {
  readonly version: 3 | 4 | 5;
  /** 2: ECDSA-256 with P-256, the only one read here. */
  readonly attestationKeyType: 2;
  /** 0 SGX, 0x81 TDX. */
  readonly teeType: 0 | 0x81;
  /** Of version 3; reserved later. */
  readonly qeSecurityVersion: number;
  readonly pceSecurityVersion: number;
  readonly qeVendorId: Uint8Array;
  readonly userData: Uint8Array;
}

/** Who vouches for the quote: the quoting enclave (QE) made an attestation key, the PCK key of the platform signed its report. */
export interface QuoteSignature {
  /** r ‖ s over `Quote.signed`. */
  readonly signature: Uint8Array;
  /** x ‖ y on P-256. */
  readonly attestationKey: Uint8Array;
  /** 384 bytes, see `readEnclaveReport`. */
  readonly qeReport: Uint8Array;
  /** r ‖ s by the PCK key over the QE report. */
  readonly qeReportSignature: Uint8Array;
  readonly qeAuthenticationData: Uint8Array;
  /** Attestation key, QE report, its signature and the authentication data, with the sizes between them, as they lie. */
  readonly vouchedKey: Uint8Array;
  /** 5: PEM chain, leaf first. */
  readonly certificationType: number;
  readonly certificationData: Uint8Array;
}

/** 1 SGX enclave report, 2 TD report of TDX 1.0, 3 of TDX 1.5. */
export type QuoteBodyType = 1 | 2 | 3;

export interface Quote {
  readonly header: QuoteHeader;
  readonly bodyType: QuoteBodyType;
  readonly body: Uint8Array;
  /** All that the attestation key signs: header and body. */
  readonly signed: Uint8Array;
  readonly signature: QuoteSignature;
  /** Bytes behind the signature data. Real quotes carry padding there; nothing vouches for it. */
  readonly trailingBytes: number;
}

export const maximumQuoteBytes = 16_384;
/** PEM certificate chain: PCK leaf, its CA, the root. */
export const pemChain = 5;
const qeReportCertification = 6;
const bodySizes: Readonly<Record<QuoteBodyType, number>> = { 1: 384, 2: 584, 3: 648 };

/** Reads a quote of version 3, 4 or 5, at most 16 KiB. Any bytes give a value, never an exception. */
export function parseQuote(bytes: Uint8Array): Parsed<Quote> {
  return parseWith(() => readQuote(bytes));
}

/** `parseQuote` for use inside parsers. @throws Malformed */
export function readQuote(bytes: Uint8Array): Quote {
  if (bytes.length > maximumQuoteBytes) {
    throw new Malformed(`a quote of ${bytes.length} bytes, at most ${maximumQuoteBytes} allowed`);
  }
  const reader = new ByteReader(bytes);
  const header = readHeader(reader);
  const bodyType = readBodyType(reader, header);
  const body = reader.slice(bodySizes[bodyType], 'quote body');
  const signed = bytes.subarray(0, reader.at);
  const signatureBytes = reader.slice(reader.u32le('length of the signature data'), 'signature data');
  const signature = readSignature(signatureBytes, header.version);
  return { header, bodyType, body, signed, signature, trailingBytes: reader.left };
}

function readHeader(reader: ByteReader): QuoteHeader {
  const version = reader.u16le('quote version');
  if (version !== 3 && version !== 4 && version !== 5) throw new Malformed(`quote version ${version} is not known`);
  const attestationKeyType = reader.u16le('attestation key type');
  if (attestationKeyType !== 2) {
    throw new Malformed(`attestation key type ${attestationKeyType} at offset 2, only 2 (ECDSA P-256) is read`);
  }
  const teeType = reader.u32le('TEE type');
  if (teeType !== 0 && teeType !== 0x81)
    throw new Malformed(`TEE type 0x${teeType.toString(16)} at offset 4 is not known`);
  if (version === 3 && teeType !== 0) throw new Malformed('quote version 3 is of SGX only');
  const qeSecurityVersion = reader.u16le('QE SVN');
  const pceSecurityVersion = reader.u16le('PCE SVN');
  const qeVendorId = reader.slice(16, 'QE vendor');
  const userData = reader.slice(20, 'user data');
  return { version, attestationKeyType, teeType, qeSecurityVersion, pceSecurityVersion, qeVendorId, userData };
}

/** Versions 3 and 4 leave it to the TEE type, version 5 says it with its size. */
function readBodyType(reader: ByteReader, { version, teeType }: QuoteHeader): QuoteBodyType {
  if (version !== 5) return teeType === 0 ? 1 : 2;
  const type = reader.u16le('body type');
  const size = reader.u32le('body size');
  if (type !== 1 && type !== 2 && type !== 3) throw new Malformed(`body type ${type} at offset 48 is not known`);
  if ((type === 1) !== (teeType === 0)) {
    throw new Malformed(`body type ${type} at offset 48 does not fit TEE type 0x${teeType.toString(16)}`);
  }
  if (size !== bodySizes[type]) {
    throw new Malformed(`body size ${size} at offset 50, body type ${type} has ${bodySizes[type]} bytes`);
  }
  return type;
}

function readSignature(bytes: Uint8Array, version: QuoteHeader['version']): QuoteSignature {
  const reader = new ByteReader(bytes);
  const signature = reader.slice(64, 'quote signature');
  const attestationKey = reader.slice(64, 'attestation key');
  if (version !== 3) {
    const type = reader.u16le('outer certification type');
    const size = reader.u32le('size of the outer certification data');
    if (type !== qeReportCertification)
      throw new Malformed(`outer certification type ${type}, it must be 6 (QE report)`);
    if (size !== reader.left) {
      throw new Malformed(`outer certification data of ${size} bytes where ${reader.left} are left`);
    }
  }
  const qeReport = reader.slice(384, 'QE report');
  const qeReportSignature = reader.slice(64, 'QE report signature');
  const qeAuthenticationData = reader.slice(
    reader.u16le('size of the QE authentication data'),
    'QE authentication data',
  );
  const vouchedKey = bytes.subarray(signature.length, reader.at);
  const certificationType = reader.u16le('certification type');
  const certificationData = reader.slice(reader.u32le('size of the certification data'), 'certification data');
  reader.end('the signature data');
  return {
    signature,
    attestationKey,
    qeReport,
    qeReportSignature,
    qeAuthenticationData,
    vouchedKey,
    certificationType,
    certificationData,
  };
}
