import type { SubmoduleVerdict } from '../../../contract/evidence.ts';
import type { SgxPolicy } from '../../../contract/policy.ts';
import type { TrustAnchors } from '../anchors.ts';
import { assertClock, createVerdict, type VerdictBuilder } from '../checks.ts';
import type { EvidenceCrypto } from '../crypto.ts';
import { checkDcap, checkStatus, lowestEvaluationNumber } from '../dcap/check-tcb.ts';
import { certificationOf } from '../dcap/certification.ts';
import { enclaveClaims, headerClaims, signatureClaims } from '../dcap/claims.ts';
import type { DcapCollateral } from '../dcap/collateral.ts';
import { readEnclaveReport, type EnclaveReport } from '../dcap/enclave-report.ts';
import { checkPlatformList, checkReference, checkReportData } from '../dcap/references.ts';
import { createDcapState, prepareCollateral, type DcapState } from '../dcap/state.ts';
import type { TcbOutcome } from '../dcap/tcb.ts';
import { toHex } from '../readers/bytes.ts';
import { parseSgxQuote, type SgxQuote } from './quote.ts';

/** What is asked about one quote. */
export interface SgxRequest {
  /** `cpu0` */
  readonly name: string;
  readonly quote: Uint8Array;
  /** Undefined: none is at hand. The verdict is then never affirming. */
  readonly collateral: DcapCollateral | undefined;
  readonly policy: SgxPolicy;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The highest `tcbEvaluationDataNumber` that this desk has seen: older collateral is refused. */
  readonly highestEvaluationDataNumber?: number;
  /** The 64 bytes that REPORTDATA must be; undefined when the caller compares them itself. */
  readonly reportData?: Uint8Array;
}

export interface SgxInput extends SgxRequest {
  readonly anchors: TrustAnchors;
  readonly crypto: EvidenceCrypto;
}

export interface SgxResult {
  readonly verdict: SubmoduleVerdict;
  /** Present when the quote could be read, whatever the verdict. */
  readonly quote: SgxQuote | undefined;
  /** Present when the collateral is genuine, current and knows the platform. */
  readonly tcb?: TcbOutcome;
}

/**
 * Verifies an SGX quote of version 3, 4 or 5 (ATTESTATION §4.1), every step a row of its own. Many quotes are verified
 * faster by one `createDcapVerifier`.
 * @throws TypeError when `now` is not finite
 */
export function verifySgx({ anchors, crypto, ...request }: SgxInput): SgxResult {
  return verifySgxWith(createDcapState(anchors, crypto), request);
}

/** As `verifySgx`, with what a verifier remembers. @throws TypeError when `now` is not finite */
export function verifySgxWith(state: DcapState, request: SgxRequest): SgxResult {
  assertClock(request.now);
  const { crypto } = state;
  const { name, policy, now } = request;
  const verdict = createVerdict({ name, family: 'sgx', evidenceSha256: toHex(crypto.sha256(request.quote)) });
  const title = 'The quote is a well-formed SGX quote';
  const parsed = parseSgxQuote(request.quote);
  if (!parsed.ok) {
    verdict.fail('sgx.format', title, 'evidence-malformed', { detail: parsed.detail });
    return { verdict: verdict.build(), quote: undefined };
  }
  const quote = parsed.value;
  verdict.pass('sgx.format', title, { found: `version ${quote.header.version}` });
  const collateral = request.collateral === undefined ? undefined : prepareCollateral(state, request.collateral);
  const qeReport = readEnclaveReport(quote.signature.qeReport);
  headerClaims(verdict, quote);
  enclaveClaims(verdict, quote.enclave, '');
  verdict.measurement('mrenclave', toHex(quote.enclave.mrEnclave));
  verdict.measurement('mrsigner', toHex(quote.enclave.mrSigner));
  signatureClaims(verdict, quote, qeReport);
  const certification = certificationOf(quote.signature, request.collateral);
  const run = { verdict, family: 'sgx', quote, qeReport, state, now, collateral, certification } as const;
  const lowest = lowestEvaluationNumber(policy, request.highestEvaluationDataNumber);
  const { pck, tcb } = checkDcap(run, lowest, undefined);
  checkDebug(verdict, quote.enclave);
  checkStatus(run, tcb, policy);
  checkEnclaveReferences(verdict, quote.enclave, policy, crypto);
  checkPlatformList(verdict, 'sgx', pck, undefined);
  checkReportData(verdict, 'sgx', quote.enclave.reportData, request.reportData, crypto);
  if (quote.trailingBytes > 0) {
    verdict.notChecked(
      `${quote.trailingBytes} bytes behind the signature data: nothing signs them, nothing reads them.`,
    );
  }
  return { verdict: verdict.build(), quote, ...(tcb === undefined ? {} : { tcb }) };
}

/** Step 12: debug is refused whatever a policy says. */
function checkDebug(verdict: VerdictBuilder, enclave: EnclaveReport): void {
  verdict.judge('sgx.debug', 'The enclave cannot be debugged by the host', !enclave.debug, 'debug-enabled', {
    detail: 'The enclave runs in debug mode: the host can read and change its memory.',
    expected: 'ATTRIBUTES.DEBUG 0',
    found: toHex(enclave.attributes),
  });
}

/** Step 13: what the enclave runs. */
function checkEnclaveReferences(
  verdict: VerdictBuilder,
  enclave: EnclaveReport,
  policy: SgxPolicy,
  crypto: EvidenceCrypto,
): void {
  const { mrEnclaves, mrSigners, productId, minimumSecurityVersion } = policy;
  const exact = checkReference(
    verdict,
    'sgx.mrenclave',
    'The enclave is one that the policy names (MRENCLAVE)',
    mrEnclaves,
    { bytes: enclave.mrEnclave, hex: toHex(enclave.mrEnclave) },
    crypto,
  );
  const signed = checkReference(
    verdict,
    'sgx.mrsigner',
    'The enclave is signed by a key that the policy names (MRSIGNER)',
    mrSigners,
    { bytes: enclave.mrSigner, hex: toHex(enclave.mrSigner) },
    crypto,
  );
  if (!exact && !signed) verdict.notChecked('What the enclave runs: the policy names neither MRENCLAVE nor MRSIGNER.');
  if (productId !== undefined) {
    verdict.judge(
      'sgx.product',
      'The product is the one in the policy',
      enclave.productId === productId,
      'product-not-allowed',
      {
        detail: 'ISVPRODID is not the one in the policy: the key signs several products.',
        expected: String(productId),
        found: String(enclave.productId),
      },
    );
  }
  if (minimumSecurityVersion !== undefined) {
    const enough = enclave.securityVersion >= minimumSecurityVersion;
    verdict.judge(
      'sgx.security-version',
      'The version is at or above the minimum',
      enough,
      'enclave-version-below-minimum',
      {
        detail: 'ISVSVN is below the policy: the enclave has faults that were mended since.',
        expected: `at least ${minimumSecurityVersion}`,
        found: String(enclave.securityVersion),
      },
    );
  }
}
