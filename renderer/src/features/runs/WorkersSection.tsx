import type { RunView } from '../../../../electron/contract/views.ts';
import { useNow } from '../../state/index.ts';
import { Section, Table, TrustLabel, formatAge, formatTime, plural, type Column } from '../../ui/index.ts';
import styles from './Runs.module.css';
import { isActive } from './run-words.ts';
import { claimWords, signedWords, workerRows, type WorkerRow } from './worker-rows.ts';

function workerColumns(run: RunView, now: number): Column<WorkerRow>[] {
  const active = isActive(run);
  const columns: Column<WorkerRow>[] = [
    { id: 'rank', title: 'Rank', width: '44px', cell: ({ rank }) => rank },
    {
      id: 'node',
      title: 'Node',
      width: 'minmax(104px, 1fr)',
      cell: ({ node }) => <span className="mono">{node}</span>,
    },
    {
      id: 'evidence',
      title: 'Evidence',
      width: 'minmax(92px, 1fr)',
      cell: ({ trust }) => <TrustLabel trust={trust} simulated={run.simulated} />,
    },
    {
      id: 'signed',
      title: 'Signed by the node',
      width: 'minmax(128px, 1.6fr)',
      cell: ({ signed }) => (
        <span>
          {signedWords(signed)}
          {signed?.lastSignedAt === undefined ? null : (
            <span className="faint">
              {' '}
              {active ? formatAge(signed.lastSignedAt, now) : `at ${formatTime(signed.lastSignedAt)}`}
            </span>
          )}
        </span>
      ),
    },
  ];
  if (run.cluster === undefined) return columns;
  const said: Column<WorkerRow> = {
    id: 'said',
    title: 'Ray says of the node',
    width: 'minmax(112px, 1.2fr)',
    cell: ({ said: seen }) => (
      <span className="dim">
        {seen === undefined ? 'nothing' : seen.state}
        {seen?.message === undefined ? '' : `: ${seen.message}`}
      </span>
    ),
  };
  return [...columns, said];
}

/** Several workers: which rank is where, what its node signed, and beside that what the scheduler claims. */
export function WorkersSection({ run }: { readonly run: RunView }) {
  const now = useNow();
  const rows = workerRows(run);
  const { cluster } = run;
  if (rows.length === 0) return null;
  return (
    <Section
      title="Workers"
      note={
        cluster === undefined
          ? `${plural(rows.length, 'node')}, started by this desk`
          : `${plural(rows.length, 'node')}, started by Ray, which has neither key nor data`
      }
    >
      <div className={styles.workers}>
        <Table
          label="Workers"
          rows={rows}
          columns={workerColumns(run, now)}
          rowKey={({ rank }) => String(rank)}
          flush
        />
      </div>
      {cluster === undefined ? null : <p className="dim">{claimWords(cluster)}</p>}
      {rows.length === 1 ? null : (
        <p className="dim">
          Between the workers nothing is encrypted by Nacre: the network of the nodes must be one you trust with the
          gradients.
        </p>
      )}
    </Section>
  );
}
