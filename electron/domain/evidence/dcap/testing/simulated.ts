import type { SubmoduleVerdict } from '../../../../contract/evidence.ts';
import { createNodeCrypto } from '../../../../services/evidence/node-crypto.ts';
import { simulatedAnchors } from '../../anchors.ts';
import { createSimulatedIntel, createSimulatedPlatform } from '../../simulated/intel-authority.ts';
import { buildDcapCollateral, type CollateralOptions } from '../../simulated/intel-collateral.ts';
import { buildSgxQuote, buildTdxQuote } from '../../simulated/intel-quote.ts';
import { verifySgx, type SgxInput } from '../../sgx/verify.ts';
import { verifyTdx, type TdxInput } from '../../tdx/verify.ts';
import { strictSgxPolicy, strictTdxPolicy } from '../../../policy/intel-sections.ts';

/** One SIMULATED Intel and one machine for a whole test file; the same in every run. */
export const now = Date.parse('2026-06-01T12:00:00Z');
export const day = 24 * 3_600_000;
let state = 7;
export const random = (bytes: number) =>
  Uint8Array.from({ length: bytes }, () => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) >>> 24);
export const crypto = createNodeCrypto();
export const intel = createSimulatedIntel({ now, random });
export const platform = createSimulatedPlatform(intel, { now, random });
export const anchors = simulatedAnchors({ amd: [], nvidia: [], intel: [intel.rootSha256] });

export const collateralOf = (tee: 'tdx' | 'sgx', changes: Partial<CollateralOptions> = {}) =>
  buildDcapCollateral(intel, { now, tee, identity: platform.identity, ...changes });
export const collateral = collateralOf('tdx');
export const sgxCollateral = collateralOf('sgx');
export const tdxQuote = buildTdxQuote(platform, { mrtd: random(48), reportData: random(64) });
export const sgxQuote = buildSgxQuote(platform, { mrEnclave: random(32), reportData: random(64) });

export function tdx(changes: Partial<TdxInput> = {}) {
  const honest = { name: 'cpu0', quote: tdxQuote, collateral, policy: strictTdxPolicy, now, anchors, crypto };
  return verifyTdx({ ...honest, ...changes });
}

export function sgx(changes: Partial<SgxInput> = {}) {
  const honest = {
    name: 'cpu0',
    quote: sgxQuote,
    collateral: sgxCollateral,
    policy: strictSgxPolicy,
    now,
    anchors,
    crypto,
  };
  return verifySgx({ ...honest, ...changes });
}

/** Reasons of required rows that did not pass, in order. */
export const failures = ({ verdict }: { readonly verdict: SubmoduleVerdict }) =>
  verdict.checks.filter(({ required, outcome }) => required && outcome !== 'pass').map(({ reason }) => reason);
