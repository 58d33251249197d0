import type { TrustAnchors } from '../anchors.ts';
import type { VerdictBuilder } from '../checks.ts';
import type { EvidenceCrypto } from '../crypto.ts';
import { iso } from '../readers/chain.ts';
import type { NvidiaArchitecture } from './identity.ts';
import type { GoldenMeasurement } from './reference.ts';
import { opaqueText, opaqueTypes, vbiosVersion, type GpuReport } from './report.ts';
import type { OcspSource } from './certificate-standing.ts';
import { checkRevocation } from './revocation.ts';
import { rimReason, verifyRim, type Rim } from './rim.ts';

/** XML of the two manifests; a switch has only one of the VBIOS. */
export interface RimPair {
  readonly driver?: string;
  readonly vbios?: string;
}

interface RimContext {
  readonly anchors: TrustAnchors;
  readonly now: number;
  readonly crypto: EvidenceCrypto;
  readonly architecture: NvidiaArchitecture;
  readonly ocsp?: OcspSource;
  readonly policy: { readonly requireRevocation?: boolean | undefined };
}

const products: Readonly<Record<NvidiaArchitecture, RegExp>> = { hopper: /^GH\d/, blackwell: /^GB\d/, ls10: /^LS10/ };

/**
 * The active measurements of both manifests, once each is authentic and for this very report.
 * @returns undefined after a failed check
 */
export function goldenFromRims(
  verdict: VerdictBuilder,
  rims: RimPair,
  report: GpuReport,
  context: RimContext,
): readonly GoldenMeasurement[] | undefined {
  const wanted = [
    ['driver', rims.driver, opaqueText(report, opaqueTypes.driverVersion)],
    ['VBIOS', rims.vbios, vbiosVersion(report)],
  ] as const;
  const found: Rim[] = [];
  for (const [what, xml, version] of wanted) {
    if (what === 'driver' && context.architecture === 'ls10') continue;
    const rim = checkOne(verdict, what, xml, version, context);
    if (rim !== undefined) found.push(rim);
  }
  if (found.length < (context.architecture === 'ls10' ? 1 : 2)) return undefined;
  const golden = found.flatMap(({ active }) => active);
  const twice = golden.filter(({ index }, at) => golden.findIndex((other) => other.index === index) !== at);
  verdict.judge('gpu.rim.disjoint', 'No measurement is in both manifests', twice.length === 0, 'rim-conflict', {
    detail: `Measurements ${twice.map(({ index }) => index).join(', ')} are active in both manifests.`,
  });
  return twice.length === 0 ? golden : undefined;
}

function checkOne(
  verdict: VerdictBuilder,
  what: 'driver' | 'VBIOS',
  xml: string | undefined,
  version: string | undefined,
  context: RimContext,
): Rim | undefined {
  const id = `gpu.rim.${what.toLowerCase()}`;
  const title = `NVIDIA's signed reference for the ${what}`;
  if (xml === undefined || version === undefined) {
    const detail =
      xml === undefined ? `No manifest for ${what} ${version ?? '?'}.` : `The report states no ${what} version.`;
    verdict.fail(id, title, 'rim-unavailable', { detail });
    return undefined;
  }
  const result = verifyRim(xml, { anchors: context.anchors.nvidiaRim, now: context.now, crypto: context.crypto });
  if (!result.ok) {
    verdict.fail(id, title, rimReason(result.reason), { detail: result.detail });
    return undefined;
  }
  const { rim, chain } = result;
  const fits = rim.version.toLowerCase() === version.toLowerCase() && products[context.architecture].test(rim.product);
  verdict.judge(id, title, fits, 'rim-version-mismatch', {
    detail: 'The manifest is for another version or product than the report.',
    expected: version,
    found: `${rim.version} for ${rim.product}, signed by ${chain[0]?.subject.text ?? '?'}, until ${iso(result.notAfter)}`,
  });
  const row = {
    id: `${id}.revocation`,
    title: `No certificate that signed the reference for the ${what} is revoked`,
    whose: `${what} reference`,
    leafIsDevice: false,
    required: context.policy.requireRevocation === true,
  };
  const { now, crypto, ocsp } = context;
  checkRevocation(verdict, { ...row, chain }, { now, crypto, answers: ocsp ?? (() => []) });
  return fits ? rim : undefined;
}
