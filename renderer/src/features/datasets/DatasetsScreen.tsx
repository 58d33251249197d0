import { useState } from 'react';
import type { DatasetView } from '../../../../electron/contract/views.ts';
import { useMethod } from '../../host/index.ts';
import {
  Button,
  EmptyState,
  ErrorMessage,
  Page,
  PageHead,
  Table,
  Waiting,
  WorkArea,
  formatBytes,
  formatCount,
  formatDateTime,
  plural,
  shortDigest,
  type Column,
} from '../../ui/index.ts';
import { DatasetPanel } from './DatasetPanel.tsx';
import { SealDialog } from './SealDialog.tsx';
import { SealTasks } from './SealTasks.tsx';

const columns: ReadonlyArray<Column<DatasetView>> = [
  {
    id: 'name',
    title: 'Name',
    width: 'minmax(140px, 2fr)',
    cell: (row) => <span className="mono clip">{row.name}</span>,
    compare: (a, b) => a.name.localeCompare(b.name),
  },
  {
    id: 'bytes',
    title: 'Sealed',
    width: '96px',
    align: 'end',
    cell: (row) => formatBytes(row.sealedBytes),
    compare: (a, b) => a.sealedBytes - b.sealedBytes,
  },
  { id: 'parts', title: 'Parts', width: '72px', align: 'end', optional: true, cell: (row) => formatCount(row.parts) },
  {
    id: 'rows',
    title: 'Rows',
    width: '88px',
    align: 'end',
    cell: (row) => (row.rows === undefined ? <span className="faint">not a table</span> : formatCount(row.rows)),
  },
  {
    id: 'target',
    title: 'Target',
    width: 'minmax(90px, 1fr)',
    cell: (row) => <span className="mono clip">{row.target ?? ''}</span>,
  },
  {
    id: 'root',
    title: 'Root, sha256',
    optional: true,
    width: '140px',
    cell: (row) => <span className="mono dim">{shortDigest(row.root)}</span>,
  },
  {
    id: 'sealedAt',
    title: 'Sealed at',
    width: '180px',
    align: 'end',
    cell: (row) => <span className="dim">{formatDateTime(row.sealedAt)}</span>,
    compare: (a, b) => a.sealedAt.localeCompare(b.sealedAt),
  },
];

/** Every dataset that was sealed on this desk, and the act of sealing another. */
export default function DatasetsScreen() {
  const datasets = useMethod('datasets.list', {});
  const [sealing, setSealing] = useState(false);
  const [selectedId, setSelectedId] = useState<string>();
  const rows = datasets.data ?? [];
  const selected = rows.find((row) => row.id === selectedId) ?? rows[0];
  const total = rows.reduce((sum, row) => sum + row.sealedBytes, 0);
  const sealButton = (
    <Button variant="primary" onClick={() => setSealing(true)}>
      Seal a dataset
    </Button>
  );
  return (
    <Page>
      <PageHead
        title="Datasets"
        note={
          rows.length === 0
            ? undefined
            : `${plural(rows.length, 'sealed dataset')}, ${formatBytes(total)}; plain files stay where they are`
        }
        actions={rows.length === 0 ? undefined : sealButton}
      />
      <SealTasks />
      {datasets.isPending ? <Waiting>Reading the datasets</Waiting> : null}
      {datasets.error === null ? null : <ErrorMessage error={datasets.error.error} />}
      {datasets.data !== undefined && rows.length === 0 ? (
        <EmptyState title="No datasets yet" actions={sealButton}>
          Sealing encrypts a file or a folder on this computer to a key in your vault. What leaves the desk later is
          only the sealed file.
        </EmptyState>
      ) : null}
      {selected === undefined ? null : (
        <WorkArea panel={<DatasetPanel dataset={selected} />}>
          <Table
            label="Sealed datasets"
            rows={rows}
            columns={columns}
            rowKey={(row) => row.id}
            selected={selected.id}
            onSelect={(row) => setSelectedId(row.id)}
            initialSort={{ column: 'sealedAt', direction: 'descending' }}
            fill
          />
        </WorkArea>
      )}
      <SealDialog open={sealing} onClose={() => setSealing(false)} />
    </Page>
  );
}
