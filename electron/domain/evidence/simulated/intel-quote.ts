import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { concat } from '../readers/bytes.ts';
import type { SimulatedIntelPlatform } from './intel-authority.ts';

/** The SIMULATED quoting enclave. */
export const simulatedQe = {
  mrSigner: new Uint8Array(32).fill(0xdc),
  productId: 2,
  securityVersion: 4,
  attributes: Uint8Array.of(0x15, 0, 0, 0, 0, 0, 0, 0, 0xe7, 0, 0, 0, 0, 0, 0, 0),
} as const;

/** Offset and size in the body. */
const tdLayout = {
  teeTcbSvn: [0, 16],
  mrSeam: [16, 48],
  mrSignerSeam: [64, 48],
  seamAttributes: [112, 8],
  tdAttributes: [120, 8],
  xfam: [128, 8],
  mrtd: [136, 48],
  mrConfigId: [184, 48],
  mrOwner: [232, 48],
  mrOwnerConfig: [280, 48],
  rtmr0: [328, 48],
  rtmr1: [376, 48],
  rtmr2: [424, 48],
  rtmr3: [472, 48],
  reportData: [520, 64],
  teeTcbSvn2: [584, 16],
  mrServiceTd: [600, 48],
} as const;

const enclaveLayout = {
  cpuSvn: [0, 16],
  miscSelect: [16, 4],
  attributes: [48, 16],
  mrEnclave: [64, 32],
  mrSigner: [128, 32],
  productId: [256, 2],
  securityVersion: [258, 2],
  reportData: [320, 64],
} as const;

export type TdFields = Partial<Record<keyof typeof tdLayout, Uint8Array>>;
export type EnclaveFields = Partial<Record<keyof typeof enclaveLayout, Uint8Array>>;

/** What a SIMULATED platform does otherwise than an honest one. */
export interface QuoteDeviations {
  readonly header?: { readonly version?: number; readonly attestationKeyType?: number; readonly vendor?: Uint8Array };
  readonly qe?: EnclaveFields;
  /** In place of the attestation key, x ‖ y; the QE vouches for it all the same. */
  readonly attestationKey?: Uint8Array;
  readonly bodySize?: number;
  readonly outerCertificationType?: number;
  readonly certificationType?: number;
  readonly certificationData?: Uint8Array;
  /** Bytes behind the signature data. */
  readonly trailing?: Uint8Array;
}

const vendor = Uint8Array.of(
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
/** SEPT_VE_DISABLE. */
const honestTd: TdFields = {
  teeTcbSvn: Uint8Array.of(4, 1, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
  tdAttributes: Uint8Array.of(0, 0, 0, 0x10, 0, 0, 0, 0),
  xfam: Uint8Array.of(0xe7, 0x02, 0x06, 0, 0, 0, 0, 0),
};
const honestEnclave: EnclaveFields = { attributes: Uint8Array.of(0x05, ...new Uint8Array(15)) };

/** A signed TDX quote in the real format: version 4 (TDX 1.0 body), or 5 with the body of TDX 1.0 or 1.5. */
export function buildTdxQuote(
  platform: SimulatedIntelPlatform,
  fields: TdFields,
  { version = 4, extended = version === 5, ...deviations }: TdxQuoteOptions = {},
): Uint8Array {
  const body = place(extended ? 648 : 584, tdLayout, { ...honestTd, ...fields });
  return signQuote(platform, { version, teeType: 0x81, bodyType: extended ? 3 : 2, body }, deviations);
}

export interface TdxQuoteOptions extends QuoteDeviations {
  readonly version?: 4 | 5;
  /** Body of TDX 1.5. */
  readonly extended?: boolean;
}

/** A signed SGX quote in the real format. */
export function buildSgxQuote(
  platform: SimulatedIntelPlatform,
  fields: EnclaveFields,
  { version = 3, ...deviations }: QuoteDeviations & { readonly version?: 3 | 4 | 5 } = {},
): Uint8Array {
  const body = place(384, enclaveLayout, { ...honestEnclave, ...fields });
  return signQuote(platform, { version, teeType: 0, bodyType: 1, body }, deviations);
}

interface Unsigned {
  readonly version: 3 | 4 | 5;
  readonly teeType: number;
  readonly bodyType: number;
  readonly body: Uint8Array;
}

function signQuote(platform: SimulatedIntelPlatform, quote: Unsigned, deviations: QuoteDeviations): Uint8Array {
  const { version, body } = quote;
  const { header = {} } = deviations;
  const signed = concat(
    unsigned(header.version ?? version, 2),
    unsigned(header.attestationKeyType ?? 2, 2),
    unsigned(quote.teeType, 4),
    unsigned(version === 3 ? 8 : 0, 2),
    unsigned(version === 3 ? 13 : 0, 2),
    header.vendor ?? vendor,
    new Uint8Array(20),
    ...(version === 5 ? [unsigned(quote.bodyType, 2), unsigned(deviations.bodySize ?? body.length, 4)] : []),
    body,
  );
  const key = deviations.attestationKey ?? platform.attestationKey.point;
  const authentication = Uint8Array.from({ length: 32 }, (_, at) => at);
  const qeReport = place(384, enclaveLayout, {
    attributes: simulatedQe.attributes,
    mrSigner: simulatedQe.mrSigner,
    productId: unsigned(simulatedQe.productId, 2),
    securityVersion: unsigned(simulatedQe.securityVersion, 2),
    reportData: concat(sha256(concat(key, authentication)), new Uint8Array(32)),
    ...deviations.qe,
  });
  const certification = deviations.certificationData ?? utf8ToBytes(platform.pckChain);
  const inner = concat(
    qeReport,
    platform.pck.signer.sign(qeReport),
    unsigned(authentication.length, 2),
    authentication,
    unsigned(deviations.certificationType ?? 5, 2),
    unsigned(certification.length, 4),
    certification,
  );
  const outer = [unsigned(deviations.outerCertificationType ?? 6, 2), unsigned(inner.length, 4)];
  const data = concat(platform.attestationKey.sign(signed), key, ...(version === 3 ? [] : outer), inner);
  return concat(signed, unsigned(data.length, 4), data, deviations.trailing ?? new Uint8Array());
}

function place<Name extends string>(
  size: number,
  layout: Readonly<Record<Name, readonly [number, number]>>,
  fields: Partial<Record<Name, Uint8Array>>,
): Uint8Array {
  const bytes = new Uint8Array(size);
  for (const name of Object.keys(fields) as Name[]) {
    const [offset, length] = layout[name];
    const value = fields[name];
    if (value !== undefined && offset + length <= size) bytes.set(value.subarray(0, length), offset);
  }
  return bytes;
}

/** Little-endian. */
function unsigned(value: number, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, at) => Math.floor(value / 256 ** at) & 255);
}
