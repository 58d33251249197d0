import { useMemo } from 'react';
import { useNavigate } from 'react-router';
import type { KeptEvidence } from '../../../../electron/contract/evidence-files.ts';
import { useMethod } from '../../host/index.ts';
import { useNow } from '../../state/index.ts';
import { ErrorMessage, formatAge, SimulatedTag, Table, type Column } from '../../ui/index.ts';
import styles from './Evidence.module.css';
import { FileStatus } from './FileVerdict.tsx';
import { familyName } from './verdict.ts';

/** Evidence files that were kept, newest first. */
export function KeptList() {
  const navigate = useNavigate();
  const now = useNow();
  const kept = useMethod('evidence.listKept', {});
  const columns = useMemo(() => keptColumns(now), [now]);
  return (
    <section aria-label="Kept evidence files">
      <div className={styles.treeHead}>
        <h2>Kept</h2>
        <span className="small faint">files with their verdict of that day</span>
      </div>
      {kept.error === null ? (
        <Table
          label="Kept evidence files"
          rows={kept.data ?? []}
          columns={columns}
          rowKey={({ id }) => id}
          onOpen={({ id }) => void navigate(`/evidence/kept/${encodeURIComponent(id)}`)}
          empty={
            <p className={styles.none}>
              {kept.data === undefined ? 'Reading the archive.' : 'None yet. Judge files, then keep them.'}
            </p>
          }
        />
      ) : (
        <ErrorMessage error={kept.error.error} />
      )}
    </section>
  );
}

function keptColumns(now: number): ReadonlyArray<Column<KeptEvidence>> {
  return [
    { id: 'status', title: 'Result', width: '132px', cell: ({ result }) => <FileStatus result={result} /> },
    {
      id: 'files',
      title: 'Files',
      width: 'minmax(160px, 2fr)',
      cell: ({ id, result }) => (
        <a className="mono" href={`#/evidence/kept/${encodeURIComponent(id)}`}>
          {result.verification.node}
        </a>
      ),
    },
    { id: 'family', title: 'Family', width: 'minmax(96px, 1fr)', cell: ({ result }) => familyName(result.family) },
    {
      id: 'hardware',
      title: 'Hardware',
      width: '92px',
      cell: ({ result }) => (result.verification.simulated ? <SimulatedTag /> : null),
    },
    {
      id: 'policy',
      title: 'Policy',
      width: 'minmax(96px, 1fr)',
      cell: ({ result }) => <span className="dim">{result.verification.policyId}</span>,
    },
    { id: 'age', title: 'Kept', width: '112px', align: 'end', cell: ({ keptAt }) => formatAge(keptAt, now) },
  ];
}
