import { useState } from 'react';
import { useNavigate } from 'react-router';
import type { PolicyView } from '../../../../electron/contract/policy-document.ts';
import { useMethod } from '../../host/index.ts';
import {
  AnswerStrip,
  Button,
  Digest,
  EmptyState,
  ErrorMessage,
  formatDateTime,
  Page,
  PageHead,
  plural,
  Section,
  SidePanel,
  SimulatedTag,
  Table,
  Waiting,
  WorkArea,
  type Column,
} from '../../ui/index.ts';
import { ImportDialog } from './ImportDialog.tsx';
import { PolicyWords, ProblemList } from './PolicyWords.tsx';
import { TemplatesDialog } from './TemplatesDialog.tsx';

const columns: ReadonlyArray<Column<PolicyView>> = [
  {
    id: 'name',
    title: 'Name',
    width: 'minmax(160px, 2fr)',
    cell: ({ policy }) => <a href={`#/policies/${encodeURIComponent(policy.id)}`}>{policy.name}</a>,
    compare: (a, b) => a.policy.name.localeCompare(b.policy.name),
  },
  {
    id: 'id',
    title: 'Id',
    width: 'minmax(110px, 1fr)',
    cell: ({ policy }) => <span className="mono clip">{policy.id}</span>,
  },
  {
    id: 'version',
    title: 'Version',
    width: '88px',
    cell: (view) =>
      view.builtin ? <span className="faint">built in</span> : `${view.number}${view.retired ? ', retired' : ''}`,
  },
  {
    id: 'families',
    title: 'Accepts',
    width: 'minmax(100px, 1fr)',
    cell: ({ policy }) => (
      <span className="clip">
        {policy.families.map((family) => family.toUpperCase()).join(', ')}
        {policy.gpu.required ? ' + GPU' : ''}
      </span>
    ),
  },
  {
    id: 'simulated',
    title: 'Hardware',
    width: '96px',
    cell: ({ policy }) => (policy.acceptSimulated ? <SimulatedTag /> : 'real'),
  },
  {
    id: 'digest',
    title: 'Digest, sha256',
    width: '130px',
    cell: (view) => <Digest value={view.digest} of={`digest of ${view.policy.name}`} />,
  },
];

/** Every policy of this desk, what it means, and the ways to make another. */
export default function PoliciesScreen() {
  const navigate = useNavigate();
  const policies = useMethod('policies.list', {});
  const [selectedId, setSelectedId] = useState<string>();
  const [dialog, setDialog] = useState<'template' | 'import'>();
  const rows = policies.data ?? [];
  const selected = rows.find(({ policy }) => policy.id === selectedId) ?? rows[0];
  const own = rows.filter(({ builtin, retired }) => !builtin && !retired);
  const simulated = rows.filter(({ policy, retired }) => policy.acceptSimulated && !retired);
  const unmeasured = own.filter(({ summary }) => summary.notChecked.some((line) => line.includes('easurement')));
  const newButton = (
    <Button variant="primary" onClick={() => setDialog('template')}>
      New policy
    </Button>
  );
  const open = (id: string) => void navigate(`/policies/${encodeURIComponent(id)}`);
  return (
    <Page>
      <PageHead
        title="Policies"
        note={rows.length === 0 ? undefined : 'what a node must prove before a key goes to it'}
        actions={
          <>
            <Button onClick={() => setDialog('import')}>Import a policy file</Button>
            {rows.length === 0 ? null : newButton}
          </>
        }
      />
      {policies.isPending ? <Waiting>Reading the policies</Waiting> : null}
      {policies.error === null ? null : <ErrorMessage error={policies.error.error} />}
      {policies.data !== undefined && rows.length === 0 ? (
        <EmptyState title="No policies yet" actions={newButton}>
          A policy says what a node must prove. The one of the local network comes with it; for real hardware, start
          from a template.
        </EmptyState>
      ) : null}
      {selected === undefined ? null : (
        <>
          <AnswerStrip
            answers={[
              {
                question: 'What can a run demand?',
                answer: plural(own.length, 'own policy', 'own policies'),
                detail: `and ${plural(rows.filter(({ builtin }) => builtin).length, 'built-in one')}`,
                second: 'Each version is signed, logged and kept.',
              },
              {
                question: 'Does any accept an unknown image?',
                answer: unmeasured.length === 0 ? 'No' : plural(unmeasured.length, 'policy', 'policies'),
                detail: unmeasured[0]?.policy.id,
                second:
                  unmeasured.length === 0
                    ? 'Every own policy in use names measurements.'
                    : 'A measurement is not checked, so the image is not known.',
                ...(unmeasured.length === 0 ? {} : { trust: 'warning' as const }),
              },
              {
                question: 'Does any accept SIMULATED hardware?',
                answer: simulated.length === 0 ? 'No' : plural(simulated.length, 'policy', 'policies'),
                detail: simulated[0]?.policy.id,
                second: 'Only nodes of the local network can be simulated.',
              },
            ]}
          />
          <WorkArea panel={<PolicyPanel view={selected} onOpen={() => open(selected.policy.id)} />}>
            <Table
              label="Policies"
              rows={rows}
              columns={columns}
              rowKey={({ policy }) => policy.id}
              selected={selected.policy.id}
              onSelect={({ policy }) => setSelectedId(policy.id)}
              onOpen={({ policy }) => open(policy.id)}
              isOff={({ retired }) => retired}
              fill
            />
          </WorkArea>
        </>
      )}
      <TemplatesDialog
        open={dialog === 'template'}
        copies={rows}
        onClose={() => setDialog(undefined)}
        onStart={(from, missing) => void navigate('/policies/new', { state: { from, missing } })}
      />
      <ImportDialog
        open={dialog === 'import'}
        onClose={() => setDialog(undefined)}
        onDone={(id) => {
          setDialog(undefined);
          open(id);
        }}
      />
    </Page>
  );
}

function PolicyPanel({ view, onOpen }: { readonly view: PolicyView; readonly onOpen: () => void }) {
  return (
    <SidePanel
      label="Policy"
      actions={<Button onClick={onOpen}>{view.builtin ? 'Open policy' : 'Open and edit'}</Button>}
    >
      <Section title={view.policy.name}>
        {view.at === undefined ? null : <p className="small dim">Signed {formatDateTime(view.at)}</p>}
        <PolicyWords summary={view.summary} />
      </Section>
      {view.problems.length === 0 ? null : (
        <Section title="To know">
          <ProblemList problems={view.problems} />
        </Section>
      )}
    </SidePanel>
  );
}
