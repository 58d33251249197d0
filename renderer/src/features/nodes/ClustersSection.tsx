import { useState } from 'react';
import type { NetworkView } from '../../../../electron/contract/networks.ts';
import { useAction, useMethod } from '../../host/index.ts';
import { Banner, Button, ConsequenceDialog, ErrorMessage, Section, TrustLabel } from '../../ui/index.ts';
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
  const networks = useMethod('networks.list', {});
  const known = networks.data ?? [];
  if (known.length === 0 && networks.error === null) return null;
  return (
    <div className={styles.clusters}>
      {networks.error === null ? null : <ErrorMessage inline error={networks.error.error} />}
      {known.map((network) => (
        <Cluster key={network.id} network={network} />
      ))}
    </div>
  );
}

function Cluster({ network }: { readonly network: NetworkView }) {
  const [leaving, setLeaving] = useState(false);
  const disconnect = useAction('networks.disconnect');
  return (
    <Section title={network.url} note={clusterWords(network)}>
      {network.accepted.map((danger) => (
        <Banner key={danger} kind="warning" title="Accepted.">
          {dangerWords[danger]}
        </Banner>
      ))}
      {network.error === undefined ? null : <Banner kind="unknown">{network.error.message}</Banner>}
      <ul className={styles.clusterNodes}>
        {network.nodes.map((node) => (
          <li key={node.id}>
            <span className="mono">{node.labels['nacre-node'] ?? node.id.slice(0, 12)}</span>
            <span className="dim">
              {node.head ? 'head' : 'worker'}, Ray says {node.state}
              {node.message === undefined ? '' : `: ${node.message}`}
            </span>
            {node.head ? null : node.agent === undefined ? (
              <span className="faint">no known agent beside it: it gets no work</span>
            ) : (
              <TrustLabel
                trust={clusterTrust(node.agent.trust)}
                simulated={node.agent.simulated}
                word={node.agent.trust}
                tag={node.agent.simulated}
              />
            )}
          </li>
        ))}
      </ul>
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

function clusterTrust(trust: string) {
  return trust === 'verified' || trust === 'warning' || trust === 'refused' ? trust : 'unknown';
}
