import { useState } from 'react';
import type { AuditKind } from '../../../../electron/contract/audit.ts';
import type { AuditView } from '../../../../electron/contract/views.ts';
import { useAction, useMethod } from '../../host/index.ts';
import {
  Banner,
  Button,
  Digest,
  ErrorMessage,
  Section,
  Select,
  SimulatedTag,
  Table,
  TextInput,
  formatCount,
  formatDateTime,
  plural,
  type Column,
} from '../../ui/index.ts';
import styles from './Keys.module.css';
import { actWords, endOfDay, ledgerGroups } from './words.ts';

const wordsOf = ({ kind }: AuditView): string => (kind in actWords ? actWords[kind as AuditKind] : kind);

const columns: ReadonlyArray<Column<AuditView>> = [
  {
    id: 'index',
    title: 'Entry',
    width: '56px',
    align: 'end',
    cell: (entry) => formatCount(entry.index),
    compare: (a, b) => a.index - b.index,
  },
  { id: 'at', title: 'UTC', width: '166px', cell: (entry) => <span className="dim">{formatDateTime(entry.at)}</span> },
  {
    id: 'kind',
    title: 'Act',
    width: 'minmax(124px, 170px)',
    cell: (entry) => <span title={entry.kind}>{wordsOf(entry)}</span>,
    compare: (a, b) => a.kind.localeCompare(b.kind),
  },
  {
    id: 'subject',
    title: 'What',
    width: 'minmax(140px, 1fr)',
    cell: (entry) => (
      <span className="row">
        <span className="mono clip">{entry.subject}</span>
        {entry.simulated ? <SimulatedTag /> : null}
      </span>
    ),
  },
  {
    id: 'leaf',
    title: 'Leaf, sha256',
    width: '100px',
    align: 'end',
    cell: (entry) => <Digest value={entry.leafHash} of={`leaf of entry ${entry.index}`} first={6} last={4} />,
  },
];

const pageSize = 100;
/** As many as the core hands out at once; what is older is found by the filters, or exported. */
const most = 1000;
/** Every act writes an entry, which no stream tells. */
const askAgainMs = 3000;

/** The key ledger: append only, a Merkle tree; checking walks every entry again. */
export function Ledger({ ofKey }: { readonly ofKey: string }) {
  const [group, setGroup] = useState('all');
  const [key, setKey] = useState(ofKey);
  const [job, setJob] = useState('');
  const [since, setSince] = useState('');
  const [path, setPath] = useState('');
  const [limit, setLimit] = useState(pageSize);
  const [filter, setFilter] = useState('');
  const wanted = filter.trim().toLowerCase();
  const kinds = ledgerGroups[group]?.kinds ?? [];
  const day = /^\d{4}-\d{2}-\d{2}$/.test(since) && endOfDay(since) !== undefined ? `${since}T00:00:00Z` : undefined;
  const filters = {
    ...(kinds.length === 0 ? {} : { kinds: [...kinds] }),
    ...(key.trim() === '' ? {} : { key: key.trim() }),
    ...(job.trim() === '' ? {} : { job: job.trim() }),
    ...(day === undefined ? {} : { since: day }),
  };
  const list = useMethod(
    'audit.list',
    // A search looks through all that can be had at once.
    { after: -1, limit: wanted === '' ? limit : most, newest: true, ...filters },
    { keepPrevious: true, every: askAgainMs },
  );
  const exporting = useAction('audit.export');
  const verify = useAction('audit.verify');
  const rows = (list.data?.entries ?? []).filter(
    (entry) => wanted === '' || `${entry.kind} ${wordsOf(entry)} ${entry.subject}`.toLowerCase().includes(wanted),
  );
  return (
    <Section
      title="Key ledger"
      note={list.data === undefined ? undefined : `${plural(list.data.size, 'entry', 'entries')}, append only`}
      aside={
        <Button variant="quiet" onClick={() => verify.mutate({})} working={verify.isPending ? 'Checking' : undefined}>
          Check the whole ledger
        </Button>
      }
    >
      {list.error === null ? null : <ErrorMessage inline error={list.error.error} />}
      {verify.data === undefined ? null : verify.data.whole ? (
        <Banner kind="fact" title={`${plural(verify.data.size, 'entry', 'entries')} whole.`}>
          Root sha256 {verify.data.root}
        </Banner>
      ) : (
        <Banner kind="refused" title="The ledger was changed.">
          {verify.data.problem} Nothing is released while it does not check.
        </Banner>
      )}
      {verify.error === null ? null : <ErrorMessage inline error={verify.error.error} />}
      <div className={styles.filters}>
        <Select
          name="Acts"
          options={Object.entries(ledgerGroups).map(([value, { name }]) => ({ value, label: name }))}
          value={group}
          onValue={setGroup}
        />
        <TextInput name="Key" mono value={key} onChange={(event) => setKey(event.currentTarget.value)} />
        <TextInput name="Job" mono value={job} onChange={(event) => setJob(event.currentTarget.value)} />
        <TextInput
          name="Since, UTC"
          mono
          placeholder="2027-01-31"
          value={since}
          error={since !== '' && day === undefined ? 'Write a day like 2027-01-31.' : undefined}
          onChange={(event) => setSince(event.currentTarget.value)}
        />
        <TextInput
          name="Search the ledger"
          placeholder="Acts and subjects"
          value={filter}
          onChange={(event) => setFilter(event.currentTarget.value)}
        />
      </div>
      <Table
        label="Key ledger"
        rows={rows}
        columns={columns}
        rowKey={(entry) => String(entry.index)}
        initialSort={{ column: 'index', direction: 'descending' }}
        empty={<p className="dim">{wanted === '' ? 'No entry fits these filters.' : `No entry names "${filter}".`}</p>}
        flush
      />
      {list.data === undefined || wanted !== '' || list.data.entries.length < limit ? null : (
        <div className={styles.older}>
          <span className="small faint">{`The newest ${formatCount(limit)} that fit. Older ones: by the filters, or in the export.`}</span>
          {limit < most ? (
            <Button variant="quiet" onClick={() => setLimit(Math.min(most, limit + pageSize))}>
              Show older entries
            </Button>
          ) : null}
        </div>
      )}
      <div className={styles.export}>
        <TextInput
          name="Export what fits, with proofs, to"
          mono
          placeholder="/media/usb/ledger.json"
          value={path}
          onChange={(event) => setPath(event.currentTarget.value)}
        />
        <Button
          off={path === '' ? 'Name a file.' : undefined}
          working={exporting.isPending ? 'Writing' : undefined}
          onClick={() => exporting.mutate({ path, ...filters })}
        >
          Export ledger
        </Button>
      </div>
      {exporting.error === null ? null : <ErrorMessage inline error={exporting.error.error} />}
      {exporting.data === undefined ? null : (
        <Banner kind="fact" title={`${plural(exporting.data.entries, 'entry', 'entries')} written.`}>
          <span className="mono">{exporting.data.path}</span>, with proofs to the checkpoint of{' '}
          {formatCount(exporting.data.checkpointSize)}.
        </Banner>
      )}
    </Section>
  );
}
