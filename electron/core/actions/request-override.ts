import type { ApprovalView } from '../../contract/approval.ts';
import { err, type Result } from '../../contract/result.ts';
import { approvedNodeOf } from '../../domain/approval/fingerprint.ts';
import { blockingChecks, neverOverridden } from '../../domain/approval/override.ts';
import type { Services } from '../services.ts';

/** What a person says of an override; the checks are those of the evidence and nobody's choice. */
export interface OverrideWish {
  readonly evidenceId: string;
  readonly justification: string;
  readonly hours: number;
  readonly jobId?: string | undefined;
}

/**
 * Makes a request for custodians out of refused evidence. Nothing is let through on that evidence: a node must prove
 * itself afresh, and may then miss these checks and no others.
 * Errors: `not_found`, `wrong_state` (nothing failed), `denied_by_policy` (what no approval can cover, by name; no rule).
 */
export function requestOverride(
  { evidence, approvals, clock }: Pick<Services, 'evidence' | 'approvals' | 'clock'>,
  { evidenceId, justification, hours, jobId }: OverrideWish,
): Result<ApprovalView> {
  const record = evidence.get(evidenceId);
  if (!record.ok) return record;
  const { verification, evidenceSha256 } = record.value.view;
  const checks = blockingChecks(verification);
  if (checks.length === 0) {
    return err(
      'wrong_state',
      `Node ${verification.node} passed every check in this evidence; there is nothing to override.`,
    );
  }
  const never = neverOverridden(checks);
  if (never.length > 0) {
    const names = never.map(({ id, reason }) => `${id} (${reason})`);
    return err('denied_by_policy', `No approval can cover ${names.join(', ')}.`.slice(0, 2000), {
      hint: 'Do not use this node; open its evidence to see what is wrong.',
      details: { checks: never.map(({ id, reason }) => ({ id, reason })) },
    });
  }
  const leave = approvals.authorise('override', {
    jobId: jobId ?? null,
    node: approvedNodeOf(verification, evidenceSha256),
    policyDigest: verification.policyDigest,
    checks,
    justification,
    notAfter: new Date(clock() + hours * 3_600_000).toISOString(),
  });
  // It always needs approval: what comes back is the request that was made.
  if (leave.ok) throw new Error('an override was given without anybody asked');
  const requestId = leave.error.details?.['requestId'];
  return leave.error.code === 'approval_missing' && typeof requestId === 'string' ? approvals.get(requestId) : leave;
}
