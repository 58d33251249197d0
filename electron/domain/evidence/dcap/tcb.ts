import type { TcbStatus } from '../../../contract/policy.ts';
import type { TcbInfo, TcbLevel } from './documents.ts';
import type { PckClaims } from './pck.ts';

/** What the collateral says of one platform, after merging. */
export interface TcbOutcome {
  readonly status: TcbStatus;
  /** Of platform, quoting enclave and TDX module together, sorted. */
  readonly advisories: readonly string[];
  /** RFC 3339: when the platform's level was the newest. */
  readonly tcbDate: string;
  /** The lower one of TCB info and QE identity: counts up with every Intel TCB recovery. */
  readonly evaluationDataNumber: number;
  readonly fmspc: string;
  /** Out of date only as it was launched: the TDX module that runs now (TEE_TCB_SVN_2) is not. */
  readonly relaunchAdvised?: true;
}

const outOfDate: ReadonlySet<TcbStatus> = new Set(['OutOfDate', 'OutOfDateConfigurationNeeded']);
const configuration: ReadonlySet<TcbStatus> = new Set([
  'ConfigurationNeeded',
  'ConfigurationAndSWHardeningNeeded',
  'OutOfDateConfigurationNeeded',
]);
const hardening: ReadonlySet<TcbStatus> = new Set(['SWHardeningNeeded', 'ConfigurationAndSWHardeningNeeded']);

/** The status of several parts together is never better than any of them (ATTESTATION §4.1 step 11). */
export function mergeStatus(...parts: readonly TcbStatus[]): TcbStatus {
  if (parts.includes('Revoked')) return 'Revoked';
  const some = (set: ReadonlySet<TcbStatus>) => parts.some((part) => set.has(part));
  if (some(outOfDate)) return some(configuration) ? 'OutOfDateConfigurationNeeded' : 'OutOfDate';
  if (some(configuration)) return some(hardening) ? 'ConfigurationAndSWHardeningNeeded' : 'ConfigurationNeeded';
  return some(hardening) ? 'SWHardeningNeeded' : 'UpToDate';
}

/** Reason codes of statuses that a policy does not accept. */
export const statusReasons: Readonly<Record<TcbStatus, string>> = {
  UpToDate: 'tcb-up-to-date-not-accepted',
  SWHardeningNeeded: 'tcb-sw-hardening-needed',
  ConfigurationNeeded: 'tcb-configuration-needed',
  ConfigurationAndSWHardeningNeeded: 'tcb-configuration-and-sw-hardening-needed',
  OutOfDate: 'tcb-out-of-date',
  OutOfDateConfigurationNeeded: 'tcb-out-of-date-configuration-needed',
  Revoked: 'tcb-revoked',
};

/**
 * The first level that the platform reaches in all 16 CPU components, in the PCE and, for TDX, in all components of the
 * TEE. From TDX 1.5 on (`teeTcbSvn[1] > 0`) the first two are the module's and are judged by its own identity.
 * @param teeTcbSvn of a TDX guest; undefined for SGX
 */
export function findLevel(info: TcbInfo, pck: PckClaims, teeTcbSvn: Uint8Array | undefined): TcbLevel | undefined {
  const from = (teeTcbSvn?.[1] ?? 0) > 0 ? 2 : 0;
  return info.tcbLevels.find(({ tcb }) => {
    if (tcb.pcesvn > pck.pceSvn) return false;
    if (tcb.sgxtcbcomponents.some((svn, at) => svn > (pck.components[at] ?? -1))) return false;
    if (teeTcbSvn === undefined) return true;
    // A level without TDX components says nothing about a TDX guest.
    return tcb.tdxtcbcomponents?.every((svn, at) => at < from || svn <= (teeTcbSvn[at] ?? -1)) ?? false;
  });
}
