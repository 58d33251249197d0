import { readEnclaveReport, type EnclaveReport } from '../dcap/enclave-report.ts';
import { readQuote, type Quote } from '../dcap/quote.ts';
import { Malformed, parseWith, type Parsed } from '../readers/bytes.ts';

export interface SgxQuote extends Quote {
  readonly enclave: EnclaveReport;
}

/** Reads an SGX quote of version 3, 4 or 5. Any bytes give a value, never an exception. */
export function parseSgxQuote(bytes: Uint8Array): Parsed<SgxQuote> {
  return parseWith(() => {
    const quote = readQuote(bytes);
    if (quote.bodyType !== 1) throw new Malformed('the quote is of a TDX guest, not of an SGX enclave');
    return { ...quote, enclave: readEnclaveReport(quote.body) };
  });
}
