import { useMemo } from 'react';
import { WorldMap, type MapNode } from '../../map/index.ts';
import { useAction, useMethod } from '../../host/index.ts';
import { useLayout, useNow } from '../../state/index.ts';
import {
  Banner,
  Button,
  Chip,
  EmptyState,
  ErrorMessage,
  formatCount,
  Page,
  PageHead,
  plural,
  Segmented,
  shortGpu,
  Table,
  TextInput,
  TrustMark,
  Waiting,
  WorkArea,
} from '../../ui/index.ts';
import { nodeColumns } from './columns.tsx';
import { filterNodes, trustOf } from './node-words.ts';
import { AddNetworkButton, ClustersSection } from './ClustersSection.tsx';
import { HealthAlarms } from './HealthAlarms.tsx';
import { NodePanel } from './NodePanel.tsx';
import styles from './Nodes.module.css';

/** Which nodes may have a key, and why not the others: a table, a map and one node in full. */
export default function NodesScreen() {
  const now = useNow();
  const state = useMethod('app.state', {});
  const nodes = useMethod('nodes.list', {});
  const start = useAction('network.start');
  const verify = useAction('nodes.verify');
  const filter = useLayout((layout) => layout.nodeFilter);
  const setFilter = useLayout((layout) => layout.setNodeFilter);
  const selectedName = useLayout((layout) => layout.selectedNode);
  const select = useLayout((layout) => layout.selectNode);

  const all = nodes.data;
  const shown = useMemo(() => filterNodes(all ?? [], filter), [all, filter]);
  const columns = useMemo(() => nodeColumns(now), [now]);
  const gpus = useMemo(() => [...new Set((all ?? []).map((node) => shortGpu(node.gpuModel)))].toSorted(), [all]);
  const marks = useMemo(
    () =>
      shown.map((node): MapNode => ({
        name: node.name,
        place: node.city,
        latitude: node.latitude,
        longitude: node.longitude,
        trust: trustOf(node),
        simulated: node.simulated,
      })),
    [shown],
  );
  const selected = all?.find((node) => node.name === selectedName) ?? shown[0];
  const network = state.data?.network.state;

  if (all === undefined) {
    return (
      <Page>
        <PageHead title="Nodes" />
        {nodes.error === null ? (
          <Waiting>Reading the directory of nodes</Waiting>
        ) : (
          <ErrorMessage error={nodes.error.error} />
        )}
      </Page>
    );
  }
  if (all.length === 0) {
    return (
      <Page>
        <PageHead title="Nodes" />
        <EmptyState
          title="No nodes yet"
          actions={
            <>
              <Button
                variant="primary"
                onClick={() => start.mutate({})}
                working={start.isPending || network === 'starting' ? 'Starting network' : undefined}
              >
                Start local network
              </Button>
              <AddNetworkButton />
            </>
          }
        >
          The local network starts node agents on this computer. They are SIMULATED: real formats, no hardware behind
          them.
        </EmptyState>
        {start.error === null ? null : <ErrorMessage error={start.error.error} />}
        <ClustersSection />
      </Page>
    );
  }
  return (
    <Page>
      <PageHead
        title="Nodes"
        note={
          shown.length === all.length
            ? plural(all.length, 'node')
            : `${formatCount(shown.length)} of ${formatCount(all.length)} match`
        }
        actions={
          <>
            <Segmented
              label="Verdict"
              value={filter.trust}
              onValue={(trust) => setFilter({ ...filter, trust })}
              options={[
                { value: 'any', label: `All ${formatCount(all.length)}` },
                { value: 'verified', label: 'Verified' },
                { value: 'refused', label: 'Refused' },
                { value: 'unknown', label: 'Unknown' },
              ]}
            />
            <AddNetworkButton />
            <Button
              variant="primary"
              onClick={() => verify.mutate({})}
              working={verify.isPending ? 'Asking nodes' : undefined}
            >
              {`Ask ${formatCount(all.length)} for evidence`}
            </Button>
          </>
        }
      />
      {all.some((node) => node.simulated) ? (
        <Banner kind="simulated">
          These nodes run on this computer without hardware behind them. Formats and checks are real, the trust is not.
        </Banner>
      ) : null}
      <HealthAlarms selected={selected?.name} onOpen={select} />
      {verify.error === null ? null : <ErrorMessage inline error={verify.error.error} />}
      <div className={styles.filters}>
        <div className={styles.search}>
          <TextInput
            name="Search nodes"
            hiddenName
            placeholder="Name, place, chip, reason"
            type="search"
            value={filter.text}
            onChange={(event) => setFilter({ ...filter, text: event.currentTarget.value })}
          />
        </div>
        {gpus.map((gpu) => (
          <Chip
            key={gpu}
            pressed={filter.gpus.includes(gpu)}
            onToggle={() =>
              setFilter({
                ...filter,
                gpus: filter.gpus.includes(gpu) ? filter.gpus.filter((other) => other !== gpu) : [...filter.gpus, gpu],
              })
            }
          >
            {gpu}
          </Chip>
        ))}
        <span className="small faint">
          Prices and places of the local network are made up; evidence ages count from the last answer.
        </span>
      </div>
      <WorkArea
        panelWidth={384}
        panel={selected === undefined ? undefined : <NodePanel key={selected.name} node={selected} />}
      >
        <div className={styles.table}>
          <Table
            label="Nodes"
            fill
            rows={shown}
            columns={columns}
            rowKey={(node) => node.name}
            selected={selected?.name}
            onSelect={(node) => select(node.name)}
            isOff={(node) => node.reachable === 'no'}
            empty={
              <EmptyState
                title="No node fits"
                actions={
                  <Button onClick={() => setFilter({ text: '', trust: 'any', gpus: [] })}>Clear the filters</Button>
                }
              >
                {plural(all.length, 'node')} without them.
              </EmptyState>
            }
          />
        </div>
        <ClustersSection />
        <div className={styles.geo}>
          <WorldMap nodes={marks} selected={selected?.name} onSelect={select} />
          <div className={styles.by}>
            <span className="label">{plural(shown.length, 'node')} by verdict</span>
            <ul>
              {(['verified', 'warning', 'refused', 'unknown'] as const).map((trust) => (
                <li key={trust}>
                  <TrustMark trust={trust} simulated={shown.some((node) => node.simulated)} />
                  {
                    { verified: 'Verified', warning: 'Warning', refused: 'Refused', unknown: 'Unknown or never asked' }[
                      trust
                    ]
                  }
                  <b>{formatCount(shown.filter((node) => trustOf(node) === trust).length)}</b>
                </li>
              ))}
            </ul>
          </div>
        </div>
      </WorkArea>
    </Page>
  );
}
