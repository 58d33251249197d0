import type { Approval, ApprovalRequest, Member, QuorumRule } from '../../contract/approval.ts';
import type { SignedDocument } from './documents.ts';

/** Why an answer does not count. */
export type NotCounted =
  | 'other-request'
  | 'not-a-member'
  | 'not-a-custodian'
  | 'same-custodian-twice'
  | 'requester-own'
  | 'too-early'
  | 'too-late';

export interface Answer {
  readonly approval: Approval;
  readonly member: Member | undefined;
  readonly counts: boolean;
  readonly why?: NotCounted;
}

export interface Quorum {
  readonly state: 'waiting' | 'granted' | 'refused' | 'expired' | 'stale';
  readonly have: number;
  readonly need: number;
  readonly answers: readonly Answer[];
}

/** Clocks of machines without a network drift: answers may be dated this far outside of the request's life. Milliseconds. */
const clockSkewMs = 3_600_000;

/**
 * Whether enough different custodians approved exactly this request under exactly this rule, at the time `now` (ms).
 *
 * - A request made under another version of the rule is `stale`: it must be asked again.
 * - A refusal by any custodian ends the request (`refused`), except for a change of members, where one custodian could
 *   otherwise never be removed: there a refusal only does not count.
 * - Expiry is judged by the desk's clock; the date in an answer only has to lie within the request's life, give or take
 *   an hour.
 *
 * Signatures were checked when the documents were read (`readRequest`, `readApproval`).
 */
export function evaluateQuorum(
  rule: SignedDocument<QuorumRule>,
  request: SignedDocument<ApprovalRequest>,
  approvals: readonly SignedDocument<Approval>[],
  now: number,
): Quorum {
  const { kind, createdAt, expiresAt, ruleSha256, requester } = request.value;
  const action = rule.value.actions[kind];
  const seen = new Set<string>();
  const refusers = new Set<string>();
  const answers = approvals.map(({ value: approval }): Answer => {
    const member = rule.value.members.find(({ publicKey }) => publicKey === approval.publicKey);
    const no = (why: NotCounted): Answer => ({ approval, member, counts: false, why });
    if (approval.requestSha256 !== request.digest) return no('other-request');
    if (member === undefined) return no('not-a-member');
    if (!member.roles.includes('custodian')) return no('not-a-custodian');
    if (Date.parse(approval.at) < Date.parse(createdAt) - clockSkewMs) return no('too-early');
    if (Date.parse(approval.at) > Date.parse(expiresAt) + clockSkewMs) return no('too-late');
    if (approval.decision === 'approve') {
      if (approval.publicKey === requester.publicKey && action?.requesterCounts !== true) return no('requester-own');
      if (seen.has(approval.publicKey)) return no('same-custodian-twice');
      seen.add(approval.publicKey);
    } else {
      if (refusers.has(approval.publicKey)) return no('same-custodian-twice');
      refusers.add(approval.publicKey);
    }
    return { approval, member, counts: true };
  });
  const vetoed = kind !== 'members-change' && refusers.size > 0;
  // A custodian who said both is taken at the refusal.
  const have = [...seen].filter((key) => !refusers.has(key)).length;
  const need = action?.approvals ?? Number.POSITIVE_INFINITY;
  const state = (): Quorum['state'] => {
    if (ruleSha256 !== rule.digest || action === undefined) return 'stale';
    if (vetoed) return 'refused';
    // Written so that a time that is no number grants nothing.
    if (!(now < Date.parse(expiresAt))) return 'expired';
    return have >= need ? 'granted' : 'waiting';
  };
  return { state: state(), have, need: action?.approvals ?? 0, answers };
}
