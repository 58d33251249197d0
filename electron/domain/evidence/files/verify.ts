import type { Check, EvidenceFamily, Verification } from '../../../contract/evidence.ts';
import type { EvidenceKind, FileVerification } from '../../../contract/evidence-files.ts';
import { ok, type Result } from '../../../contract/result.ts';
import { policyDigest } from '../../policy/policy.ts';
import type { EvidenceCrypto } from '../crypto.ts';
import { parseCcel } from '../ccel/ccel.ts';
import { assertClock, createChecks, statusOf, worstStatus } from '../checks.ts';
import { explainDifferences } from '../differences/explain.ts';
import { parseDstackLog } from '../dstack/event-log.ts';
import type { MeasuredEvent } from '../eventlog/measured-events.ts';
import { toHex } from '../readers/bytes.ts';
import { iso } from '../readers/chain.ts';
import type { EvidenceFile } from './artifact.ts';
import { certificateView } from './certificates.ts';
import { createEvidenceSet, type EvidenceSet } from './evidence-set.ts';
import { placeOf } from './inspect/read-fields.ts';
import { detectFamily, expectFamily } from './detect.ts';
import type { FamilyInput, FamilyOutcome } from './family.ts';

/** What bytes without marks are read as, when a person names their family. */
const binaryKinds: Readonly<Partial<Record<EvidenceFamily, EvidenceKind>>> = {
  tdx: 'tdx-quote',
  sgx: 'sgx-quote',
  snp: 'snp-report',
  nitro: 'nitro-document',
  nvidia: 'gpu-report',
  'azure-vtpm': 'hcl-report',
};

export type FilesToVerify = Omit<FamilyInput, 'set'> & {
  readonly files: readonly EvidenceFile[];
  /** What the evidence is said to be; recognized by content when absent. */
  readonly family?: EvidenceFamily;
};

/**
 * Verifies evidence that came as files, all families under one kind of verdict. The document is made also when the
 * evidence fails; an error means that there was nothing to judge.
 * Errors: `invalid_input`, naming the file, what it is instead, and the offset.
 * @throws TypeError when `now` is not finite
 */
export function verifyEvidenceSet(input: FilesToVerify): Result<FileVerification> {
  assertClock(input.now);
  const set = createEvidenceSet(input.files);
  if (!set.ok) return set;
  const family = input.family === undefined ? detectFamily(set.value) : expectFamily(set.value, input.family);
  if (!family.ok) return family;
  const outcome = family.value.verify({ ...input, set: set.value });
  return ok(documentOf(family.value.family, set.value, outcome, input));
}

function documentOf(
  family: EvidenceFamily,
  set: EvidenceSet,
  outcome: FamilyOutcome,
  input: FilesToVerify,
): FileVerification {
  const { policy, anchors, crypto } = input;
  const submodules = [...outcome.submodules];
  const binding = [...certificateRows(set), ...(outcome.binding ?? [])];
  // What one attester shows comes before what they show together: its reason is the finer one.
  const failed = firstFailure([...submodules.flatMap(({ checks }) => checks), ...binding]);
  const statuses = submodules.map(({ status }) => status);
  const verification: Verification = {
    version: 1,
    node: set.files
      .map(({ name }) => name)
      .join(', ')
      .slice(0, 256),
    simulated: anchors.simulated,
    status: worstStatus([
      ...(statuses.length === 0 ? (['none'] as const) : statuses),
      ...(binding.length === 0 ? [] : [statusOf(binding)]),
    ]),
    verifiedAt: iso(input.now),
    policyId: policy.id,
    policyDigest: policyDigest(policy),
    submodules,
    binding,
    notChecked: [
      'Who sent the files and over which connection: files carry no challenge, so no key may be released on this verdict.',
      ...(outcome.notChecked ?? []),
    ],
    ...(failed === undefined ? {} : { reason: failed.reason ?? 'unknown' }),
    ...reasonDetail(failed, outcome, family, set),
  };
  const used = new Set(outcome.used.map(({ file }) => file));
  const foundEvents = eventsIn(set, crypto);
  const references = foundEvents === undefined ? {} : { foundEvents };
  const differences = explainDifferences(verification, policy, references, crypto);
  return {
    family,
    verification,
    files: set.files.map((file) => fileRow(file, set, used.has(file.name), crypto)),
    chains: (outcome.chains ?? []).map(({ name, certificates }) => ({
      name,
      certificates: certificates.map((one) => certificateView(one, anchors, crypto)),
    })),
    collateral:
      set.of('dcap-collateral', 'revocation-list', 'ocsp-answer', 'rim', 'jwks').length > 0
        ? 'files'
        : (input.collateral?.name ?? 'none'),
    ...(differences.length === 0 ? {} : { differences }),
  };
}

/** Of the log that lies beside the evidence. It explains something only where it replays to the signed register. */
function eventsIn(set: EvidenceSet, crypto: EvidenceCrypto): readonly MeasuredEvent[] | undefined {
  const [dstack] = set.of('dstack-event-log');
  const [ccel] = set.of('ccel-log');
  if (dstack !== undefined) {
    const log = parseDstackLog(dstack.bytes, crypto);
    return log.ok ? log.value.measured : undefined;
  }
  const log = ccel === undefined ? undefined : parseCcel(ccel.bytes, crypto);
  return log?.ok === true ? log.value : undefined;
}

/** For evidence that cannot be read, also the offset where it stopped making sense. */
function reasonDetail(
  failed: Check | undefined,
  outcome: FamilyOutcome,
  family: EvidenceFamily,
  set: EvidenceSet,
): { reasonDetail?: string } {
  if (failed?.detail === undefined) return {};
  if (failed.reason !== 'evidence-malformed') return { reasonDetail: failed.detail };
  const [artifact] = outcome.used;
  const first = set.of('bytes')[0];
  const place = placeOf(
    artifact?.kind ?? binaryKinds[family] ?? 'bytes',
    artifact?.bytes ?? first?.bytes ?? new Uint8Array(),
  );
  const words =
    place === undefined ? '' : ` Reading ${artifact?.name ?? first?.name ?? 'it'} stopped at offset ${place}.`;
  return { reasonDetail: `${failed.detail.replace(/\.?$/, '.')}${words}` };
}

function fileRow(
  file: EvidenceFile,
  set: EvidenceSet,
  used: boolean,
  crypto: EvidenceCrypto,
): FileVerification['files'][number] {
  const kind = set.artifacts.find((artifact) => artifact.file === file.name)?.kind ?? 'bytes';
  return { name: file.name, kind, bytes: file.bytes.length, sha256: toHex(crypto.sha256(file.bytes)), used };
}

function certificateRows({ certificateProblems }: EvidenceSet): Check[] {
  const rows = createChecks();
  for (const [at, detail] of certificateProblems.entries()) {
    rows.fail(`files.certificates${at}`, 'The certificates beside the evidence can be read', 'certificate-malformed', {
      detail,
    });
  }
  return rows.checks;
}

/** A required row that failed, or else one that could not be decided. */
function firstFailure(checks: readonly Check[]): Check | undefined {
  const required = checks.filter((check) => check.required);
  return required.find(({ outcome }) => outcome === 'fail') ?? required.find(({ outcome }) => outcome === 'unknown');
}
