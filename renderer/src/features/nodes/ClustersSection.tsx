import { useState } from 'react';
import { Link } from 'react-router';
import type { NetworkView } from '../../../../electron/contract/networks.ts';
import type { NodeView } from '../../../../electron/contract/views.ts';
import { useAction, useMethod } from '../../host/index.ts';
import { Banner, Button, ConsequenceDialog, ErrorMessage, Section, TrustLabel, reasonWords } from '../../ui/index.ts';
import { AddNetworkDialog } from './AddNetworkDialog.tsx';
import { clusterWords, dangerWords } from './cluster-words.ts';
import styles from './Nodes.module.css';

/** Opens the dialog that adds one. */
export function AddNetworkButton() {
  const [adding, setAdding] = useState(false);
  return (
    <>
      <Button onClick={() => setAdding(true)}>Add a Ray cluster</Button>
      <AddNetworkDialog open={adding} onClose={() => setAdding(false)} />
    </>
  );
}

/** Ray clusters that were added: what they say of their nodes, beside the verdict on the agent of each. */
export function ClustersSection() {
  // The dashboards themselves are asked; no stream tells of them.
  const networks = useMethod('networks.list', {}, { every: 10_000 });
  const nodes = useMethod('nodes.list', {});
  const known = networks.data ?? [];
  if (known.length === 0 && networks.error === null) return null;
  return (
    <div className={styles.clusters}>
      {networks.error === null ? null : <ErrorMessage inline error={networks.error.error} />}
      {known.map((network) => (
        <Cluster key={network.id} network={network} nodes={nodes.data ?? []} />
      ))}
    </div>
  );
}

interface ClusterProps {
  readonly network: NetworkView;
  readonly nodes: readonly NodeView[];
}

function Cluster({ network, nodes }: ClusterProps) {
  const [leaving, setLeaving] = useState(false);
  const disconnect = useAction('networks.disconnect');
  return (
    <Section title={network.url} note={clusterWords(network, nodes)}>
      {network.accepted.map((danger) => (
        <Banner key={danger} kind="warning" title="Accepted.">
          {dangerWords[danger]}
        </Banner>
      ))}
      {network.error === undefined ? null : <Banner kind="unknown">{network.error.message}</Banner>}
      {network.nodes.length === 0 ? null : (
        <ul className={styles.clusterNodes} aria-label={`Nodes of ${network.url}`}>
          {network.nodes.map((node) => (
            <li key={node.id}>
              <span className="mono">{node.labels['nacre-node'] ?? node.id.slice(0, 12)}</span>
              <span className="dim">
                {node.head ? 'head, takes no work' : 'worker'}, Ray says {node.state}
                {node.message === undefined ? '' : `: ${node.message}`}
              </span>
              {node.head ? null : <Verdict node={nodes.find(({ name }) => name === node.agent?.node)} />}
            </li>
          ))}
        </ul>
      )}
      {network.directory === true ? (
        <p className="small dim">
          One directory of agents is known at a time. Now it is the one that came with this cluster, SIMULATED; remove
          the cluster to start the local network again.
        </p>
      ) : null}
      <Button onClick={() => setLeaving(true)}>Remove</Button>
      {disconnect.error === null ? null : <ErrorMessage inline error={disconnect.error.error} />}
      <ConsequenceDialog
        open={leaving}
        onClose={() => setLeaving(false)}
        title="Remove this cluster?"
        consequence="The vault forgets its token. Agents that came with it are no longer known here."
        keep="Keep it"
        act="Remove cluster"
        onAct={() => disconnect.mutate({ id: network.id }, { onSuccess: () => setLeaving(false) })}
      />
    </Section>
  );
}

/** What this desk found of the agent beside a node; Ray has no say in it. */
function Verdict({ node }: { readonly node: NodeView | undefined }) {
  if (node === undefined) return <span className="faint">no known agent beside it: it gets no work</span>;
  const { simulated } = node;
  if (node.trust === 'checking') return <TrustLabel trust="unknown" simulated={simulated} word="Checking" />;
  return (
    <TrustLabel
      trust={node.trust}
      simulated={simulated}
      note={
        node.trust === 'refused' ? (
          <Link to={`/evidence/node/${encodeURIComponent(node.name)}`}>{reasonWords(node.reason)}</Link>
        ) : undefined
      }
      tag={simulated}
    />
  );
}
