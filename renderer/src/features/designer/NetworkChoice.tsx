import { Link } from 'react-router';
import type { NetworkView } from '../../../../electron/contract/networks.ts';
import { Banner, Select } from '../../ui/index.ts';
import styles from './Designer.module.css';

interface NetworkChoiceProps {
  readonly networks: readonly NetworkView[];
  readonly chosen: NetworkView | undefined;
  /** Which a draft names that is not connected any more. */
  readonly missing: string | undefined;
  /** The built-in trainer is chosen, which no cluster starts. */
  readonly trainer: boolean;
  readonly onNetwork: (network: NetworkView | undefined) => void;
}

const desk = 'desk';

/** Whose nodes are used, and who starts the workers there. Only where a cluster was added is there anything to choose. */
export function NetworkChoice({ networks, chosen, missing, trainer, onNetwork }: NetworkChoiceProps) {
  if (networks.length === 0 && missing === undefined) return null;
  const noteOf = (network: NetworkView) => {
    if (trainer) return 'for scripts and commands';
    return network.state === 'failed' ? 'does not answer' : 'Ray starts the workers';
  };
  return (
    <div className={styles.policy}>
      <Select
        name="Nodes of"
        value={missing ?? chosen?.id ?? desk}
        onValue={(id) => onNetwork(networks.find((network) => network.id === id))}
        options={[
          {
            value: desk,
            label: ownerOf(networks) === undefined ? 'Local network' : 'All known agents',
            note: 'this desk starts the workers',
          },
          ...networks.map((network) => ({
            value: network.id,
            label: `Ray, ${network.url}`,
            note: noteOf(network),
            disabled: trainer,
          })),
          ...(missing === undefined ? [] : [{ value: missing, label: missing, note: 'removed', disabled: true }]),
        ]}
      />
    </div>
  );
}

/** What keeps nodes from being there: a cluster that is gone or silent, and that one directory is known at a time. */
export function NetworkNotes({
  networks,
  chosen,
  missing,
}: Pick<NetworkChoiceProps, 'networks' | 'chosen' | 'missing'>) {
  const owner = ownerOf(networks);
  return (
    <>
      {missing === undefined ? null : (
        <Banner kind="warning" title={`${missing} is not connected any more.`}>
          Choose other nodes, or add the cluster again on the <Link to="/nodes">nodes screen</Link>.
        </Banner>
      )}
      {chosen?.error === undefined ? null : (
        <Banner kind="unknown" title={`${chosen.url} does not answer.`}>
          {chosen.error.message} Its nodes cannot be taken until it does.
        </Banner>
      )}
      {owner === undefined ? null : (
        <p className="small dim">
          One directory of agents is known at a time. Now it is that of {owner.url}, SIMULATED; the nodes of the local
          network come back when that cluster is removed on the <Link to="/nodes">nodes screen</Link>.
        </p>
      )}
    </>
  );
}

function ownerOf(networks: readonly NetworkView[]): NetworkView | undefined {
  return networks.find(({ directory }) => directory === true);
}
