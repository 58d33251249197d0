import type { Result } from '../contract/result.ts';
import { isForRoles, refusedByRoles } from '../domain/approval/roles.ts';
import type { ApprovalService } from '../services/approvals/approval-service.ts';

/**
 * Refuses what the members' rule keeps for other roles than those of this vault's key. Without a rule nothing is refused.
 * A rule that does not agree with the log refuses everything that is for roles.
 */
export function refusedByRule(approvals: Pick<ApprovalService, 'members'>, name: string): Result<never> | undefined {
  if (!isForRoles(name)) return undefined;
  const members = approvals.members();
  // While the vault is locked the router says so itself.
  if (!members.ok) return members.error.code === 'locked' ? undefined : members;
  return members.value.rule === undefined ? undefined : refusedByRoles(name, members.value.own.roles);
}
