import type { AuditEntry } from '../../contract/audit.ts';
import type { PackEvidence } from '../../contract/pack.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import type { OverrideNote } from '../../contract/evidence.ts';
import { readApproval, readRequest } from '../approval/documents.ts';
import { whyNotCovered, withOverride } from '../approval/override.ts';
import { evaluateQuorum } from '../approval/quorum.ts';
import { readRuleChain } from '../approval/rule.ts';
import type { Reappraisal } from './appraiser.ts';
import type { PackContext } from './context.ts';

/**
 * Evidence that was let through: the override is judged again from its documents, by the clock of the evidence. When it
 * holds, the verdict becomes the warning that it was then, and a row says who let what through: such a pack is never
 * affirmed. When it does not hold, the verdict stays the refusal that the evidence gives.
 */
export function overridden({ list }: PackContext, at: number, record: PackEvidence, again: Reappraisal): Reappraisal {
  if (record.override === undefined) return again;
  const title = `${record.node} was let through by custodians although checks did not pass`;
  const judged = judge(record, again, record.challenge.jobId);
  if (!judged.ok) {
    list.fail(`override.${at}`, title, 'override-not-good', judged.error.message);
    return again;
  }
  const note = judged.value;
  list.checks.push({
    id: `override.${at}`,
    title,
    outcome: 'fail',
    required: false,
    reason: 'released-by-override',
    detail: `${note.checks.join(', ')}: accepted by ${note.approvedBy.join(', ')} until ${note.notAfter}. "${note.justification}"`,
    found: `request sha256:${note.requestId}`,
  });
  return { ...again, verification: withOverride(again.verification, note) };
}

const no = (message: string) => err('integrity', `The override does not hold: ${message}.`);

function judge(record: PackEvidence, { verification }: Reappraisal, jobId: string): Result<OverrideNote> {
  const { override } = record;
  if (override === undefined) return no('there is none');
  const rule = readRuleChain(override.chain);
  if (!rule.ok) return rule;
  const request = readRequest(override.request);
  if (!request.ok) return request;
  const { value, digest } = request.value;
  if (value.kind !== 'override') return no('the request is for something else');
  const approvals = [];
  for (const envelope of override.approvals) {
    const approval = readApproval(envelope);
    if (!approval.ok) return approval;
    approvals.push(approval.value);
  }
  // Once used, it covers renewals after its request has expired; its own end is checked with the rest.
  const now = Date.parse(record.verifiedAt);
  const judgedAt = Math.min(now, Date.parse(value.expiresAt) - 1);
  const { state, have, need, answers } = evaluateQuorum(rule.value, request.value, approvals, judgedAt);
  if (state !== 'granted') return no(`it has ${have} of ${need} approvals (${state})`);
  const { subject } = value;
  const why = whyNotCovered(subject, { verification, jobId, now });
  if (why !== undefined) return no(why);
  return ok({
    requestId: digest,
    checks: subject.checks.map(({ id }) => id),
    approvedBy: answers.flatMap(({ counts, member, approval }) =>
      counts && approval.decision === 'approve' && member !== undefined ? [member.name] : [],
    ),
    justification: subject.justification,
    notAfter: subject.notAfter,
  });
}

/**
 * The members' rule is the organisation's own word; that this desk went by this very rule, and used this very override,
 * is in its signed log.
 */
export function overrideLogProblems(
  evidence: readonly { readonly record: PackEvidence; readonly sha256: string }[],
  entries: readonly AuditEntry[],
): string[] {
  return evidence.flatMap(({ record, sha256 }) => {
    if (record.override === undefined) return [];
    const request = readRequest(record.override.request);
    const rule = readRuleChain(record.override.chain);
    if (!request.ok || !rule.ok) return [];
    const granted = entries.find(
      ({ kind, details }) =>
        kind === 'override-granted' &&
        details['evidenceSha256'] === sha256 &&
        details['request'] === request.value.digest &&
        details['rule'] === rule.value.digest,
    );
    return [
      ...(granted === undefined ? [`the log does not show that ${record.node} was let through under this rule`] : []),
      ...entries.flatMap(({ kind, details }) =>
        kind === 'key-released' &&
        details['evidenceSha256'] === sha256 &&
        details['overrideRequest'] !== request.value.digest
          ? ['the log does not show that the release used this override']
          : [],
      ),
    ];
  });
}
