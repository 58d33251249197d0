import { useState } from 'react';
import type { ApprovalView } from '../../../../electron/contract/approval.ts';
import { useMethod } from '../../host/index.ts';
import {
  AnswerStrip,
  Banner,
  Button,
  EmptyState,
  ErrorMessage,
  Page,
  PageHead,
  Section,
  Table,
  Waiting,
  WorkArea,
  formatDateTime,
  plural,
  sentenceCase,
  type Column,
} from '../../ui/index.ts';
import { ImportDialog } from './ImportDialog.tsx';
import { MembersSection } from './MembersSection.tsx';
import { RequestPanel } from './RequestPanel.tsx';
import { kindWords, stateSentence } from './words.ts';

/** Answers and rules come in by other windows, files and the command line, which no stream tells. Milliseconds. */
const askAgainMs = 3000;

const columns: ReadonlyArray<Column<ApprovalView>> = [
  { id: 'kind', title: 'What', width: '110px', cell: ({ kind }) => kindWords[kind] },
  {
    id: 'title',
    title: 'Request',
    width: 'minmax(200px, 2fr)',
    cell: ({ title }) => <span className="clip">{title}</span>,
  },
  { id: 'state', title: 'State', width: 'minmax(180px, 1fr)', cell: (request) => stateSentence(request) },
  {
    id: 'expires',
    title: 'Expires',
    width: '180px',
    align: 'end',
    optional: true,
    cell: ({ expiresAt }) => <span className="dim">{formatDateTime(expiresAt)}</span>,
    compare: (a, b) => a.expiresAt.localeCompare(b.expiresAt),
  },
];

/** What waits for people: releases, policy changes, exports, and the rule itself. */
export default function ApprovalsScreen() {
  const requests = useMethod('approvals.list', {}, { every: askAgainMs });
  const members = useMethod('members.show', {}, { every: askAgainMs });
  const [chosen, setChosen] = useState<string>();
  const [importing, setImporting] = useState(false);
  const listed = requests.data ?? [];
  const request = listed.find(({ id }) => id === chosen) ?? listed[0];
  const waiting = listed.filter(({ state }) => state === 'waiting');
  const roles = members.data?.own.roles ?? [];
  return (
    <Page>
      <PageHead
        title="Approvals"
        note={listed.length === 0 ? undefined : plural(listed.length, 'request')}
        actions={
          <Button variant="primary" onClick={() => setImporting(true)}>
            Take in a file or picture
          </Button>
        }
      />
      {members.data?.offline === true ? (
        <Banner kind="fact" title="Offline custody profile.">
          It opens no network connection. Requests come in, and answers go out, as files or codes.
        </Banner>
      ) : null}
      <AnswerStrip
        answers={[
          {
            question: 'Does anything wait?',
            answer: waiting.length === 0 ? 'Nothing waits' : plural(waiting.length, 'request'),
            second:
              waiting[0] === undefined
                ? 'A request appears when something needs approval.'
                : `The next expires ${formatDateTime(waiting.map(({ expiresAt }) => expiresAt).toSorted()[0] ?? '')}.`,
          },
          {
            question: 'What may this vault do?',
            answer: roles.length === 0 ? 'No role' : sentenceCase(roles.join(', ')),
            second: roles.includes('custodian') ? 'It may approve and refuse.' : 'It may not approve.',
          },
        ]}
      />
      <WorkArea
        panelWidth={380}
        {...(request === undefined
          ? {}
          : { panel: <RequestPanel key={request.id} request={request} ownKey={members.data?.own.publicKey ?? ''} /> })}
      >
        <Section title="Requests">
          {requests.isPending ? <Waiting>Reading the requests</Waiting> : null}
          {requests.error === null ? null : <ErrorMessage error={requests.error.error} />}
          {requests.data?.length === 0 ? (
            <EmptyState title="No requests">
              They are made by what needs approval: launching a run, changing a policy, exporting a key or a model.
            </EmptyState>
          ) : null}
          {listed.length === 0 ? null : (
            <Table
              label="Requests"
              rows={listed}
              columns={columns}
              rowKey={({ id }) => id}
              selected={request?.id}
              onSelect={({ id }) => setChosen(id)}
              flush
            />
          )}
        </Section>
        {members.error === null ? null : <ErrorMessage error={members.error.error} />}
        {members.data === undefined ? null : <MembersSection members={members.data} />}
      </WorkArea>
      <ImportDialog open={importing} onClose={() => setImporting(false)} onImported={setChosen} />
    </Page>
  );
}
