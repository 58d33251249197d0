import type { ApprovalKind, Member, MembersView } from '../../../../electron/contract/approval.ts';
import type { MethodInput } from '../../../../electron/contract/methods.ts';

/** One row of the form: numbers are text while a person types. */
export interface ActionDraft {
  readonly on: boolean;
  readonly approvals: string;
  readonly requesterCounts: boolean;
  readonly hours: string;
}

export interface RuleForm {
  readonly organisation: string;
  readonly members: readonly Member[];
  readonly actions: Readonly<Record<ApprovalKind, ActionDraft>>;
}

export const actionKinds = ['key-release', 'policy-change', 'override', 'export', 'members-change'] as const;

/** The rule in force as a form; without one, this vault alone as admin, launcher and custodian. */
export function formOf({ rule, own }: MembersView): RuleForm {
  const of = (kind: ApprovalKind): ActionDraft => {
    const entry = rule?.actions[kind];
    const always = kind === 'members-change';
    return entry === undefined
      ? { on: always, approvals: '1', requesterCounts: rule === undefined, hours: '24' }
      : {
          on: true,
          approvals: String(entry.approvals),
          requesterCounts: entry.requesterCounts,
          hours: String(entry.validSeconds / 3600),
        };
  };
  return {
    organisation: rule?.organisation ?? '',
    members: rule?.members ?? [
      { name: 'This desk', publicKey: own.publicKey, roles: ['launcher', 'admin', 'custodian'] },
    ],
    actions: {
      'key-release': of('key-release'),
      'policy-change': of('policy-change'),
      override: of('override'),
      export: of('export'),
      'members-change': of('members-change'),
    },
  };
}

const action = ({ approvals, requesterCounts, hours }: ActionDraft) => ({
  approvals: Number(approvals),
  requesterCounts,
  validSeconds: Math.round(Number(hours) * 3600),
});

/** What is proposed. The core judges it; bad numbers are its to name. */
export function draftOf({ organisation, members, actions }: RuleForm): MethodInput<'members.set'> {
  const optional = actionKinds.filter((kind) => kind !== 'members-change' && actions[kind].on);
  return {
    organisation: organisation.trim(),
    members: members.map((member) => ({
      ...member,
      name: member.name.trim(),
      publicKey: member.publicKey.trim(),
      roles: [...member.roles],
    })),
    actions: {
      ...Object.fromEntries(optional.map((kind) => [kind, action(actions[kind])])),
      'members-change': action(actions['members-change']),
    },
  };
}
