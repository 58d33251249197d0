import { useState } from 'react';
import { Link } from 'react-router';
import type { ReportView } from '../../../../electron/contract/views.ts';
import { DownloadLink, useAction, useMethod } from '../../host/index.ts';
import {
  Button,
  buttonClass,
  Digest,
  EmptyState,
  ErrorMessage,
  KeyValue,
  Page,
  PageHead,
  Section,
  SidePanel,
  SimulatedTag,
  Table,
  Waiting,
  WorkArea,
  formatBytes,
  formatDateTime,
  plural,
  runStateWord,
  type Column,
} from '../../ui/index.ts';
import { VerifyPack } from './VerifyPack.tsx';

const columns: ReadonlyArray<Column<ReportView>> = [
  {
    id: 'name',
    title: 'Run',
    width: 'minmax(160px, 1fr)',
    cell: (report) => <span className="mono clip">{report.name}</span>,
    compare: (a, b) => a.name.localeCompare(b.name),
  },
  { id: 'state', title: 'State', width: '96px', cell: (report) => runStateWord(report.state) },
  {
    id: 'hardware',
    title: 'Hardware',
    width: '96px',
    cell: (report) => (report.simulated ? <SimulatedTag /> : 'real'),
  },
  {
    id: 'ended',
    title: 'Ended',
    width: '174px',
    cell: (report) => (
      <span className="dim">{report.endedAt === undefined ? 'still running' : formatDateTime(report.endedAt)}</span>
    ),
    compare: (a, b) => (a.endedAt ?? '').localeCompare(b.endedAt ?? ''),
  },
  {
    id: 'pack',
    title: 'Pack',
    width: '90px',
    align: 'end',
    cell: (report) =>
      report.packBytes === undefined ? <span className="faint">not made</span> : formatBytes(report.packBytes),
  },
];

/** What an auditor gets: a pack that proves a run, a PDF for people, and the check of a pack somebody else sent. */
export default function ReportsScreen() {
  const reports = useMethod('reports.list', {});
  const [selectedId, setSelectedId] = useState<string>();
  const rows = reports.data ?? [];
  const selected = rows.find((row) => row.runId === selectedId) ?? rows[0];
  return (
    <Page>
      <PageHead
        title="Reports"
        note={
          rows.length === 0 ? undefined : `${plural(rows.length, 'run')}; a pack needs no network and no vault to check`
        }
      />
      <WorkArea panel={selected === undefined ? undefined : <ReportPanel report={selected} />}>
        {reports.isPending ? <Waiting>Reading the runs</Waiting> : null}
        {reports.error === null ? null : <ErrorMessage error={reports.error.error} />}
        {reports.data !== undefined && rows.length === 0 ? (
          <EmptyState title="No runs yet" actions={<Link to="/runs/new">Design a run</Link>}>
            A report is made from a run: its order, evidence, metric chain and receipt.
          </EmptyState>
        ) : null}
        {rows.length === 0 ? null : (
          <Table
            label="Runs with reports"
            rows={rows}
            columns={columns}
            rowKey={(row) => row.runId}
            selected={selected?.runId}
            onSelect={(row) => setSelectedId(row.runId)}
            initialSort={{ column: 'ended', direction: 'descending' }}
          />
        )}
        <VerifyPack />
      </WorkArea>
    </Page>
  );
}

function ReportPanel({ report }: { readonly report: ReportView }) {
  const pack = useAction('reports.exportPack');
  const pdf = useAction('reports.exportPdf');
  const packFile = pack.variables?.runId === report.runId ? pack.data : undefined;
  const pdfFile = pdf.variables?.runId === report.runId ? pdf.data : undefined;
  const succeeded = report.state === 'succeeded';
  return (
    <SidePanel
      label={`Report of ${report.name}`}
      actions={
        <>
          <Button
            variant="primary"
            onClick={() => pack.mutate({ runId: report.runId })}
            working={pack.isPending ? 'Writing' : undefined}
          >
            Make auditor pack
          </Button>
          <Button
            onClick={() => pdf.mutate({ runId: report.runId })}
            working={pdf.isPending ? 'Writing' : undefined}
            off={succeeded ? undefined : 'The PDF tells of a model; this run has none.'}
          >
            Make PDF
          </Button>
        </>
      }
    >
      <Section title={report.name}>
        <KeyValue
          items={[
            { name: 'State', value: runStateWord(report.state) },
            { name: 'Hardware', value: report.simulated ? <SimulatedTag /> : 'real' },
            { name: 'Ended', value: report.endedAt === undefined ? 'still running' : formatDateTime(report.endedAt) },
          ]}
        />
        <p>
          <Link to={`/runs/${report.runId}`}>Open run</Link>
        </p>
      </Section>
      <Section title="In the pack">
        <p className="dim">
          The signed order and manifest, the policy, the raw evidence and its verdicts, the release records, every
          signed telemetry frame, the {succeeded ? 'receipt with both signatures' : 'failure receipts'}, and the ledger
          entries with their proofs.
        </p>
        <p className="dim">Not in it: data, model, keys.</p>
        {succeeded ? null : (
          <p className="dim">This run did not succeed. Its pack says so, for a refund or a review.</p>
        )}
      </Section>
      {packFile === undefined ? null : (
        <Section title="Auditor pack">
          <KeyValue
            items={[
              { name: 'Size', value: formatBytes(packFile.bytes) },
              { name: 'Digest', value: <Digest value={packFile.sha256} algorithm="sha256" of="digest of the pack" /> },
            ]}
          />
          <p className="mono small">{packFile.path}</p>
          <DownloadLink file={packFile} className={buttonClass()}>
            Download auditor pack
          </DownloadLink>
        </Section>
      )}
      {pdfFile === undefined ? null : (
        <Section title="PDF report">
          <p className="mono small">{pdfFile.path}</p>
          <DownloadLink file={pdfFile} className={buttonClass()}>
            Download PDF report
          </DownloadLink>
        </Section>
      )}
      {pack.error === null ? null : <ErrorMessage inline error={pack.error.error} />}
      {pdf.error === null ? null : <ErrorMessage inline error={pdf.error.error} />}
    </SidePanel>
  );
}
