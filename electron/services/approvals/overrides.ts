import type { Approval, ApprovalRequest, QuorumRule } from '../../contract/approval.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import type { SignedDocument } from '../../domain/approval/documents.ts';
import { actFingerprint } from '../../domain/approval/fingerprint.ts';
import { whyNotCovered, type OverrideUse } from '../../domain/approval/override.ts';
import { evaluateQuorum } from '../../domain/approval/quorum.ts';
import type { RequestRecord } from './approval-record.ts';
import type { Members } from './members.ts';
import type { OverrideLeave } from './override-leave.ts';
import type { ApprovalPorts } from './ports.ts';

interface Loaded {
  readonly record: RequestRecord;
  readonly request: SignedDocument<ApprovalRequest>;
  readonly approvals: readonly SignedDocument<Approval>[];
}

export interface OverrideContext {
  readonly ports: ApprovalPorts;
  readonly members: Members;
  readonly all: (rule: SignedDocument<QuorumRule>) => Result<readonly Loaded[]>;
  readonly find: (id: string) => Result<{ readonly loaded: Loaded; readonly rule: SignedDocument<QuorumRule> }>;
  readonly put: (digest: string, record: RequestRecord) => Result<void>;
  readonly changed: () => void;
}

/** How a use names its job in the record of the request. */
const usedBy = (jobId: string) => `job:${jobId}`;

/**
 * Approved overrides for evidence that was not affirmed. One is good for one release; after that it covers the evidence
 * of that one job, which is renewed every few minutes, and of no other.
 */
export function createOverrides({ ports, members, all, find, put, changed }: OverrideContext) {
  /** Whether it stands now: its quorum, its job. A used one is judged by the time before its request expired. */
  const whyNot = ({ record, request, approvals }: Loaded, rule: SignedDocument<QuorumRule>, jobId: string) => {
    if (record.origin !== 'own' || record.withdrawn) return 'was withdrawn';
    const used = record.uses.length > 0;
    if (used && !record.uses.includes(usedBy(jobId))) return 'was used for another job; each is good for one release';
    const now = used ? Math.min(ports.clock(), Date.parse(request.value.expiresAt) - 1) : ports.clock();
    const { state, have, need } = evaluateQuorum(rule, request, approvals, now);
    return state === 'granted' ? undefined : `has ${have} of ${need} approvals and is ${state}`;
  };

  const leaveOf = (loaded: Loaded, rule: SignedDocument<QuorumRule>): Result<OverrideLeave> => {
    const { request, approvals, record } = loaded;
    const { value, digest } = request;
    if (value.kind !== 'override') throw new Error('a request of another kind is no override');
    const chain = members.chain();
    if (!chain.ok) return chain;
    const { answers } = evaluateQuorum(rule, request, approvals, Date.parse(value.expiresAt) - 1);
    const { subject } = value;
    const leave: Omit<OverrideLeave, symbol> = {
      subject,
      note: {
        requestId: digest,
        checks: subject.checks.map(({ id }) => id),
        approvedBy: answers.flatMap(({ counts, member, approval }) =>
          counts && approval.decision === 'approve' && member !== undefined ? [member.name] : [],
        ),
        justification: subject.justification,
        notAfter: subject.notAfter,
      },
      documents: { request: record.request, approvals: [...record.approvals], chain: [...chain.value] },
      ruleSha256: rule.digest,
      use(jobId, act) {
        const done = ports.store.transaction(() => {
          const spent = spend(digest, jobId);
          return spent.ok ? act() : spent;
        });
        if (done.ok) changed();
        return done;
      },
    };
    // The brand exists for the compiler only; this is the one place that gives it.
    return ok(leave as OverrideLeave);
  };

  const spend = (digest: string, jobId: string): Result<void> => {
    const found = find(digest);
    if (!found.ok) return found;
    const { loaded, rule } = found.value;
    const { record, request } = loaded;
    const no = (why: string) =>
      err('approval_missing', `Override ${digest.slice(0, 12)} ${why}.`, { details: { requestId: digest } });
    if (record.uses.length > 0) return no('was used already; each is good for one release');
    const why = whyNot(loaded, rule, jobId);
    if (why !== undefined) return no(why);
    const { value } = request;
    if (value.kind !== 'override') return no('is no override');
    if (value.subject.jobId !== null && value.subject.jobId !== jobId) return no('was given for another job');
    if (!(ports.clock() < Date.parse(value.subject.notAfter))) return no(`ended ${value.subject.notAfter}`);
    const act = actFingerprint('override', value.subject);
    const facts = { kind: 'override', act, jobId, rule: value.ruleSha256 };
    const logged = ports.audit('approval-used', digest, facts, value.subject.node.simulated);
    return logged.ok ? put(digest, { ...record, uses: [act, usedBy(jobId)] }) : logged;
  };

  return {
    /** An approved override that covers this, or undefined. Errors: `integrity`, `damaged`: what was kept was changed. */
    covering(use: OverrideUse): Result<OverrideLeave | undefined> {
      const rule = members.rule();
      if (!rule.ok) return rule;
      if (rule.value === undefined || ports.offline) return ok(undefined);
      const inForce = rule.value;
      const known = all(inForce);
      if (!known.ok) return known;
      const found = known.value.find(
        (loaded) =>
          loaded.request.value.kind === 'override' &&
          whyNotCovered(loaded.request.value.subject, use) === undefined &&
          whyNot(loaded, inForce, use.jobId) === undefined,
      );
      return found === undefined ? ok(undefined) : leaveOf(found, inForce);
    },
  };
}
