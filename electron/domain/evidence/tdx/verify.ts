import type { SubmoduleVerdict } from '../../../contract/evidence.ts';
import type { TdxPolicy } from '../../../contract/policy.ts';
import type { TrustAnchors } from '../anchors.ts';
import { assertClock, createVerdict } from '../checks.ts';
import type { EvidenceCrypto } from '../crypto.ts';
import { checkDcap, checkStatus, lowestEvaluationNumber } from '../dcap/check-tcb.ts';
import { certificationOf } from '../dcap/certification.ts';
import { headerClaims, signatureClaims } from '../dcap/claims.ts';
import type { DcapCollateral } from '../dcap/collateral.ts';
import { readEnclaveReport } from '../dcap/enclave-report.ts';
import { checkPlatformList, checkReportData } from '../dcap/references.ts';
import { createDcapState, prepareCollateral, type DcapState } from '../dcap/state.ts';
import type { TcbOutcome } from '../dcap/tcb.ts';
import { toHex } from '../readers/bytes.ts';
import { checkGuestPolicy, checkTdReferences, tdClaims } from './appraise.ts';
import { parseTdxQuote, type TdxQuote } from './quote.ts';

/** What is asked about one quote. */
export interface TdxRequest {
  /** `cpu0` */
  readonly name: string;
  readonly quote: Uint8Array;
  /** Undefined: none is at hand. The verdict is then never affirming. */
  readonly collateral: DcapCollateral | undefined;
  readonly policy: TdxPolicy;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The highest `tcbEvaluationDataNumber` that this desk has seen: older collateral is refused. */
  readonly highestEvaluationDataNumber?: number;
  /** The 64 bytes that REPORTDATA must be; undefined when the caller compares them itself. */
  readonly reportData?: Uint8Array;
}

export interface TdxInput extends TdxRequest {
  readonly anchors: TrustAnchors;
  readonly crypto: EvidenceCrypto;
}

export interface TdxResult {
  readonly verdict: SubmoduleVerdict;
  /** Present when the quote could be read, whatever the verdict. */
  readonly quote: TdxQuote | undefined;
  /** Present when the collateral is genuine, current and knows the platform. */
  readonly tcb?: TcbOutcome;
}

/**
 * Verifies a TDX quote of version 4 or 5 (ATTESTATION §4.1), every step a row of its own. Many quotes are verified
 * faster by one `createDcapVerifier`.
 * @throws TypeError when `now` is not finite
 */
export function verifyTdx({ anchors, crypto, ...request }: TdxInput): TdxResult {
  return verifyTdxWith(createDcapState(anchors, crypto), request);
}

/** As `verifyTdx`, with what a verifier remembers. @throws TypeError when `now` is not finite */
export function verifyTdxWith(state: DcapState, request: TdxRequest): TdxResult {
  assertClock(request.now);
  const { crypto } = state;
  const { name, policy, now } = request;
  const verdict = createVerdict({ name, family: 'tdx', evidenceSha256: toHex(crypto.sha256(request.quote)) });
  const title = 'The quote is a well-formed TDX quote';
  const parsed = parseTdxQuote(request.quote);
  if (!parsed.ok) {
    verdict.fail('tdx.format', title, 'evidence-malformed', { detail: parsed.detail });
    return { verdict: verdict.build(), quote: undefined };
  }
  const quote = parsed.value;
  verdict.pass('tdx.format', title, { found: `version ${quote.header.version}, body type ${quote.bodyType}` });
  const collateral = request.collateral === undefined ? undefined : prepareCollateral(state, request.collateral);
  const qeReport = readEnclaveReport(quote.signature.qeReport);
  headerClaims(verdict, quote);
  const registers = tdClaims(verdict, quote.td);
  signatureClaims(verdict, quote, qeReport);
  const certification = certificationOf(quote.signature, request.collateral);
  const run = { verdict, family: 'tdx', quote, qeReport, state, now, collateral, certification } as const;
  const lowest = lowestEvaluationNumber(policy, request.highestEvaluationDataNumber);
  const { pck, tcb } = checkDcap(run, lowest, quote.td);
  checkGuestPolicy(verdict, quote.td, policy);
  checkStatus(run, tcb, policy);
  checkTdReferences(verdict, quote.td, registers, policy, crypto);
  checkPlatformList(verdict, 'tdx', pck, policy.platforms);
  checkReportData(verdict, 'tdx', quote.td.reportData, request.reportData, crypto);
  if (quote.trailingBytes > 0) {
    verdict.notChecked(
      `${quote.trailingBytes} bytes behind the signature data: nothing signs them, nothing reads them.`,
    );
  }
  return { verdict: verdict.build(), quote, ...(tcb === undefined ? {} : { tcb }) };
}
