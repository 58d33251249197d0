import type { TrustAnchors } from '../anchors.ts';
import type { EvidenceCrypto } from '../crypto.ts';
import { verifySgxWith, type SgxRequest, type SgxResult } from '../sgx/verify.ts';
import { verifyTdxWith, type TdxRequest, type TdxResult } from '../tdx/verify.ts';
import { createDcapState } from './state.ts';

/** Verifies many quotes: chains, collateral and QE reports that were found good are not verified twice. */
export interface DcapVerifier {
  /** @throws TypeError when `now` is not finite */
  verifyTdx(request: TdxRequest): TdxResult;
  /** @throws TypeError when `now` is not finite */
  verifySgx(request: SgxRequest): SgxResult;
}

/**
 * The same verdicts as `verifyTdx` and `verifySgx` one by one. What is remembered is bound to these anchors, is compared
 * with the clock and the revocation lists on each use, and is bounded: 4,096 platforms, 64 sets of collateral.
 */
export function createDcapVerifier({
  anchors,
  crypto,
}: {
  readonly anchors: TrustAnchors;
  readonly crypto: EvidenceCrypto;
}): DcapVerifier {
  const state = createDcapState(anchors, crypto);
  return {
    verifyTdx: (request) => verifyTdxWith(state, request),
    verifySgx: (request) => verifySgxWith(state, request),
  };
}
