import { randomBytes } from 'node:crypto';
import { simulatedAnchors } from '../../domain/evidence/anchors.ts';
import { crlBytes, readDcapCollateral, type DcapCollateral } from '../../domain/evidence/dcap/collateral.ts';
import { parseQeIdentity, parseTcbInfo } from '../../domain/evidence/dcap/documents.ts';
import { parseQuote } from '../../domain/evidence/dcap/quote.ts';
import { createDcapVerifier } from '../../domain/evidence/dcap/verifier.ts';
import { parseSgxQuote } from '../../domain/evidence/sgx/quote.ts';
import { createSimulatedIntel, createSimulatedPlatform } from '../../domain/evidence/simulated/intel-authority.ts';
import { buildDcapCollateral } from '../../domain/evidence/simulated/intel-collateral.ts';
import { buildSgxQuote, buildTdxQuote } from '../../domain/evidence/simulated/intel-quote.ts';
import { createSimulatedNras } from '../../domain/evidence/simulated/nras-builder.ts';
import { strictSgxPolicy, strictTdxPolicy } from '../../domain/policy/intel-sections.ts';
import { parseTdxQuote } from '../../domain/evidence/tdx/quote.ts';
import { createNodeCrypto } from '../../services/evidence/node-crypto.ts';
import type { CollateralItem } from '../../contract/collateral.ts';
import type { ParserTarget } from './parsers.ts';
import type { VerifierTarget } from './verifiers.ts';

const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));
const utf8 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
const listOf = (text: string): Uint8Array => crlBytes(text) ?? new Uint8Array(0);
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Quotes of TDX and SGX, and every signed part of their collateral. @param now milliseconds since the epoch */
export function createIntelSubjects(now: number): {
  readonly parsers: readonly ParserTarget[];
  readonly verifiers: readonly VerifierTarget[];
  readonly collateral: readonly { readonly kind: CollateralItem['kind']; readonly bytes: Uint8Array }[];
} {
  const intel = createSimulatedIntel({ now, random });
  const platform = createSimulatedPlatform(intel, { now, random });
  const anchors = simulatedAnchors({ amd: [], nvidia: [], intel: [intel.rootSha256] });
  const verifier = createDcapVerifier({ anchors, crypto: createNodeCrypto() });
  const collateralOf = (tee: 'tdx' | 'sgx') => buildDcapCollateral(intel, { now, tee, identity: platform.identity });
  const [collateral, sgxCollateral] = [collateralOf('tdx'), collateralOf('sgx')];
  const [tdx, tdx5, sgx] = [
    buildTdxQuote(platform, { mrtd: random(48) }),
    buildTdxQuote(platform, { mrtd: random(48) }, { version: 5 }),
    buildSgxQuote(platform, { mrEnclave: random(32) }),
  ];
  const verifyTdx = (quote: Uint8Array, changes: Partial<DcapCollateral> = {}) =>
    verifier.verifyTdx({ name: 'cpu0', quote, collateral: { ...collateral, ...changes }, policy: strictTdxPolicy, now })
      .verdict.status;
  const part = (name: string, evidence: Uint8Array, change: (bytes: Uint8Array) => Partial<DcapCollateral>) => ({
    name,
    evidence,
    signed: [[0, evidence.length]] as const,
    verify: (bytes: Uint8Array) => verifyTdx(tdx, change(bytes)),
  });
  return {
    parsers: [
      { name: 'tdx quote', seeds: [tdx, tdx5], parse: parseTdxQuote },
      { name: 'sgx quote', seeds: [sgx], parse: parseSgxQuote },
      { name: 'dcap collateral', seeds: [utf8(JSON.stringify(collateral))], parse: readDcapCollateral },
      { name: 'tcb info', seeds: [utf8(collateral.tcbInfo)], parse: (bytes) => parseTcbInfo(textOf(bytes)) },
      { name: 'qe identity', seeds: [utf8(collateral.qeIdentity)], parse: (bytes) => parseQeIdentity(textOf(bytes)) },
    ],
    verifiers: [
      { name: 'tdx quote', evidence: tdx, signed: signedOf(tdx), verify: verifyTdx },
      { name: 'tdx quote, version 5', evidence: tdx5, signed: signedOf(tdx5), verify: verifyTdx },
      {
        name: 'sgx quote',
        evidence: sgx,
        signed: signedOf(sgx),
        verify: (quote) =>
          verifier.verifySgx({ name: 'cpu0', quote, collateral: sgxCollateral, policy: strictSgxPolicy, now }).verdict
            .status,
      },
      part('tcb info', utf8(collateral.tcbInfo), (bytes) => ({ tcbInfo: textOf(bytes) })),
      part('qe identity', utf8(collateral.qeIdentity), (bytes) => ({ qeIdentity: textOf(bytes) })),
      part('pck crl', listOf(collateral.pckCrl), (bytes) => ({ pckCrl: hexOf(bytes) })),
      part('root crl', listOf(collateral.rootCaCrl), (bytes) => ({ rootCaCrl: hexOf(bytes) })),
    ],
    collateral: [
      { kind: 'intel-tcb-info', bytes: utf8(collateral.tcbInfo) },
      { kind: 'intel-qe-identity', bytes: utf8(collateral.qeIdentity) },
      { kind: 'intel-root-crl', bytes: listOf(collateral.rootCaCrl) },
      { kind: 'intel-pck-crl', bytes: listOf(collateral.pckCrl) },
      { kind: 'nras-jwks', bytes: utf8(createSimulatedNras(random).jwks) },
    ],
  };
}

/** All but the certificates at the end: their PEM has more than one spelling. */
function signedOf(quote: Uint8Array): VerifierTarget['signed'] {
  const parsed = parseQuote(quote);
  if (!parsed.ok) throw new Error(parsed.detail);
  return [[0, parsed.value.signature.certificationData.byteOffset - quote.byteOffset]];
}
