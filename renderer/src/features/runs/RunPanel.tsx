import type { RunEvent, RunView } from '../../../../electron/contract/views.ts';
import {
  Digest,
  KeyValue,
  Log,
  Section,
  SidePanel,
  Tabs,
  TrustMark,
  formatBytes,
  formatCount,
  formatDateTime,
  formatTime,
  formatUsd,
  shortDigest,
} from '../../ui/index.ts';
import { eventTrust } from './run-words.ts';
import styles from './Runs.module.css';
import { workerRows } from './worker-rows.ts';

interface RunPanelProps {
  readonly run: RunView;
  readonly events: readonly RunEvent[];
}

export function RunPanel({ run, events }: RunPanelProps) {
  const several = workerRows(run).length > 0;
  return (
    <SidePanel label={`Details of ${run.name}`}>
      <Tabs
        label="Details"
        inset
        tabs={[
          { id: 'events', title: 'Events', content: <Events run={run} events={events} /> },
          {
            id: 'log',
            title: 'Log',
            content: (
              <Log
                label={`Output of ${run.name}`}
                tracks={several ? '64px 56px minmax(0, 1fr)' : '64px minmax(0, 1fr)'}
                lines={run.log.map((line, index) => ({
                  id: `${index}-${line.at}`,
                  cells: [formatTime(line.at), ...(several ? [whoSays(run, line.node)] : []), line.line],
                }))}
                empty="The program has printed nothing."
              />
            ),
          },
          { id: 'checkpoints', title: `Checkpoints ${run.checkpoints.length}`, content: <Checkpoints run={run} /> },
          { id: 'order', title: 'Order', content: <Order run={run} /> },
        ]}
      />
    </SidePanel>
  );
}

/** Whose line of the log it is: a rank's, the scheduler's, or that of a node of an earlier attempt. */
function whoSays(run: RunView, node: string): string {
  const rank = run.workers?.find((worker) => worker.node === node)?.rank;
  return rank === undefined ? node : `rank ${rank}`;
}

function Events({ run, events }: RunPanelProps) {
  if (events.length === 0) return <p className={styles.none}>Nothing has happened yet.</p>;
  return (
    <ol className={styles.events}>
      {events.toReversed().map((event, index) => {
        const trust = eventTrust(event);
        return (
          <li key={`${event.at}-${events.length - index}`}>
            <span className="mono faint">{formatTime(event.at)}</span>
            {trust === undefined ? (
              <span className={styles.dot} aria-hidden="true" />
            ) : (
              <TrustMark trust={trust} simulated={run.simulated} title={trust} />
            )}
            <span>
              {event.message}
              {event.digest === undefined ? null : (
                <span className="mono faint small"> {shortDigest(event.digest)}</span>
              )}
            </span>
          </li>
        );
      })}
    </ol>
  );
}

function Checkpoints({ run }: { readonly run: RunView }) {
  if (run.checkpoints.length === 0)
    return <p className={styles.none}>No checkpoint yet. They come home sealed to your key.</p>;
  return (
    <Section>
      <KeyValue
        items={run.checkpoints.toReversed().map((checkpoint) => ({
          id: checkpoint.name,
          name: `Step ${formatCount(checkpoint.step)}, ${formatBytes(checkpoint.bytes)}`,
          value: <Digest value={checkpoint.sha256} of={`digest of checkpoint ${checkpoint.step}`} first={6} last={4} />,
        }))}
      />
    </Section>
  );
}

function Order({ run }: { readonly run: RunView }) {
  const { program } = run.draft;
  return (
    <Section title="Signed order">
      <KeyValue
        items={[
          { name: 'Order', value: <Digest value={run.jobId} algorithm="sha256" of="order" first={6} last={4} /> },
          { name: 'Created', value: formatDateTime(run.createdAt) },
          { name: 'Dataset', value: run.datasetName },
          { name: 'Policy', value: run.draft.policyId },
          { name: 'Nodes', value: run.nodes.map((node) => node.name).join(', ') },
          ...(run.draft.workers === undefined
            ? []
            : [{ name: 'Workers', value: `${run.draft.workers.count}, at least ${run.draft.workers.minimum}` }]),
          ...(run.draft.network === undefined
            ? []
            : [{ name: 'Started by', value: `${run.draft.network}, which is not trusted` }]),
          { name: 'Program', value: program.type === 'command' ? program.command.join(' ') : 'built-in trainer' },
          ...(program.type === 'builtin'
            ? [
                { name: 'Target', value: program.target },
                {
                  name: 'Hidden layers',
                  value: program.hidden.length === 0 ? 'none: softmax regression' : program.hidden.join(', '),
                },
                { name: 'Epochs, batch', value: `${formatCount(program.epochs)}, ${formatCount(program.batchSize)}` },
                { name: 'Learning rate', value: String(program.learningRate) },
                { name: 'Seed', value: String(program.seed) },
              ]
            : []),
          { name: 'Budget', value: formatUsd(run.draft.budget.maximumUsd) },
        ]}
      />
    </Section>
  );
}
