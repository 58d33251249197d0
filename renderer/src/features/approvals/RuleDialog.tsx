import { useState } from 'react';
import type { ApprovalRole, Member, MembersView } from '../../../../electron/contract/approval.ts';
import { useAction } from '../../host/index.ts';
import { Banner, Button, Checkbox, Dialog, ErrorMessage, TextInput } from '../../ui/index.ts';
import styles from './Approvals.module.css';
import { actionKinds, draftOf, formOf, type ActionDraft, type RuleForm } from './rule-draft.ts';
import { kindWords } from './words.ts';

interface RuleDialogProps {
  readonly members: MembersView;
  readonly onClose: () => void;
}

const roles: readonly ApprovalRole[] = ['launcher', 'admin', 'custodian', 'auditor'];

/** Sets the first rule, or proposes the next one, which the custodians of the present rule must approve. */
export function RuleDialog({ members, onClose }: RuleDialogProps) {
  const [form, setForm] = useState<RuleForm>(() => formOf(members));
  const set = useAction('members.set', { onDone: onClose });
  const asked = set.error?.error.code === 'approval_missing';
  const change = (next: Partial<RuleForm>) => setForm({ ...form, ...next });
  const member = (at: number, next: Partial<Member>) =>
    change({ members: form.members.map((one, i) => (i === at ? { ...one, ...next } : one)) });
  const action = (kind: keyof RuleForm['actions'], next: Partial<ActionDraft>) =>
    change({ actions: { ...form.actions, [kind]: { ...form.actions[kind], ...next } } });
  const first = members.rule === undefined;
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={first ? 'Set the rule of members' : 'Propose another rule of members'}
      description={
        first
          ? 'From then on the core refuses what a role may not do, and waits for custodians where the rule says so.'
          : 'The custodians of the present rule are asked first. Propose the same again when they have answered.'
      }
      actions={
        <>
          <Button onClick={onClose}>{asked ? 'Close' : 'Change nothing'}</Button>
          <Button
            variant="primary"
            working={set.isPending ? 'Signing' : undefined}
            onClick={() => set.mutate(draftOf(form))}
          >
            {first ? 'Sign and set' : 'Propose'}
          </Button>
        </>
      }
    >
      <div className="stack">
        <TextInput
          name="Organisation"
          value={form.organisation}
          onChange={(event) => change({ organisation: event.currentTarget.value })}
        />
        {form.members.map((one, at) => (
          <fieldset key={at} className={styles.member}>
            <legend className="small">Member {at + 1}</legend>
            <div className={styles.who}>
              <TextInput
                name="Name"
                value={one.name}
                onChange={(event) => member(at, { name: event.currentTarget.value })}
              />
              <TextInput
                name="Public key"
                mono
                value={one.publicKey}
                hint={
                  one.publicKey === members.own.publicKey
                    ? 'The signing key of this vault.'
                    : 'Ed25519, base64, as their own vault shows it.'
                }
                onChange={(event) => member(at, { publicKey: event.currentTarget.value })}
              />
            </div>
            <div className={styles.choices}>
              {roles.map((role) => (
                <Checkbox
                  key={role}
                  checked={one.roles.includes(role)}
                  onChange={(event) =>
                    member(at, {
                      roles: event.currentTarget.checked
                        ? [...one.roles, role]
                        : one.roles.filter((other) => other !== role),
                    })
                  }
                >
                  {role}
                </Checkbox>
              ))}
              <Button
                off={form.members.length === 1 ? 'A rule has at least one member' : undefined}
                onClick={() => change({ members: form.members.filter((_, i) => i !== at) })}
              >
                Take out
              </Button>
            </div>
          </fieldset>
        ))}
        <div>
          <Button
            onClick={() => change({ members: [...form.members, { name: '', publicKey: '', roles: ['custodian'] }] })}
          >
            Add a member
          </Button>
        </div>
        {actionKinds.map((kind) => {
          const { on, approvals, requesterCounts, hours } = form.actions[kind];
          return (
            <fieldset key={kind} className={styles.member}>
              <legend className="small">{kindWords[kind]}</legend>
              <Checkbox
                checked={on}
                disabled={kind === 'members-change'}
                onChange={(event) => action(kind, { on: event.currentTarget.checked })}
              >
                needs custodians
              </Checkbox>
              {on ? (
                <div className={styles.choices}>
                  <TextInput
                    name={`Custodians for ${kindWords[kind]}`}
                    value={approvals}
                    inputMode="numeric"
                    onChange={(event) => action(kind, { approvals: event.currentTarget.value })}
                  />
                  <TextInput
                    name={`Hours a request stands, ${kindWords[kind]}`}
                    value={hours}
                    inputMode="decimal"
                    onChange={(event) => action(kind, { hours: event.currentTarget.value })}
                  />
                  <Checkbox
                    checked={requesterCounts}
                    onChange={(event) => action(kind, { requesterCounts: event.currentTarget.checked })}
                  >
                    whoever asks may be one of them
                  </Checkbox>
                </div>
              ) : null}
            </fieldset>
          );
        })}
        {asked ? (
          <Banner kind="fact" title="The custodians are asked.">
            The request is in the list. Propose the same rule again when they have approved.
          </Banner>
        ) : set.error === null ? null : (
          <ErrorMessage inline error={set.error.error} />
        )}
      </div>
    </Dialog>
  );
}
