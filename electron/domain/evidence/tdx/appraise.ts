import type { TdxPolicy } from '../../../contract/policy.ts';
import type { VerdictBuilder } from '../checks.ts';
import type { EvidenceCrypto } from '../crypto.ts';
import { checkReference } from '../dcap/references.ts';
import { isZero, toHex } from '../readers/bytes.ts';
import type { TdReport } from './quote.ts';

/** TDATTRIBUTES (TDX Module Base Architecture Specification, "ATTRIBUTES"). */
const debugGroup = 0xffn;
const debugBit = 1n;
const septVeDisable = 1n << 28n;
const migratable = 1n << 29n;
const performanceMonitoring = 1n << 63n;
/** LASS, SEPT_VE_DISABLE, MIGRATABLE, PKS, KL, PERFMON; the rest is reserved or changes who the guest is. */
const knownAttributes = (1n << 27n) | septVeDisable | migratable | (1n << 30n) | (1n << 31n) | performanceMonitoring;
/** XFAM bits that must be one (x87, SSE) and that may be: XFAM_FIXED1 and XFAM_FIXED0 of the TDX module. */
const xfamRequired = 0x3n;
const xfamAllowed = 0x6_dbe7n;

const bits = (value: bigint) => `0x${value.toString(16).padStart(16, '0')}`;

const xfamExpected = `within ${bits(xfamAllowed)}`;

/** The TD report field by field, and its registers as measurements. @returns hex of the registers by their names */
export function tdClaims(verdict: VerdictBuilder, td: TdReport): Readonly<Record<string, string>> {
  const registers: Record<string, string> = {};
  verdict.claim('tee_tcb_svn', toHex(td.teeTcbSvn));
  verdict.claim('mrseam', toHex(td.mrSeam));
  verdict.claim('mrsignerseam', toHex(td.mrSignerSeam));
  verdict.claim('seamattributes', toHex(td.seamAttributes));
  verdict.claim('tdattributes', bits(td.tdAttributes));
  verdict.claim('xfam', bits(td.xfam));
  const measured = (name: string, value: Uint8Array) => {
    const hex = toHex(value);
    verdict.claim(name, hex);
    verdict.measurement(name, hex);
    registers[name] = hex;
  };
  measured('mrtd', td.mrtd);
  measured('mrconfigid', td.mrConfigId);
  measured('mrowner', td.mrOwner);
  measured('mrownerconfig', td.mrOwnerConfig);
  td.rtmrs.forEach((register, at) => measured(`rtmr${at}`, register));
  verdict.claim('reportdata', toHex(td.reportData));
  if (td.teeTcbSvn2 !== undefined) verdict.claim('tee_tcb_svn_2', toHex(td.teeTcbSvn2));
  if (td.mrServiceTd !== undefined) measured('mrservicetd', td.mrServiceTd);
  return registers;
}

/** Step 12 of ATTESTATION §4.1: what the guest was launched as. Debug is refused whatever a policy says. */
export function checkGuestPolicy(verdict: VerdictBuilder, td: TdReport, policy: TdxPolicy): void {
  attributes(verdict, td, policy);
  serviceTd(verdict, td, policy);
}

function attributes(
  verdict: VerdictBuilder,
  { tdAttributes, xfam, seamAttributes }: TdReport,
  policy: TdxPolicy,
): void {
  const found = bits(tdAttributes);
  verdict.judge(
    'tdx.debug',
    'The guest cannot be debugged by the host',
    (tdAttributes & debugGroup) === 0n,
    'debug-enabled',
    {
      detail:
        (tdAttributes & debugBit) === 0n
          ? 'A bit of the untrusted group of TDATTRIBUTES is set.'
          : 'The guest was launched with DEBUG: the host can read and change its memory.',
      expected: 'TDATTRIBUTES bits 7 to 0 zero',
      found,
    },
  );
  const unknown = tdAttributes & ~knownAttributes & ~debugGroup;
  verdict.judge('tdx.attributes', 'No reserved attribute is set', unknown === 0n, 'td-attributes-reserved', {
    detail: () => `TDATTRIBUTES has bits that are not understood: ${bits(unknown)}.`,
    found,
  });
  const septTitle = 'The host cannot inject exceptions by taking memory away (SEPT_VE_DISABLE)';
  if (policy.requireSeptVeDisable) {
    verdict.judge('tdx.sept-ve-disable', septTitle, (tdAttributes & septVeDisable) !== 0n, 'sept-ve-disable-off', {
      detail: 'SEPT_VE_DISABLE is off: the host can make the guest take a #VE where it does not expect one.',
      expected: 'bit 28 set',
      found,
    });
  } else verdict.notChecked('SEPT_VE_DISABLE: the policy does not ask for it.');
  verdict.judge(
    'tdx.perfmon',
    'Performance counters as the policy wants',
    policy.performanceMonitoringAllowed || (tdAttributes & performanceMonitoring) === 0n,
    'perfmon-enabled',
    { detail: 'PERFMON is on, which this policy refuses.', expected: 'bit 63 zero', found },
  );
  verdict.judge(
    'tdx.xfam',
    'Extended features are among those that the TDX module supports',
    (xfam & xfamRequired) === xfamRequired && (xfam & ~xfamAllowed) === 0n,
    'xfam-not-allowed',
    {
      detail: 'XFAM has a bit that must be zero, or lacks x87 or SSE.',
      expected: xfamExpected,
      found: bits(xfam),
    },
  );
  verdict.judge(
    'tdx.seam-attributes',
    'The TDX module is a production one',
    isZero(seamAttributes),
    'seam-attributes',
    {
      detail: 'SEAMATTRIBUTES is not zero: the TDX module is no production build.',
      found: toHex(seamAttributes),
    },
  );
}

/** A service TD takes part in the life of the guest: a migration TD can move it, and its secrets, elsewhere. */
function serviceTd(verdict: VerdictBuilder, { mrServiceTd, tdAttributes }: TdReport, policy: TdxPolicy): void {
  const title = 'No other guest has power over this one, but those that the policy names';
  const isMigratable = (tdAttributes & migratable) !== 0n;
  const bound = mrServiceTd === undefined || isZero(mrServiceTd) ? undefined : toHex(mrServiceTd);
  const named = bound !== undefined && policy.serviceTds.includes(bound);
  const reason = bound === undefined || named ? 'td-migratable' : 'service-td-bound';
  verdict.judge('tdx.service-td', title, named || (bound === undefined && !isMigratable), reason, {
    detail:
      bound === undefined
        ? 'The guest may be migrated, and the quote does not name by whom.'
        : 'A service TD is bound to the guest that the policy does not name.',
    expected: policy.serviceTds.length === 0 ? 'none' : 'none, or one that the policy names',
    found: bound ?? (isMigratable ? 'MIGRATABLE' : 'none'),
  });
  if (mrServiceTd === undefined) verdict.notChecked('Service TDs: quotes of TDX 1.0 do not name them.');
}

/** Step 13: what the guest runs. @param registers their hex by name */
export function checkTdReferences(
  verdict: VerdictBuilder,
  td: TdReport,
  registers: Readonly<Record<string, string>>,
  policy: TdxPolicy,
  crypto: EvidenceCrypto,
): void {
  const { measurements: allowed } = policy;
  const rows = [
    ['mrtd', 'The firmware that the guest started with (MRTD)', allowed.mrtd, td.mrtd],
    ['rtmr0', 'Firmware configuration (RTMR0)', allowed.rtmr0, td.rtmrs[0]],
    ['rtmr1', 'Boot loader and kernel (RTMR1)', allowed.rtmr1, td.rtmrs[1]],
    ['rtmr2', 'Kernel command line and initial disk (RTMR2)', allowed.rtmr2, td.rtmrs[2]],
    ['rtmr3', 'What was measured while running (RTMR3)', allowed.rtmr3, td.rtmrs[3]],
    ['mrconfigid', 'Configuration given at launch (MRCONFIGID)', allowed.mrConfigId, td.mrConfigId],
    ['mrowner', 'Owner given at launch (MROWNER)', allowed.mrOwner, td.mrOwner],
    ['mrownerconfig', 'Owner configuration given at launch (MROWNERCONFIG)', allowed.mrOwnerConfig, td.mrOwnerConfig],
  ] as const;
  const open: string[] = [];
  for (const [name, title, values, found] of rows) {
    const bytesAndHex = { bytes: found, hex: registers[name] ?? toHex(found) };
    if (!checkReference(verdict, `tdx.${name}`, title, values, bytesAndHex, crypto)) open.push(name);
  }
  if (open.length > 0)
    verdict.notChecked(
      `What the guest runs, as far as ${open.join(', ').toUpperCase()} tell: the policy names no values.`,
    );
}
