import type { CollateralSource } from '../files/family.ts';
import type { NvidiaArchitecture } from './identity.ts';
import { opaqueText, opaqueTypes, parseGpuReport, vbiosVersion } from './report.ts';
import type { GpuReference } from './verify.ts';

const products: Readonly<Record<NvidiaArchitecture, string>> = { hopper: 'GH', blackwell: 'GB', ls10: 'LS10' };

/** NVIDIA's manifests for one report out of collateral, by the versions that the report states. The verifier checks them. */
export function referenceFromCollateral(
  report: Uint8Array,
  architecture: NvidiaArchitecture,
  collateral: CollateralSource | undefined,
): GpuReference {
  const parsed = parseGpuReport(report);
  if (!parsed.ok || collateral === undefined) return { kind: 'none' };
  const find = (version: string | undefined) =>
    version === undefined ? undefined : collateral.rim({ product: products[architecture], version });
  const driver = architecture === 'ls10' ? undefined : find(opaqueText(parsed.value, opaqueTypes.driverVersion));
  const vbios = find(vbiosVersion(parsed.value));
  if (driver === undefined && vbios === undefined) return { kind: 'none' };
  return {
    kind: 'rims',
    rims: { ...(driver === undefined ? {} : { driver }), ...(vbios === undefined ? {} : { vbios }) },
  };
}
