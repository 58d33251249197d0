import { Link, useNavigate } from 'react-router';
import type { RunView } from '../../../../electron/contract/views.ts';
import { useMethod } from '../../host/index.ts';
import {
  buttonClass,
  EmptyState,
  ErrorMessage,
  Page,
  PageHead,
  SimulatedTag,
  Table,
  Waiting,
  WorkArea,
  formatCount,
  formatDateTime,
  formatPercent,
  formatUsd,
  plural,
  type Column,
} from '../../ui/index.ts';
import { stateWord } from './run-words.ts';

const columns: ReadonlyArray<Column<RunView>> = [
  {
    id: 'name',
    title: 'Run',
    width: 'minmax(160px, 1.5fr)',
    cell: (run) => (
      <Link to={`/runs/${run.id}`} className="mono clip">
        {run.name}
      </Link>
    ),
    compare: (a, b) => a.name.localeCompare(b.name),
  },
  { id: 'state', title: 'State', width: '176px', cell: stateWord, compare: (a, b) => a.state.localeCompare(b.state) },
  { id: 'hardware', title: 'Hardware', width: '100px', cell: (run) => (run.simulated ? <SimulatedTag /> : 'real') },
  {
    id: 'nodes',
    title: 'Nodes',
    width: 'minmax(110px, 1fr)',
    cell: (run) => <span className="mono clip">{run.nodes.map((node) => node.name).join(', ')}</span>,
  },
  { id: 'step', title: 'Step', width: '72px', align: 'end', optional: true, cell: (run) => formatCount(run.lastStep) },
  {
    id: 'accuracy',
    title: 'Held-out accuracy',
    width: '124px',
    align: 'end',
    optional: true,
    cell: (run) =>
      run.heldOutAccuracy === undefined ? <span className="faint">none yet</span> : formatPercent(run.heldOutAccuracy),
  },
  {
    id: 'cost',
    title: 'Cost',
    width: '90px',
    align: 'end',
    cell: (run) => formatUsd(run.costUsd),
    compare: (a, b) => a.costUsd - b.costUsd,
  },
  {
    id: 'created',
    title: 'Created',
    width: '190px',
    align: 'end',
    cell: (run) => <span className="dim">{formatDateTime(run.createdAt)}</span>,
    compare: (a, b) => a.createdAt.localeCompare(b.createdAt),
  },
];

/** Every run of this profile, newest first. */
export default function RunsScreen() {
  const runs = useMethod('runs.list', {});
  const navigate = useNavigate();
  const rows = runs.data ?? [];
  const active = rows.filter((run) => run.endedAt === undefined).length;
  const design = (
    <Link to="/runs/new" className={buttonClass('primary')}>
      Design a run
    </Link>
  );
  return (
    <Page>
      <PageHead
        title="Runs"
        note={
          rows.length === 0
            ? undefined
            : active === 0
              ? plural(rows.length, 'run')
              : `${plural(rows.length, 'run')}, ${active} under way`
        }
        actions={rows.length === 0 ? undefined : design}
      />
      <WorkArea>
        {runs.isPending ? <Waiting>Reading the runs</Waiting> : null}
        {runs.error === null ? null : <ErrorMessage error={runs.error.error} />}
        {runs.data !== undefined && rows.length === 0 ? (
          <EmptyState
            title="No runs yet"
            actions={
              <>
                {design}
                <Link to="/start">Launch the sample job</Link>
              </>
            }
          >
            A run needs a sealed dataset and a node that passes your policy.
          </EmptyState>
        ) : null}
        {rows.length === 0 ? null : (
          <Table
            label="Runs"
            rows={rows}
            columns={columns}
            rowKey={(run) => run.id}
            onOpen={(run) => void navigate(`/runs/${run.id}`)}
            initialSort={{ column: 'created', direction: 'descending' }}
            fill
          />
        )}
      </WorkArea>
    </Page>
  );
}
