import { readQuote, type Quote } from '../dcap/quote.ts';
import { ByteReader, Malformed, parseWith, type Parsed } from '../readers/bytes.ts';

/** TD report of TDX 1.0 (584 bytes) or 1.5 (648 bytes): what the TDX module measured of the guest and says of itself. */
export interface TdReport {
  /** [0] and [1] are of the TDX module: its SVN and, from 1.5 on, its major version. */
  readonly teeTcbSvn: Uint8Array;
  readonly mrSeam: Uint8Array;
  readonly mrSignerSeam: Uint8Array;
  readonly seamAttributes: Uint8Array;
  readonly tdAttributes: bigint;
  readonly xfam: bigint;
  readonly mrtd: Uint8Array;
  readonly mrConfigId: Uint8Array;
  readonly mrOwner: Uint8Array;
  readonly mrOwnerConfig: Uint8Array;
  readonly rtmrs: readonly [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  readonly reportData: Uint8Array;
  /** TDX 1.5 only. */
  readonly teeTcbSvn2: Uint8Array | undefined;
  /** TDX 1.5 only: hash over the service TDs bound to this one; zero when there is none. */
  readonly mrServiceTd: Uint8Array | undefined;
}

export interface TdxQuote extends Quote {
  readonly td: TdReport;
}

/** Reads a TDX quote of version 4 or 5. Any bytes give a value, never an exception. */
export function parseTdxQuote(bytes: Uint8Array): Parsed<TdxQuote> {
  return parseWith(() => {
    const quote = readQuote(bytes);
    if (quote.bodyType === 1) throw new Malformed('the quote is of an SGX enclave, not of a TDX guest');
    return { ...quote, td: readTdReport(quote.body, quote.bodyType === 3) };
  });
}

function readTdReport(body: Uint8Array, extended: boolean): TdReport {
  const reader = new ByteReader(body);
  const register = (what: string) => reader.slice(48, what);
  return {
    teeTcbSvn: reader.slice(16, 'TEE_TCB_SVN'),
    mrSeam: register('MRSEAM'),
    mrSignerSeam: register('MRSIGNERSEAM'),
    seamAttributes: reader.slice(8, 'SEAMATTRIBUTES'),
    tdAttributes: reader.u64le('TDATTRIBUTES'),
    xfam: reader.u64le('XFAM'),
    mrtd: register('MRTD'),
    mrConfigId: register('MRCONFIGID'),
    mrOwner: register('MROWNER'),
    mrOwnerConfig: register('MROWNERCONFIG'),
    rtmrs: [register('RTMR0'), register('RTMR1'), register('RTMR2'), register('RTMR3')],
    reportData: reader.slice(64, 'REPORTDATA'),
    teeTcbSvn2: extended ? reader.slice(16, 'TEE_TCB_SVN_2') : undefined,
    mrServiceTd: extended ? register('MRSERVICETD') : undefined,
  };
}
