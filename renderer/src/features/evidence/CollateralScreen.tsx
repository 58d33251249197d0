import { useMemo, useState } from 'react';
import { useNavigate } from 'react-router';
import type { CollateralView } from '../../../../electron/contract/collateral.ts';
import { useMethod } from '../../host/index.ts';
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
  formatDateTime,
  formatDuration,
  Page,
  PageHead,
  plural,
  Table,
  Tick,
  TrustLabel,
  Waiting,
  WorkArea,
  type Column,
} from '../../ui/index.ts';
import { collateralName, collateralState, type CollateralState } from './file-words.ts';
import { CollateralExportDialog } from './CollateralExportDialog.tsx';
import { CollateralImportDialog } from './CollateralImportDialog.tsx';

/** What vendors publish about their hardware, as this desk keeps it: how old it is, and until when it can be used. */
export default function CollateralScreen() {
  const navigate = useNavigate();
  const now = useNow();
  const collateral = useMethod('collateral.list', {});
  const [dialog, setDialog] = useState<'import' | 'export'>();
  const columns = useMemo(() => collateralColumns(now), [now]);
  const rows = collateral.data ?? [];
  const importButton = (
    <Button variant="primary" onClick={() => setDialog('import')}>
      Import collateral
    </Button>
  );
  return (
    <Page>
      <PageHead
        title="Collateral"
        note={rows.length === 0 ? undefined : 'what vendors publish and sign, kept to judge evidence without a network'}
        actions={
          <>
            <Button onClick={() => void navigate('/evidence')}>All evidence</Button>
            {rows.length === 0 ? null : (
              <>
                <Button onClick={() => setDialog('export')}>Export a signed bundle</Button>
                {importButton}
              </>
            )}
          </>
        }
      />
      {collateral.error !== null ? (
        <ErrorMessage error={collateral.error.error} />
      ) : collateral.data === undefined ? (
        <Waiting>Reading the collateral</Waiting>
      ) : rows.length === 0 ? (
        <EmptyState title="No collateral yet" actions={importButton}>
          TCB info, identities, revocation lists, OCSP answers, manifests and key sets come from vendors as files, or
          from another desk as one signed bundle. Nothing is fetched: without them evidence is judged by what stands
          beside it.
        </EmptyState>
      ) : (
        <>
          <Expired rows={rows} now={now} onImport={() => setDialog('import')} />
          <CollateralAnswers rows={rows} now={now} />
          <WorkArea>
            <Table
              label="Collateral"
              fill
              rows={rows}
              columns={columns}
              rowKey={(row) => `${row.kind}/${row.id}`}
              onSelect={() => undefined}
              initialSort={{ column: 'until', direction: 'ascending' }}
            />
          </WorkArea>
        </>
      )}
      {dialog === 'import' ? <CollateralImportDialog onClose={() => setDialog(undefined)} /> : null}
      {dialog === 'export' ? <CollateralExportDialog items={rows.length} onClose={() => setDialog(undefined)} /> : null}
    </Page>
  );
}

interface RowsProps {
  readonly rows: ReadonlyArray<CollateralView>;
  readonly now: number;
}

function Expired({ rows, now, onImport }: RowsProps & { readonly onImport: () => void }) {
  const expired = rows.filter((row) => collateralState(row, now) === 'expired');
  const [first] = expired;
  if (first === undefined) return null;
  return (
    <Banner
      kind="warning"
      title={`${plural(expired.length, 'item')} expired.`}
      action={<Button onClick={onImport}>Import newer collateral</Button>}
    >
      Evidence that needs {expired.length === 1 ? 'it' : 'them'} is not affirmed and gets no key, first{' '}
      {collateralName(first.kind)} {first.id}.
    </Banner>
  );
}

function CollateralAnswers({ rows, now }: RowsProps) {
  const unusable = rows.filter((row) => !['current', 'expiring'].includes(collateralState(row, now)));
  const ends = rows
    .filter((row) => row.validUntil !== undefined && !unusable.includes(row))
    .toSorted((a, b) => (a.validUntil ?? '').localeCompare(b.validUntil ?? ''));
  const next = ends[0];
  const oldest = rows.reduce((left, right) => (left.fetchedAt < right.fetchedAt ? left : right));
  return (
    <AnswerStrip
      answers={[
        {
          question: 'Can evidence be judged with it?',
          answer: unusable.length === 0 ? 'Yes' : plural(unusable.length, 'item'),
          detail: unusable.length === 0 ? plural(rows.length, 'item') : 'cannot be used',
          second:
            unusable[0] === undefined ? 'None is expired.' : `${collateralName(unusable[0].kind)} ${unusable[0].id}`,
          ...(unusable.length === 0 ? {} : { trust: 'warning' as const }),
        },
        {
          question: 'What ends next?',
          answer: next === undefined ? 'Nothing' : formatDuration((Date.parse(next.validUntil ?? '') - now) / 1000),
          detail: next === undefined ? undefined : `${collateralName(next.kind)} ${next.id}`,
          second: next === undefined ? 'No vendor states an end.' : formatDateTime(next.validUntil ?? ''),
        },
        {
          question: 'How old is the oldest?',
          answer: formatAge(oldest.fetchedAt, now),
          detail: `${collateralName(oldest.kind)} ${oldest.id}`,
          second: `fetched ${formatDateTime(oldest.fetchedAt)}`,
        },
      ]}
    />
  );
}

function State({ state }: { readonly state: CollateralState }) {
  if (state === 'current') {
    return (
      <span className="row">
        <Tick />
        current
      </span>
    );
  }
  return state === 'expired' ? (
    <TrustLabel trust="refused" word="expired" />
  ) : (
    <TrustLabel trust="warning" word={state === 'expiring' ? 'expires soon' : state} />
  );
}

function collateralColumns(now: number): ReadonlyArray<Column<CollateralView>> {
  return [
    {
      id: 'state',
      title: 'State',
      width: '116px',
      cell: (row) => <State state={collateralState(row, now)} />,
      compare: (a, b) => collateralState(a, now).localeCompare(collateralState(b, now)),
    },
    {
      id: 'kind',
      title: 'Kind',
      width: 'minmax(140px, 1fr)',
      cell: ({ kind }) => collateralName(kind),
      compare: (a, b) => a.kind.localeCompare(b.kind),
    },
    {
      id: 'of',
      title: 'For',
      width: 'minmax(130px, 1.2fr)',
      cell: ({ id }) => (
        <span className="mono" title={id}>
          {id}
        </span>
      ),
      compare: (a, b) => a.id.localeCompare(b.id),
    },
    {
      id: 'number',
      title: 'Number',
      width: '64px',
      align: 'end',
      cell: ({ number }) => <span className="mono dim">{number ?? ''}</span>,
    },
    {
      id: 'until',
      title: 'Valid until',
      width: '176px',
      cell: ({ validUntil }) =>
        validUntil === undefined ? <span className="faint">no end stated</span> : formatDateTime(validUntil),
      compare: (a, b) => (a.validUntil ?? '~').localeCompare(b.validUntil ?? '~'),
    },
    {
      id: 'age',
      title: 'Fetched',
      width: '108px',
      align: 'end',
      cell: ({ fetchedAt }) => formatAge(fetchedAt, now),
      compare: (a, b) => b.fetchedAt.localeCompare(a.fetchedAt),
    },
    {
      id: 'source',
      title: 'From',
      width: 'minmax(100px, 1fr)',
      cell: ({ source }) => (
        <span className="dim" title={source}>
          {source.replace(/^https?:\/\//u, '')}
        </span>
      ),
    },
    { id: 'bytes', title: 'Size', width: '72px', align: 'end', cell: ({ bytes }) => formatBytes(bytes) },
    {
      id: 'sha256',
      title: 'sha256',
      width: '128px',
      cell: ({ sha256, id }) => <Digest value={sha256} of={`digest of ${id}`} />,
    },
  ];
}
