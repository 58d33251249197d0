import type { ApprovalSubject, MembersView, QuorumRule, RuleLink } from '../../contract/approval.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { documentDigest, type SignedDocument } from '../../domain/approval/documents.ts';
import { actFingerprint } from '../../domain/approval/fingerprint.ts';
import { checkRule, readRuleChain } from '../../domain/approval/rule.ts';
import type { VerifySignature } from '../../domain/dsse/dsse.ts';
import type { RequestRecord } from './approval-record.ts';
import type { Approved } from './approved.ts';
import { signRule, type Members } from './members.ts';
import type { ApprovalPorts } from './ports.ts';

/** What a person says of a rule; version, predecessor and time are ours to say. */
export type RuleDraft = Pick<QuorumRule, 'organisation' | 'members' | 'actions'>;

export interface RuleChanges {
  /**
   * Sets the first rule, signed by this vault's key, which must be an admin in it. Later: asks the present quorum, and
   * sets the next version when it has approved. Errors: `approval_missing` with the request, `invalid_input`,
   * `denied_by_policy`, `wrong_state` (an offline profile imports its rule), `locked`, those of log and disk.
   */
  set(draft: RuleDraft): Result<MembersView>;
  /** Takes over the versions of a file that this profile does not have. Errors: `integrity`. @returns the rule's digest. */
  take(chain: readonly RuleLink[]): Result<string>;
}

export interface RuleChangeContext {
  readonly ports: ApprovalPorts;
  readonly members: Members;
  readonly verify: VerifySignature;
  /** Base64; undefined while the vault is locked. */
  readonly ownKey: () => string | undefined;
  readonly show: () => Result<MembersView>;
  readonly changed: () => void;
  readonly authorise: (subject: ApprovalSubject<'members-change'>) => Result<Approved<'members-change'>>;
  /** An own request that is waiting or granted, for a rule like this. */
  readonly open: (
    like: (rule: QuorumRule) => boolean,
  ) => Result<{ readonly rule: QuorumRule; readonly record: RequestRecord } | undefined>;
}

export function createRuleChanges(context: RuleChangeContext): RuleChanges {
  const { ports, members, verify, ownKey, show, changed } = context;

  const found = (rule: QuorumRule): Result<MembersView> => {
    const publicKey = ownKey();
    if (publicKey === undefined) return err('locked', 'The vault is locked.');
    if (!rule.members.some((member) => member.publicKey === publicKey && member.roles.includes('admin'))) {
      return err('invalid_input', "members: this vault's key must be an admin of the first rule, which it signs.", {
        hint: `Its key is ${publicKey}.`,
        details: { publicKey },
      });
    }
    const envelope = signRule(ports, rule);
    if (!envelope.ok) return envelope;
    const link: RuleLink = { rule: envelope.value };
    const read = readRuleChain([link], undefined, verify);
    if (!read.ok) return read;
    const added = members.add(link, read.value, 'founded');
    return added.ok ? show() : added;
  };

  const change = (present: SignedDocument<QuorumRule>, next: QuorumRule): Result<MembersView> => {
    const publicKey = ownKey();
    if (!present.value.members.some((m) => m.publicKey === publicKey && m.roles.includes('admin'))) {
      return err('denied_by_policy', "Only an admin of the present rule changes it, and this vault's key is none.");
    }
    // Asked for earlier, it has the time of then.
    const like = (rule: QuorumRule) =>
      documentDigest({ ...rule, createdAt: '' }) === documentDigest({ ...next, createdAt: '' });
    const asked = context.open(like);
    if (!asked.ok) return asked;
    const rule = asked.value?.rule ?? next;
    const leave = context.authorise({ rule });
    if (!leave.ok) return leave;
    if (asked.value === undefined) throw new Error('a change of members always needs approval');
    const envelope = signRule(ports, rule);
    if (!envelope.ok) return envelope;
    const { request, approvals } = asked.value.record;
    const link: RuleLink = { rule: envelope.value, change: { request, approvals } };
    const chain = members.chain();
    if (!chain.ok) return chain;
    const read = readRuleChain([...chain.value, link], undefined, verify);
    if (!read.ok) return read;
    const added = leave.value.use(actFingerprint('members-change', { rule }), () =>
      members.add(link, read.value, 'changed'),
    );
    return added.ok ? show() : added;
  };

  return {
    set(draft) {
      if (ports.offline) return err('wrong_state', 'An offline custody profile imports the rule of its organisation.');
      const present = members.rule();
      if (!present.ok) return present;
      const rule: QuorumRule = {
        v: 1,
        organisation: draft.organisation,
        version: (present.value?.value.version ?? 0) + 1,
        previous: present.value?.digest ?? null,
        createdAt: new Date(ports.clock()).toISOString(),
        members: draft.members,
        actions: draft.actions,
      };
      const sound = checkRule(rule);
      if (!sound.ok) return sound;
      const set = present.value === undefined ? found(rule) : change(present.value, rule);
      if (set.ok) changed();
      return set;
    },
    take(chain) {
      const logged = ports.loggedRules();
      if (!logged.ok) return logged;
      const read = readRuleChain(chain, logged.value, verify);
      if (!read.ok) return read;
      const have = members.chain();
      if (!have.ok) return have;
      const done = ports.store.transaction(() => {
        for (const [i, link] of chain.entries()) {
          if (i < have.value.length) continue;
          const upTo = readRuleChain(chain.slice(0, i + 1), undefined, verify);
          if (!upTo.ok) return upTo;
          const added = members.add(link, upTo.value, 'imported');
          if (!added.ok) return added;
        }
        return ok(undefined);
      });
      if (!done.ok) return done;
      changed();
      return ok(read.value.digest);
    },
  };
}
