import type { SubmoduleVerdict } from '../../../contract/evidence.ts';
import type { Policy, TdxPolicy } from '../../../contract/policy.ts';
import type { TrustAnchors } from '../anchors.ts';
import type { VerdictBuilder } from '../checks.ts';
import type { EvidenceCrypto } from '../crypto.ts';
import type { DcapCollateral } from '../dcap/collateral.ts';
import { sameBytes } from '../readers/bytes.ts';
import { verifySnp } from '../snp/verify.ts';
import { verifyTdx } from '../tdx/verify.ts';
import type { HclReport } from './hcl-report.ts';

/** What judges the hardware under a paravisor. */
export interface AzureHardwareInput {
  /** `cpu0` */
  readonly name: string;
  /** SEV-SNP: DER, leaf first: VCEK, ASK, ARK. */
  readonly certificates: readonly Uint8Array[];
  readonly crl?: Uint8Array;
  /** The SNP measurement is the paravisor's. */
  readonly policy: Policy['snp'];
  /** TDX: the quote that Azure made from the TD report in the blob. Only its own machine can check the report itself. */
  readonly tdQuote?: Uint8Array;
  readonly collateral?: DcapCollateral;
  /** TDX: absent refuses. */
  readonly tdxPolicy?: TdxPolicy;
  readonly highestEvaluationDataNumber?: number;
  readonly anchors: TrustAnchors;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly crypto: EvidenceCrypto;
}

/** The hardware's verdict, and what of it commits to the runtime data. */
export interface AzureHardware {
  readonly verdict: SubmoduleVerdict | undefined;
  /** 64 bytes; undefined when the report or quote cannot be read. */
  readonly reportData: Uint8Array | undefined;
}

const snpReportDataAt = 0x50;
/** TDREPORT_STRUCT (TDX Module ABI specification): REPORTMACSTRUCT of 256 bytes, TEE_TCB_INFO in 256, TDINFO_STRUCT. */
const tdReportLayout = { type: 0x81, reportData: [128, 192], tdInfo: [512, 912] } as const;
/** TDATTRIBUTES to RTMR3 stand in a quote's body in the order of TDINFO_STRUCT. */
const quotedTdInfo = [120, 520] as const;

const part = (bytes: Uint8Array, [from, to]: readonly [number, number]) => bytes.subarray(from, to);

/** Judges the SNP report of a blob. */
export function judgeSnpHardware(input: AzureHardwareInput, { hardwareReport: report }: HclReport): AzureHardware {
  const { name, certificates, policy, anchors, now, crypto, crl } = input;
  const { verdict } = verifySnp({ name, report, certificates, policy, anchors, now, crypto, ...(crl && { crl }) });
  return { verdict, reportData: report.subarray(snpReportDataAt, snpReportDataAt + 64) };
}

/**
 * Judges the TDX quote that belongs to a blob, and that it was made from the TD report in the blob. The guest is the
 * paravisor, which handles #VE itself, so that it runs without SEPT_VE_DISABLE whatever the policy says of other guests.
 */
export function judgeTdxHardware(
  rows: VerdictBuilder,
  input: AzureHardwareInput,
  { hardwareReport }: HclReport,
): AzureHardware {
  const { name, tdQuote, collateral, tdxPolicy, anchors, now, crypto, highestEvaluationDataNumber: highest } = input;
  const title = 'There is a quote of the TD report';
  if (tdQuote === undefined || tdxPolicy === undefined) {
    rows.fail('azure.td-quote', title, tdQuote === undefined ? 'td-quote-missing' : 'family-not-allowed', {
      detail:
        tdQuote === undefined
          ? 'The blob holds a TD report, which only its own machine can check; the quote made from it was not given.'
          : 'The policy says nothing about TDX.',
    });
    return { verdict: undefined, reportData: undefined };
  }
  rows.pass('azure.td-quote', title);
  const { verdict, quote } = verifyTdx({
    name,
    quote: tdQuote,
    collateral,
    policy: { ...tdxPolicy, requireSeptVeDisable: false },
    anchors,
    now,
    crypto,
    ...(highest === undefined ? {} : { highestEvaluationDataNumber: highest }),
  });
  if (quote === undefined) return { verdict, reportData: undefined };
  const same =
    hardwareReport[0] === tdReportLayout.type &&
    sameBytes(part(hardwareReport, tdReportLayout.reportData), quote.td.reportData) &&
    sameBytes(part(hardwareReport, tdReportLayout.tdInfo), part(quote.body, quotedTdInfo));
  rows.judge('azure.td-report', 'The quote was made from the TD report in the blob', same, 'td-report-mismatch', {
    detail: 'Attributes, registers or REPORTDATA differ: blob and quote are of two guests, or one of them was changed.',
  });
  return { verdict, reportData: quote.td.reportData };
}
