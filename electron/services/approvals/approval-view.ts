import type { Approval, ApprovalRequest, ApprovalView, QuorumRule, RequestState } from '../../contract/approval.ts';
import { describeRequest } from '../../domain/approval/describe.ts';
import type { SignedDocument } from '../../domain/approval/documents.ts';
import { fingerprintsOf } from '../../domain/approval/fingerprint.ts';
import { neverOverridden } from '../../domain/approval/override.ts';
import type { Quorum } from '../../domain/approval/quorum.ts';
import type { RequestRecord } from './approval-record.ts';

interface Known {
  readonly record: RequestRecord;
  readonly request: SignedDocument<ApprovalRequest>;
  readonly approvals: readonly SignedDocument<Approval>[];
  readonly quorum: Quorum;
  readonly rule: QuorumRule;
  /** Base64; undefined while the vault is locked. */
  readonly ownKey: string | undefined;
}

/** A request for screens and the CLI. */
export function viewOf(known: Known): ApprovalView {
  const { record, request, quorum } = known;
  const { value } = request;
  const described = describeRequest(request);
  const why = whyNotAnswer(known);
  return {
    id: request.digest,
    kind: value.kind,
    state: stateOf(known),
    origin: record.origin,
    ...(value.kind === 'override' ? { node: value.subject.node.name } : {}),
    title: described.title,
    createdAt: value.createdAt,
    expiresAt: value.expiresAt,
    requester: value.requester,
    approvals: { have: quorum.have, need: quorum.need },
    answers: quorum.answers.map(({ approval, member, counts, why: reason }) => ({
      name: member?.name ?? 'not a member',
      publicKey: approval.publicKey,
      decision: approval.decision,
      at: approval.at,
      counts,
      ...(reason === undefined ? {} : { why: reason }),
      ...(approval.reason === undefined ? {} : { reason: approval.reason }),
    })),
    sections: described.sections.map(({ title, lines }) => ({ title, lines: [...lines] })),
    warnings: [...described.warnings],
    simulated: described.simulated,
    canAnswer: why === undefined,
    ...(why === undefined ? {} : { cannotAnswer: why }),
  };
}

function stateOf({ record, request, quorum }: Known): RequestState {
  if (record.withdrawn) return 'withdrawn';
  if (fingerprintsOf(request.value).every((act) => record.uses.includes(act))) return 'used';
  return quorum.state;
}

/** Why this vault's key may not answer, in a sentence; undefined when it may. */
export function whyNotAnswer(known: Known, decision: Approval['decision'] = 'approve'): string | undefined {
  const { request, quorum, rule, ownKey, record, approvals } = known;
  const member = rule.members.find(({ publicKey }) => publicKey === ownKey);
  if (member?.roles.includes('custodian') !== true) return "This vault's key is no custodian in the members' rule.";
  if (record.withdrawn) return 'The request was withdrawn.';
  if (quorum.state !== 'waiting' && quorum.state !== 'granted') return `The request is ${quorum.state}.`;
  if (approvals.some(({ value }) => value.publicKey === ownKey && value.decision === decision)) {
    return `This vault has answered it already.`;
  }
  if (
    decision === 'approve' &&
    request.value.requester.publicKey === ownKey &&
    rule.actions[request.value.kind]?.requesterCounts !== true
  ) {
    return 'The rule does not let whoever asks approve it.';
  }
  const { value } = request;
  // A desk of another make might ask for what ours does not.
  if (value.kind === 'override' && neverOverridden(value.subject.checks).length > 0) {
    return 'It would cover a failed check that no approval can cover.';
  }
  const { warnings } = describeRequest(request);
  // Not an opinion: a document that contradicts itself is not signed.
  const contradiction = request.value.kind === 'key-release' ? warnings[0] : undefined;
  return decision === 'approve' && contradiction !== undefined ? `It contradicts itself: ${contradiction}` : undefined;
}
