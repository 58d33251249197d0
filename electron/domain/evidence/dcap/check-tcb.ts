import type { TcbStatus } from '../../../contract/policy.ts';
import { sameBytes, toHex } from '../readers/bytes.ts';
import { checkQuotingEnclave, checkRollback, checkTcbInfo } from './check-collateral.ts';
import { checkHeader, checkPck, checkRevocation, checkSignatures, type DcapRun } from './check-platform.ts';
import { isvLevelOf, sameUnderMask, type IsvLevel, type TcbInfo } from './documents.ts';
import type { PckClaims } from './pck.ts';
import { findLevel, mergeStatus, statusReasons, type TcbOutcome } from './tcb.ts';

/** What the families' policies have in common. */
export interface DcapPolicy {
  readonly acceptedStatuses: readonly TcbStatus[];
  readonly acceptedAdvisories?: readonly string[] | undefined;
  readonly minimumEvaluationDataNumber: number;
}

/** Of the TDX module, out of the TD report. */
export interface ModuleFields {
  readonly teeTcbSvn: Uint8Array;
  /** TDX 1.5: of the module that runs now, where the guest was launched under an older one. */
  readonly teeTcbSvn2?: Uint8Array | undefined;
  readonly mrSignerSeam: Uint8Array;
  readonly seamAttributes: Uint8Array;
}

/**
 * Steps 1 to 11 of ATTESTATION §4.1: from the header to the merged TCB status.
 * @param lowest `tcbEvaluationDataNumber` that collateral must have at least
 */
export function checkDcap(
  run: DcapRun,
  lowest: number,
  module: ModuleFields | undefined,
): { readonly pck?: PckClaims; readonly tcb?: TcbOutcome } {
  checkHeader(run);
  const platform = checkPck(run);
  const pck = platform?.claims.ok === true ? platform.claims.value : undefined;
  checkRevocation(run, platform);
  checkSignatures(run, platform);
  const { identity, level: qeLevel } = checkQuotingEnclave(run, run.qeReport);
  const info = checkTcbInfo(run, pck);
  const evaluationDataNumber = checkRollback(run, [info, identity], lowest);
  const moduleLevel = module === undefined ? undefined : checkModule(run, info, module);
  const level = checkLevel(run, info, pck, module);
  const known = pck === undefined ? {} : { pck };
  if (level === undefined || qeLevel === undefined || moduleLevel === 'unknown' || evaluationDataNumber === undefined) {
    return known;
  }
  const parts = [level, qeLevel, ...(moduleLevel === undefined ? [] : [moduleLevel])];
  const status = mergeStatus(...parts.map(({ tcbStatus }) => tcbStatus));
  const tcb: TcbOutcome = {
    status,
    advisories: [...new Set(parts.flatMap(({ advisoryIDs }) => advisoryIDs))].toSorted(),
    tcbDate: level.tcbDate,
    evaluationDataNumber,
    fmspc: pck?.fmspc ?? '',
    ...(isOutOfDate(status) && relaunchHelps(info, pck, qeLevel, module?.teeTcbSvn2) ? { relaunchAdvised: true } : {}),
  };
  return { ...known, tcb };
}

/** The lowest evaluation number that is accepted: of the policy, or the newest seen. */
export function lowestEvaluationNumber(policy: DcapPolicy, highestSeen: number | undefined): number {
  return Math.max(policy.minimumEvaluationDataNumber, highestSeen ?? 0);
}

const statusTitle = 'The policy accepts the TCB status of the platform';
const notTrusted = { detail: 'There is no TCB info that can be relied on.' };

/** Step 9. @returns the module's level, undefined where only the platform's level counts (TDX 1.0), or 'unknown' */
function checkModule(
  { verdict, collateral }: DcapRun,
  info: TcbInfo | undefined,
  { teeTcbSvn, mrSignerSeam, seamAttributes }: ModuleFields,
): IsvLevel | undefined | 'unknown' {
  const id = 'tdx.module';
  const title = "The TDX module is Intel's";
  const levelTitle = 'The version of the TDX module is known';
  const [svn = 0, major = 0] = teeTcbSvn;
  if (info === undefined) {
    const reason = collateral === undefined ? 'collateral-missing' : 'tcb-info-not-trusted';
    verdict.unknown(id, title, reason, notTrusted);
    verdict.unknown(`${id}.tcb`, levelTitle, reason, notTrusted);
    return 'unknown';
  }
  const name = `TDX_${major.toString(16).padStart(2, '0')}`;
  const identity = info.tdxModuleIdentities.find((candidate) => candidate.id.toLowerCase() === name.toLowerCase());
  const expected = major > 0 ? identity : info.tdxModule;
  const matches =
    expected !== undefined &&
    sameBytes(mrSignerSeam, expected.mrsigner) &&
    sameUnderMask(seamAttributes, expected.attributes, expected.attributesMask);
  verdict.judge(id, title, matches, expected === undefined ? 'tdx-module-unknown' : 'tdx-module-mismatch', {
    detail:
      expected === undefined
        ? `The TCB info does not know a module ${major > 0 ? name.toUpperCase() : 'of TDX 1.0'}.`
        : 'MRSIGNERSEAM or SEAMATTRIBUTES are not those that Intel published.',
    ...(matches ? {} : { found: `${name.toUpperCase()}, MRSIGNERSEAM ${toHex(mrSignerSeam)}` }),
  });
  if (major === 0) {
    verdict.pass(`${id}.tcb`, levelTitle, { found: `SVN ${svn}, judged with the level of the platform` });
    return undefined;
  }
  const level = identity === undefined ? undefined : isvLevelOf(identity.tcbLevels, svn);
  verdict.judge(`${id}.tcb`, levelTitle, level !== undefined, 'tdx-module-level-not-found', {
    detail: `No level of ${name.toUpperCase()} reaches down to SVN ${svn}.`,
    found: `SVN ${svn}${level === undefined ? '' : `: ${level.tcbStatus}`}`,
  });
  return level ?? 'unknown';
}

const isOutOfDate = (status: TcbStatus) => status === 'OutOfDate' || status === 'OutOfDateConfigurationNeeded';

/** Whether the platform would not be out of date for a guest that is launched now. The verdict on this one stays. */
function relaunchHelps(
  info: TcbInfo | undefined,
  pck: PckClaims | undefined,
  qeLevel: IsvLevel,
  current: Uint8Array | undefined,
): boolean {
  if (info === undefined || pck === undefined || current === undefined) return false;
  const level = findLevel(info, pck, current);
  const major = current[1] ?? 0;
  const id = `tdx_${major.toString(16).padStart(2, '0')}`;
  const identity = info.tdxModuleIdentities.find((candidate) => candidate.id.toLowerCase() === id);
  const module = major === 0 ? level : identity && isvLevelOf(identity.tcbLevels, current[0] ?? 0);
  if (level === undefined || module === undefined) return false;
  const status = mergeStatus(level.tcbStatus, module.tcbStatus, qeLevel.tcbStatus);
  return status !== 'Revoked' && !isOutOfDate(status);
}

/** Step 10. */
function checkLevel(
  { verdict, family, collateral }: DcapRun,
  info: TcbInfo | undefined,
  pck: PckClaims | undefined,
  module: ModuleFields | undefined,
): ReturnType<typeof findLevel> {
  const id = `${family}.tcb.level`;
  const title = 'The platform reaches a TCB level that Intel lists';
  if (info === undefined || pck === undefined) {
    verdict.unknown(id, title, collateral === undefined ? 'collateral-missing' : 'tcb-info-not-trusted', notTrusted);
    return undefined;
  }
  const level = findLevel(info, pck, module?.teeTcbSvn);
  verdict.judge(id, title, level !== undefined, 'tcb-level-not-found', {
    detail: 'Firmware or microcode of the platform is below every level of the TCB info.',
    ...(level === undefined ? {} : { found: `${level.tcbDate}: ${level.tcbStatus}` }),
  });
  return level;
}

/** What the policy says to the outcome of step 11. A status other than UpToDate needs every one of its advisories accepted too. */
export function checkStatus({ verdict, family }: DcapRun, tcb: TcbOutcome | undefined, policy: DcapPolicy): void {
  if (tcb === undefined) {
    verdict.unknown(`${family}.tcb.status`, statusTitle, 'tcb-level-unknown', {
      detail: 'The level of the platform, its quoting enclave or its module is not known.',
    });
    return;
  }
  const { status, advisories } = tcb;
  verdict.claim('tcb_status', status);
  verdict.claim('tcb_date', tcb.tcbDate);
  verdict.claim('tcb_evaluation_data_number', String(tcb.evaluationDataNumber));
  if (advisories.length > 0) verdict.claim('advisories', advisories.join(' '));
  if (tcb.relaunchAdvised) verdict.claim('td_relaunch_advised', 'yes');
  const listed = advisories.length === 0 ? '' : ` (${advisories.join(', ')})`;
  // Revoked is never accepted, whatever a policy was made to say.
  const accepted = status !== 'Revoked' && policy.acceptedStatuses.includes(status);
  verdict.judge(`${family}.tcb.status`, statusTitle, accepted, statusReasons[status], {
    detail: tcb.relaunchAdvised
      ? `The guest is ${status}${listed}: it was launched under an older TDX module than the one that runs now. Relaunch it.`
      : `The platform is ${status}${listed}: its owner has firmware, microcode or settings to update.`,
    expected: policy.acceptedStatuses.join(' or '),
    found: status + listed,
  });
  const open = advisories.filter((advisory) => policy.acceptedAdvisories?.includes(advisory) !== true);
  if (status === 'UpToDate' || advisories.length === 0) return;
  verdict.judge(
    `${family}.tcb.advisories`,
    'The policy accepts the security advisories that are open',
    open.length === 0,
    'advisory-not-accepted',
    { detail: `Nobody has accepted ${open.join(', ')} in this policy.`, found: advisories.join(', ') },
  );
}
