import type { Member, MembersView } from '../../../../electron/contract/approval.ts';
import { Button, Dialog, Digest, EmptyState, Section, Table, formatDuration, type Column } from '../../ui/index.ts';
import { useState } from 'react';
import { Exchange } from './Exchange.tsx';
import { RuleDialog } from './RuleDialog.tsx';
import styles from './Approvals.module.css';
import { kindWords } from './words.ts';

interface Row extends Member {
  readonly own: boolean;
}

const columns: ReadonlyArray<Column<Row>> = [
  {
    id: 'name',
    title: 'Member',
    width: 'minmax(140px, 1.4fr)',
    cell: ({ name }) => name,
  },
  { id: 'roles', title: 'Roles', width: 'minmax(110px, 1fr)', cell: ({ roles }) => roles.join(', ') },
  {
    id: 'key',
    title: 'Key',
    width: '128px',
    cell: ({ name, publicKey }) => <Digest value={publicKey} of={`key of ${name}`} />,
  },
  {
    id: 'own',
    title: <span className="sr">Whose</span>,
    width: '68px',
    align: 'end',
    cell: ({ own }) => (own ? <span className="dim">this vault</span> : null),
  },
];

/** Who may ask and who may approve, and how many it takes. */
export function MembersSection({ members }: { readonly members: MembersView }) {
  const { rule, own, offline } = members;
  const [open, setOpen] = useState<'rule' | 'hand-on'>();
  const close = () => setOpen(undefined);
  const dialog = open === 'rule' ? <RuleDialog members={members} onClose={close} /> : null;
  const why = offline
    ? 'An offline profile takes in the rule of its organisation.'
    : rule !== undefined && !own.roles.includes('admin')
      ? 'Only an admin of the present rule changes it.'
      : undefined;
  const change = (
    <Button off={why} onClick={() => setOpen('rule')}>
      {rule === undefined ? 'Set a rule' : 'Propose a change'}
    </Button>
  );
  if (rule === undefined) {
    return (
      <Section title="Members" aside={change}>
        {dialog}
        <EmptyState title="No rule: nothing needs approval">
          A rule names people by their keys and says how many custodians must agree before a key is released. Each
          custodian takes it in on their own desk. The key of this vault is{' '}
          <Digest value={own.publicKey} of="signing key of this vault" />.
        </EmptyState>
      </Section>
    );
  }
  const rows = rule.members.map((member) => ({ ...member, own: member.publicKey === own.publicKey }));
  const actions = Object.entries(rule.actions).flatMap(([kind, action]) =>
    action === undefined ? [] : [{ kind: kind as keyof typeof kindWords, ...action }],
  );
  return (
    <Section
      title="Members"
      note={`${rule.organisation}, version ${rule.version} of the rule`}
      aside={
        <span className="row">
          <Button onClick={() => setOpen('hand-on')}>Hand on the rule</Button>
          {change}
        </span>
      }
    >
      {dialog}
      <Dialog
        open={open === 'hand-on'}
        onClose={close}
        title="Hand on the rule of members"
        description="Each custodian takes it in once, and again after a change: by it their desk knows whose requests to trust."
        actions={<Button onClick={close}>Close</Button>}
      >
        <Exchange what="members" title="To another desk" holds="The rule with its history." />
      </Dialog>
      <Table label="Members" rows={rows} columns={columns} rowKey={({ publicKey }) => publicKey} flush wrap />
      <ul className={styles.answers}>
        {actions.map(({ kind, approvals, requesterCounts, validSeconds }) => (
          <li key={kind}>
            <b>{kindWords[kind]}</b>: {approvals} {approvals === 1 ? 'custodian' : 'custodians'},{' '}
            {requesterCounts ? 'whoever asks may be one' : 'not whoever asks'};{' '}
            <span className="dim">a request stands {formatDuration(validSeconds)}</span>
          </li>
        ))}
      </ul>
    </Section>
  );
}
