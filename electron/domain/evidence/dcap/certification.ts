import { utf8ToBytes } from '@noble/hashes/utils.js';
import { ByteReader, concat, toHex } from '../readers/bytes.ts';
import type { DcapCollateral } from './collateral.ts';
import { pemChain, type QuoteSignature } from './quote.ts';

/** Where the PCK certificate of a quote is found, by its certification data (SGX ECDSA QuoteLib API, A.4 table 9). */
export type Certification =
  | {
      readonly kind: 'chain';
      /** PEM: PCK, its CA, the root. */
      readonly pem: Uint8Array;
      /** What the quote says of its platform where the chain came from elsewhere. */
      readonly platform?: StatedPlatform;
    }
  | { readonly kind: 'refused'; readonly reason: string; readonly detail: string };

/** Hex. The PPID is there only where it is not encrypted: nobody but Intel can read the other kinds. */
export interface StatedPlatform {
  readonly pceId: string;
  readonly ppid?: string;
}

/** Types 1 to 3: PPID in the clear, or encrypted to Intel with RSA-2048 or RSA-3072; CPUSVN, PCESVN and PCEID follow. */
const ppidBytes: Readonly<Record<number, number>> = { 1: 16, 2: 256, 3: 384 };
const leafOnly = 4;

/**
 * The PCK chain of a quote: the quote's own (type 5), its leaf with the issuers of the collateral (4), or the chain of the
 * collateral for a quote that names its platform by PPID (1 to 3). Other types have none. Nothing here is verified: that
 * the key is this platform's shows in the signature over the quoting enclave's report.
 */
export function certificationOf(
  { certificationType: type, certificationData: data }: QuoteSignature,
  collateral: DcapCollateral | undefined,
): Certification {
  if (type === pemChain) return { kind: 'chain', pem: data };
  const missing = {
    kind: 'refused',
    reason: 'pck-chain-missing',
    detail: `The quote has certification data of type ${type}: its PCK certificate must come with the collateral, and none did.`,
  } as const;
  if (type === leafOnly) {
    const issuers = collateral?.pckCrlIssuerChain ?? '';
    if (issuers === '') return missing;
    const end = data.findLastIndex((byte) => byte !== 0) + 1;
    return { kind: 'chain', pem: concat(data.subarray(0, end), utf8ToBytes(`\n${issuers}`)) };
  }
  const size = ppidBytes[type];
  if (size === undefined) {
    const detail = `The certification data is of type ${type}, which leads to no PCK certificate.`;
    return { kind: 'refused', reason: 'certification-data-unsupported', detail };
  }
  if (data.length !== size + 20) {
    const detail = `Certification data of type ${type} has ${size + 20} bytes, here ${data.length}.`;
    return { kind: 'refused', reason: 'certification-data-malformed', detail };
  }
  const chain = collateral?.pckCertificateChain ?? '';
  if (chain === '') return missing;
  const reader = new ByteReader(data);
  const ppid = reader.slice(size, 'PPID');
  reader.slice(18, 'CPUSVN and PCESVN');
  const pceId = toHex(reader.slice(2, 'PCEID'));
  return {
    kind: 'chain',
    pem: utf8ToBytes(chain),
    platform: type === 1 ? { pceId, ppid: toHex(ppid) } : { pceId },
  };
}
