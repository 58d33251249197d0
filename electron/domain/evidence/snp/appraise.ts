import type { Policy } from '../../../contract/policy.ts';
import type { AmdProduct } from '../anchors.ts';
import type { VerdictBuilder } from '../checks.ts';
import type { EvidenceCrypto } from '../crypto.ts';
import { fromHex, toHex } from '../readers/bytes.ts';
import type { SnpReport } from './report.ts';
import { decodeTcb, tcbPartsBelow, tcbText } from './tcb.ts';

/** The policy over a report that can be read. Debug, migration and the host's own requests are refused whatever it says. */
export function appraiseSnp(
  verdict: VerdictBuilder,
  report: SnpReport,
  product: AmdProduct | undefined,
  policy: Policy['snp'],
  crypto: EvidenceCrypto,
): void {
  guestPolicy(verdict, report, policy);
  firmware(verdict, report, product, policy);
  platform(verdict, report, policy);
  references(verdict, report, policy, crypto);
}

function guestPolicy(verdict: VerdictBuilder, report: SnpReport, policy: Policy['snp']): void {
  const { policy: guest } = report;
  verdict.judge('snp.debug', 'The guest cannot be debugged by the host', !guest.debug, 'debug-enabled', {
    detail: 'The guest was launched with DEBUG allowed: the host can read and change its memory.',
    expected: 'DEBUG 0',
    found: `DEBUG ${guest.debug ? 1 : 0}`,
  });
  verdict.judge('snp.policy.reserved', 'The guest policy is well-formed', guest.reservedOne, 'guest-policy-malformed', {
    detail: 'Bit 17 of the guest policy must be one.',
  });
  verdict.judge(
    'snp.vmpl',
    'The report was asked for at an accepted privilege level',
    policy.vmpl.includes(report.vmpl),
    'vmpl',
    {
      detail:
        report.vmpl === 0xffff_ffff
          ? 'The host asked for this report, not the guest.'
          : `Privilege level ${report.vmpl} is not in the policy.`,
      expected: policy.vmpl.join(' or '),
      found: String(report.vmpl),
    },
  );
  verdict.judge(
    'snp.migration',
    'No migration agent may move the guest',
    !guest.migrationAgent,
    'migration-agent-allowed',
    {
      detail: 'The guest policy lets a migration agent take the guest, and its secrets, to another machine.',
    },
  );
  verdict.judge(
    'snp.smt',
    'Simultaneous multithreading as the policy wants',
    policy.smtAllowed || !guest.smt,
    'smt-allowed',
    {
      detail: 'The guest may run with SMT, which this policy refuses.',
      expected: policy.smtAllowed ? 'any' : 'SMT off',
      found: guest.smt ? 'SMT allowed' : 'SMT off',
    },
  );
}

function firmware(
  verdict: VerdictBuilder,
  report: SnpReport,
  product: AmdProduct | undefined,
  policy: Policy['snp'],
): void {
  if (product === undefined) {
    verdict.unknown('snp.tcb.minimum', 'Firmware at or above the minimum', 'product-unknown', {
      detail: 'The product line is not known, so its TCB cannot be read.',
    });
    return;
  }
  const [reported, committed, current] = [report.reportedTcb, report.committedTcb, report.currentTcb].map((tcb) =>
    decodeTcb(tcb, product),
  ) as [ReturnType<typeof decodeTcb>, ReturnType<typeof decodeTcb>, ReturnType<typeof decodeTcb>];
  const minimum = policy.minimumTcb[product];
  const below = minimum === undefined ? [] : tcbPartsBelow(reported, minimum);
  verdict.judge(
    'snp.tcb.minimum',
    'Firmware at or above the minimum',
    minimum !== undefined && below.length === 0,
    minimum === undefined ? 'product-not-allowed' : 'tcb-below-minimum',
    {
      detail:
        minimum === undefined
          ? `The policy names no minimum for ${product}, so it accepts none.`
          : `Below the minimum for ${product}: ${below.join(', ')}.`,
      expected: minimum === undefined ? 'a product that the policy names' : tcbText(minimum),
      found: tcbText(reported),
    },
  );
  const ordered = tcbPartsBelow(committed, reported).length === 0 && tcbPartsBelow(current, committed).length === 0;
  verdict.judge('snp.tcb.order', 'Reported ≤ committed ≤ current firmware', ordered, 'tcb-order', {
    detail: 'The firmware levels of the report contradict each other.',
    found: `reported ${tcbText(reported)}; committed ${tcbText(committed)}; current ${tcbText(current)}`,
  });
  const provisional = toHex(report.committedTcb) !== toHex(report.currentTcb);
  verdict.judge(
    'snp.tcb.provisional',
    'The running firmware is committed',
    !provisional || policy.provisionalFirmwareAllowed,
    'firmware-provisional',
    { detail: 'The host can still roll the firmware back: current and committed TCB differ.' },
  );
}

function platform(verdict: VerdictBuilder, report: SnpReport, policy: Policy['snp']): void {
  const checked = report.platform.aliasCheckComplete;
  const title = 'Memory was checked for address aliases (AMD-SB-3015)';
  if (policy.requireAliasCheck) {
    verdict.judge('snp.alias-check', title, checked, 'alias-check-missing', {
      detail: 'The firmware did not state ALIAS_CHECK_COMPLETE: rogue memory modules (BadRAM) are not excluded.',
    });
  } else if (checked) verdict.pass('snp.alias-check', title, { required: false });
  else
    verdict.notChecked(
      'Memory aliasing (BadRAM): the firmware does not state a complete check, and the policy does not ask for one.',
    );
}

function references(verdict: VerdictBuilder, report: SnpReport, policy: Policy['snp'], crypto: EvidenceCrypto): void {
  const among = (list: readonly string[], found: Uint8Array) =>
    list.some((hex) => crypto.equal(fromHex(hex) ?? new Uint8Array(), found));
  const title = 'The guest runs a measured image that the policy names';
  if (policy.measurements.length === 0) {
    verdict.unknown('snp.measurement', title, 'measurement-not-checked', {
      detail: 'The policy names no launch measurement.',
      found: toHex(report.measurement),
      required: false,
    });
    verdict.notChecked('What the guest runs: the policy names no launch measurement.');
  } else {
    verdict.judge('snp.measurement', title, among(policy.measurements, report.measurement), 'measurement-not-allowed', {
      detail: 'The launch measurement is none of those in the policy: the node runs another image.',
      expected:
        policy.measurements.length === 1 ? (policy.measurements[0] ?? '') : `one of ${policy.measurements.length}`,
      found: toHex(report.measurement),
    });
  }
  const lists = [
    [
      'snp.host-data',
      'Host data is one that the policy names',
      policy.hostData,
      report.hostData,
      'host-data-not-allowed',
    ],
    [
      'snp.id-key',
      'The image is signed by a key that the policy names',
      policy.idKeyDigests,
      report.idKeyDigest,
      'id-key-not-allowed',
    ],
    ['snp.chip', 'The chip is one that the policy names', policy.chipIds, report.chipId, 'chip-not-allowed'],
  ] as const;
  for (const [id, heading, allowed, found, reason] of lists) {
    if (allowed === undefined) continue;
    const detail = `${toHex(found)} is not in the policy.`;
    verdict.judge(id, heading, among(allowed, found), reason, { detail, found: toHex(found) });
  }
  if (policy.hostData === undefined) verdict.notChecked('HOST_DATA: the policy names none.');
  if (policy.chipIds === undefined) verdict.notChecked('Which machine it is: the policy lists no chips.');
}
