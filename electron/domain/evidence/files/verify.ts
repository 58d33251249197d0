import type { Check, EvidenceFamily, Verification } from '../../../contract/evidence.ts';
import type { FileVerification } from '../../../contract/evidence-files.ts';
import { err, ok, type Result } from '../../../contract/result.ts';
import { policyDigest } from '../../policy/policy.ts';
import type { EvidenceCrypto } from '../crypto.ts';
import { assertClock, createChecks, statusOf, worstStatus } from '../checks.ts';
import { toHex } from '../readers/bytes.ts';
import { iso } from '../readers/chain.ts';
import type { EvidenceFile } from './artifact.ts';
import { certificateView } from './certificates.ts';
import { createEvidenceSet, type EvidenceSet } from './evidence-set.ts';
import { families } from './families.ts';
import type { Family, FamilyInput, FamilyOutcome } from './family.ts';

export type FilesToVerify = Omit<FamilyInput, 'set'> & {
  readonly files: readonly EvidenceFile[];
  /** What the evidence is said to be; recognized by content when absent. */
  readonly family?: EvidenceFamily;
};

/** The family of the files by what is in them, never by their names. Errors: `invalid_input` saying what was found. */
export function detectFamily(set: EvidenceSet): Result<Family> {
  const found = families.find((family) => fits(family, set));
  if (found !== undefined) return ok(found);
  const [first] = set.artifacts;
  const what = set.artifacts
    .map(({ name, kind }) => `${name} (${kind})`)
    .slice(0, 6)
    .join(', ');
  return err(
    'invalid_input',
    `There is no evidence that Nacre knows in these files: ${what}. Reading stopped at offset 0.`,
    {
      hint: 'Name the family with --family to learn where its reader stops.',
      details: { unrecognized: true, offset: 0, ...(first === undefined ? {} : { file: first.file }) },
    },
  );
}

function fits(family: Family, set: EvidenceSet): boolean {
  return set.of(...family.kinds).length > 0 && (family.fits?.(set) ?? true);
}

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

function expectFamily(set: EvidenceSet, name: EvidenceFamily): Result<Family> {
  const family = families.find((one) => one.family === name);
  if (family === undefined) {
    return err('invalid_input', `Files of the family ${name} cannot be verified.`, { details: { unrecognized: true } });
  }
  if (fits(family, set)) return ok(family);
  const [first] = set.artifacts;
  const pem = set.artifacts.find(({ wrapping }) => wrapping.includes('PEM'));
  const instead = pem ?? first;
  // Bytes without any mark go to the reader of the family, which says where it stops.
  if (first?.kind === 'bytes') return ok(family);
  const found =
    instead === undefined ? 'nothing' : instead === pem ? `${pem.name} is PEM` : `${instead.name} is a ${instead.kind}`;
  return err('invalid_input', `${found}; ${family.expects} was expected. Reading stopped at offset 0.`, {
    details: { offset: 0, ...(instead === undefined ? {} : { file: instead.file, kind: instead.kind }) },
  });
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
    ...(failed?.detail === undefined ? {} : { reasonDetail: failed.detail }),
  };
  const used = new Set(outcome.used.map(({ file }) => file));
  return {
    family,
    verification,
    files: set.files.map((file) => fileRow(file, set, used.has(file.name), crypto)),
    chains: (outcome.chains ?? []).map(({ name, certificates }) => ({
      name,
      certificates: certificates.map((one) => certificateView(one, anchors, crypto)),
    })),
    collateral:
      set.of('dcap-collateral', 'revocation-list', 'rim', 'jwks').length > 0
        ? 'files'
        : (input.collateral?.name ?? 'none'),
  };
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
