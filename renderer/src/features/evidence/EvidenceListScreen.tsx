import { useMemo } from 'react';
import { useNavigate } from 'react-router';
import type { EvidenceView } from '../../../../electron/contract/views.ts';
import { useAction, useMethod } from '../../host/index.ts';
import { useNow } from '../../state/index.ts';
import {
  AnswerStrip,
  Banner,
  Button,
  Digest,
  EmptyState,
  ErrorMessage,
  formatAge,
  formatBytes,
  formatCount,
  formatDateTime,
  Page,
  PageHead,
  plural,
  SimulatedTag,
  Table,
  TrustLabel,
  Waiting,
  WorkArea,
  type Column,
} from '../../ui/index.ts';
import { EvidenceLinks } from './EvidenceLinks.tsx';
import { checkGroups, statusWord, tally, trustOfStatus } from './verdict.ts';

const listed = 500;

/** Every piece of evidence the desk has checked, newest first. */
export default function EvidenceListScreen() {
  const navigate = useNavigate();
  const now = useNow();
  const evidence = useMethod('evidence.list', { limit: listed });
  const verify = useAction('nodes.verify');
  const columns = useMemo(() => evidenceColumns(now), [now]);
  const rows = evidence.data;
  if (rows === undefined) {
    return (
      <Page>
        <PageHead title="Evidence" />
        {evidence.error === null ? (
          <Waiting>Reading the evidence</Waiting>
        ) : (
          <ErrorMessage error={evidence.error.error} />
        )}
      </Page>
    );
  }
  if (rows.length === 0) {
    return (
      <Page>
        <PageHead title="Evidence" actions={<EvidenceLinks />} />
        <EmptyState
          title="No evidence yet"
          actions={<Button onClick={() => void navigate('/nodes')}>Open nodes</Button>}
        >
          Evidence comes from a node that was asked, or from a file. Start a network and ask its nodes, or open a file.
        </EmptyState>
      </Page>
    );
  }
  const refused = rows.filter((row) => row.verification.status === 'contraindicated');
  const newest = rows.reduce((left, right) =>
    left.verification.verifiedAt > right.verification.verifiedAt ? left : right,
  );
  const simulated = rows.some((row) => row.verification.simulated);
  return (
    <Page>
      <PageHead
        title="Evidence"
        note={plural(rows.length, 'verification')}
        actions={
          <>
            <EvidenceLinks />
            <Button
              variant="primary"
              onClick={() => verify.mutate({})}
              working={verify.isPending ? 'Asking nodes' : undefined}
            >
              Ask all nodes for evidence
            </Button>
          </>
        }
      />
      {simulated ? (
        <Banner kind="simulated">
          Evidence of local nodes has real formats under made-up roots. It is no reason to trust a node.
        </Banner>
      ) : null}
      <AnswerStrip
        answers={[
          {
            question: 'Was anything refused?',
            answer: refused.length === 0 ? 'No' : 'Yes',
            detail:
              refused.length === 0
                ? `none of ${plural(rows.length, 'verification')}`
                : `${formatCount(refused.length)} of ${plural(rows.length, 'verification')}, ${plural(new Set(refused.map((row) => row.verification.node)).size, 'node')}`,
            second: refused[0] === undefined ? 'No key was withheld.' : refused[0].verification.reasonDetail,
            ...(refused.length === 0 ? {} : { trust: 'refused' as const, simulated }),
          },
          {
            question: 'How fresh is the newest?',
            answer: formatAge(newest.verification.verifiedAt, now),
            detail: newest.verification.node,
            second: formatDateTime(newest.verification.verifiedAt),
          },
          {
            question: 'What was not checked?',
            answer: plural(new Set(rows.flatMap((row) => row.verification.notChecked)).size, 'thing'),
            second: rows[0]?.verification.notChecked[0] ?? 'Each verification lists its own.',
          },
        ]}
      />
      <WorkArea>
        <Table
          label="Evidence"
          fill
          rows={rows}
          columns={columns}
          rowKey={(row) => row.id}
          onSelect={() => undefined}
          onOpen={(row) => void navigate(`/evidence/${row.id}`)}
          initialSort={{ column: 'at', direction: 'descending' }}
        />
      </WorkArea>
    </Page>
  );
}

function evidenceColumns(now: number): ReadonlyArray<Column<EvidenceView>> {
  return [
    {
      id: 'status',
      title: 'Result',
      width: '150px',
      cell: ({ verification }) => (
        <TrustLabel
          trust={trustOfStatus(verification.status)}
          simulated={verification.simulated}
          word={statusWord(verification.status)}
        />
      ),
      compare: (left, right) => left.verification.status.localeCompare(right.verification.status),
    },
    {
      id: 'node',
      title: 'Node',
      width: 'minmax(120px, 0.8fr)',
      cell: (row) => <EvidenceLink row={row} />,
      compare: (left, right) => left.verification.node.localeCompare(right.verification.node),
    },
    {
      id: 'simulated',
      title: 'Hardware',
      width: '96px',
      cell: (row) => (row.verification.simulated ? <SimulatedTag /> : null),
    },
    {
      id: 'reason',
      title: 'Why',
      width: 'minmax(160px, 3fr)',
      cell: ({ verification }) => (
        <span className="dim">{verification.reasonDetail ?? 'every required check passed'}</span>
      ),
    },
    {
      id: 'checks',
      title: 'Checks',
      width: '172px',
      cell: ({ verification }) => {
        const count = tally(checkGroups(verification).flatMap((group) => group.checks));
        const others = (['fail', 'unknown'] as const).filter((outcome) => count[outcome] > 0);
        return (
          <span className="dim">
            {[`${count.pass} pass`, ...others.map((outcome) => `${count[outcome]} ${outcome}`)].join(', ')}
          </span>
        );
      },
    },
    {
      id: 'policy',
      title: 'Policy',
      width: 'minmax(90px, 0.7fr)',
      optional: true,
      cell: ({ verification }) => verification.policyId,
    },
    {
      id: 'bytes',
      title: 'Size',
      width: '72px',
      align: 'end',
      optional: true,
      cell: (row) => formatBytes(row.evidenceBytes),
    },
    {
      id: 'digest',
      title: 'Evidence sha256',
      width: '132px',
      optional: true,
      cell: (row) => <Digest value={row.evidenceSha256} of={`digest of the evidence of ${row.verification.node}`} />,
    },
    {
      id: 'at',
      title: 'Age',
      width: '88px',
      align: 'end',
      cell: ({ verification }) => formatAge(verification.verifiedAt, now),
      compare: (left, right) => left.verification.verifiedAt.localeCompare(right.verification.verifiedAt),
    },
  ];
}

function EvidenceLink({ row }: { readonly row: EvidenceView }) {
  return (
    <a className="mono" href={`#/evidence/${encodeURIComponent(row.id)}`}>
      {row.verification.node}
    </a>
  );
}
