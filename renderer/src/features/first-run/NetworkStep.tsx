import type { NodeView } from '../../../../electron/contract/views.ts';
import { useAction, useMethod } from '../../host/index.ts';
import { useNow } from '../../state/index.ts';
import {
  Button,
  cx,
  ErrorMessage,
  formatAge,
  ProgressBar,
  reasonWords,
  shortGpu,
  SimulatedTag,
  Table,
  Tick,
  TrustLabel,
  type Column,
} from '../../ui/index.ts';
import styles from './FirstRun.module.css';

const real = [
  'Report formats, SNP and SPDM',
  'Verifier, policy, key release',
  'Sealing, ledger, receipts',
  'Wire protocol and telemetry',
];
const notReal = [
  'Hardware roots: made on start',
  'Memory encryption',
  'Prices, places and GPUs',
  'Any reason to trust a node',
];

export function NetworkStep({ current, open }: { readonly current: boolean; readonly open: boolean }) {
  const state = useMethod('app.state', {});
  const nodes = useMethod('nodes.list', {}, { enabled: open });
  const tasks = useMethod('tasks.list', {}, { enabled: open });
  const start = useAction('network.start');
  const stop = useAction('network.stop');
  const now = useNow();
  const network = state.data?.network;
  const running = network?.state === 'running';
  const starting = network?.state === 'starting' || start.isPending;
  const task = tasks.data?.find((candidate) => candidate.kind === 'network-start');
  const failure = start.error?.error ?? stop.error?.error ?? (network?.state === 'failed' ? task?.error : undefined);
  return (
    <section className={cx(styles.step, current && styles.current)} aria-labelledby="first-run-2">
      <h2 className={styles.title} id="first-run-2">
        <span className={styles.number}>2</span>
        Start the local network
        <SimulatedTag />
        {running ? (
          <small>
            <Tick /> running
          </small>
        ) : null}
      </h2>
      <p className={styles.lead}>
        Node agents start on this computer and prove themselves to the same verifier that checks real nodes. Some of
        them are bad on purpose and must be refused.
      </p>
      {nodes.data === undefined || nodes.data.length === 0 ? null : (
        <Table
          label="Local nodes"
          flush
          tall
          onPanel={current}
          rows={nodes.data}
          rowKey={(node) => node.name}
          columns={nodeColumns(now)}
        />
      )}
      {starting ? (
        <div className={styles.progress}>
          <ProgressBar
            title={
              network === undefined || network.nodes === 0
                ? 'Starting the local network'
                : `${network.ready} of ${network.nodes} nodes ready`
            }
            progress={
              task?.progress ??
              (network === undefined || network.nodes === 0
                ? undefined
                : { done: network.ready, total: network.nodes, unit: 'nodes' })
            }
            sentence={
              task?.progress === undefined
                ? undefined
                : `${task.progress.done} of ${task.progress.total} processes: the nodes and their directory`
            }
          />
        </div>
      ) : null}
      {failure === undefined ? null : <ErrorMessage inline error={{ ...failure, code: failure.code }} />}
      <div className={styles.pair}>
        <div>
          <h3 className={styles.sub}>Real here</h3>
          <ul className={styles.facts}>
            {real.map((fact) => (
              <li key={fact}>
                <Tick />
                {fact}
              </li>
            ))}
          </ul>
        </div>
        <div>
          <h3 className={styles.sub}>Not real here</h3>
          <ul className={styles.facts}>
            {notReal.map((fact) => (
              <li key={fact}>
                <span className={styles.hatched} />
                {fact}
              </li>
            ))}
          </ul>
        </div>
      </div>
      <div className={styles.acts}>
        {running ? (
          <>
            <Button tall onClick={() => stop.mutate({})} working={stop.isPending ? 'Stopping network' : undefined}>
              Stop network
            </Button>
            <span className="small faint">Reachable from this computer only.</span>
          </>
        ) : (
          <Button
            tall
            variant={current ? 'primary' : 'default'}
            working={starting ? 'Starting network' : undefined}
            off={open ? undefined : 'Waits for the vault.'}
            onClick={() => start.mutate({})}
          >
            Start local network
          </Button>
        )}
      </div>
    </section>
  );
}

/** The nodes of this step at the time `now`. */
function nodeColumns(now: number): ReadonlyArray<Column<NodeView>> {
  return [
    {
      id: 'node',
      title: 'Node',
      width: 'minmax(84px, 0.8fr)',
      cell: (node) => <span className="mono">{node.name}</span>,
    },
    {
      id: 'format',
      title: 'Evidence format',
      width: '92px',
      optional: true,
      cell: (node) => <span className="dim">{`${node.cpuFamily.toUpperCase()} + ${shortGpu(node.gpuModel)}`}</span>,
    },
    {
      id: 'state',
      title: 'State',
      width: 'minmax(160px, 1.8fr)',
      cell: (node) => (
        <TrustLabel
          trust={node.trust === 'checking' ? 'unknown' : node.trust}
          simulated={node.simulated}
          word={node.trust === 'checking' ? 'Checking' : node.trust === 'unknown' ? 'Not asked' : undefined}
          note={
            node.verifiedAt === undefined || node.trust === 'checking'
              ? undefined
              : node.trust === 'refused'
                ? reasonWords(node.reason)
                : formatAge(node.verifiedAt, now)
          }
        />
      ),
    },
  ];
}
