import type { Check, SubmoduleVerdict, Verification } from '../../contract/evidence.ts';
import type { Policy } from '../../contract/policy.ts';
import type { CheckChange, MeasurementDifference, Reappraisal } from '../../contract/policy-document.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { nodeEvidenceSchema } from '../../contract/node-evidence.ts';
import { decodeBase64 } from '../../domain/encoding/base64.ts';
import { simulatedAnchors, vendorAnchors } from '../../domain/evidence/anchors.ts';
import type { EvidenceCrypto } from '../../domain/evidence/crypto.ts';
import { createCollateralSource } from '../../domain/evidence/collateral/source.ts';
import { explainDifferences, type References } from '../../domain/evidence/differences/explain.ts';
import { verifyNodeEvidence } from '../../domain/evidence/node-verification.ts';
import { goldenFromDirectory } from '../../domain/evidence/nvidia/reference.ts';
import { parseGpuReport } from '../../domain/evidence/nvidia/report.ts';
import type { EvidenceRecord } from './evidence-records.ts';

/** Values that mean something elsewhere, to name what was found instead. */
export type KnownValues = NonNullable<References['known']>;

/**
 * Judges archived evidence under another policy, from the bytes and the reference values that were kept with it. Makes no
 * `VerifiedNode`, signs nothing and stores nothing: the archived verdict stays what it was.
 * @param now milliseconds since the epoch; undefined for the time it was first judged. Errors: `damaged`.
 */
export function reappraise(
  record: EvidenceRecord,
  policy: Policy,
  now: number | undefined,
  crypto: EvidenceCrypto,
  known: KnownValues,
): Result<Reappraisal> {
  const before = record.view.verification;
  const clock = now ?? Date.parse(before.verifiedAt);
  if (!Number.isFinite(clock)) return err('damaged', `The evidence ${record.view.id} has no time to be judged by.`);
  const { anchors } = record;
  const { verification: after } = verifyNodeEvidence({
    node: before.node,
    challenge: record.challenge,
    evidence: record.answer,
    observedTlsSpkiSha256: record.observedTlsSpkiSha256,
    policy,
    // What was kept can only ever choose SIMULATED anchors, never those of a vendor.
    anchors: anchors.simulated ? simulatedAnchors(anchors) : vendorAnchors,
    ...(anchors.simulated ? { golden: goldenFromDirectory(anchors.gpuMeasurements) } : {}),
    ...(record.collateral === undefined ? {} : { collateral: createCollateralSource('archive', record.collateral) }),
    ...(record.expectedGpus === undefined ? {} : { expectedGpus: record.expectedGpus }),
    archived: { askedPolicyDigest: before.policyDigest },
    now: clock,
    crypto,
  });
  const rows = compareChecks(before, after);
  const changes = rows.filter((row) => row.before !== row.after);
  return ok({
    evidenceId: record.view.id,
    node: before.node,
    simulated: after.simulated,
    at: after.verifiedAt,
    before: {
      policyId: before.policyId,
      policyDigest: before.policyDigest,
      status: before.status,
      ...(before.reasonDetail === undefined ? {} : { reasonDetail: before.reasonDetail }),
    },
    after,
    changes,
    unchanged: rows.length - changes.length,
    differences: explainRecord(record, after, policy, crypto, known),
  });
}

/** Why measurements of archived evidence are not those of a policy. */
export function explainRecord(
  record: EvidenceRecord,
  verification: Pick<Verification, 'submodules'>,
  policy: Policy,
  crypto: EvidenceCrypto,
  known: KnownValues,
): MeasurementDifference[] {
  return explainDifferences(verification, policy, { gpus: gpuReferences(record), known }, crypto);
}

/** Reports of the GPUs with the golden values that were kept beside them. */
function gpuReferences({ answer, anchors }: EvidenceRecord): NonNullable<References['gpus']> {
  const evidence = nodeEvidenceSchema.safeParse(answer);
  const golden = goldenFromDirectory(anchors.gpuMeasurements);
  if (!evidence.success || golden.length === 0) return new Map();
  return new Map(
    evidence.data.gpus.flatMap((gpu, at) => {
      const report = parseGpuReport(decodeBase64(gpu.report) ?? new Uint8Array());
      return report.ok ? [[`gpu${at}`, { report: report.value, golden }] as const] : [];
    }),
  );
}

function compareChecks(before: Verification, after: Verification): CheckChange[] {
  const [then, now] = [byPart(before), byPart(after)];
  return [...new Set([...then.keys(), ...now.keys()])].flatMap((part) => {
    const [old, next] = [then.get(part) ?? [], now.get(part) ?? []];
    return [...new Set([...old, ...next].map(({ id }) => id))].map((id): CheckChange => {
      const [was, is] = [old.find((check) => check.id === id), next.find((check) => check.id === id)];
      const detail = is?.detail ?? was?.detail;
      return {
        part,
        id,
        title: is?.title ?? was?.title ?? id,
        before: was?.outcome ?? 'absent',
        after: is?.outcome ?? 'absent',
        ...(detail === undefined ? {} : { detail }),
      };
    });
  });
}

function byPart({ submodules, binding }: Verification): ReadonlyMap<string, readonly Check[]> {
  const parts = submodules.map(({ name, checks }: SubmoduleVerdict) => [name, checks] as const);
  return new Map([...parts, ['binding', binding]]);
}
