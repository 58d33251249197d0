import type { JobDraft } from '../../../../electron/contract/job.ts';
import type { NetworkView } from '../../../../electron/contract/networks.ts';
import { Banner, plural } from '../../ui/index.ts';
import { withWorkers, workersOf } from './candidates.ts';
import styles from './Designer.module.css';
import { NumberField } from './NumberField.tsx';

/** `workersLimit` of the contract, which the page may import types of only. */
const workersLimit = 16;

interface WorkersFieldsProps {
  readonly draft: JobDraft;
  readonly network: NetworkView | undefined;
  readonly edit: (change: Partial<JobDraft>) => void;
}

/** How many nodes train together, who tells them to begin, and what is not protected between them. */
export function WorkersFields({ draft, network, edit }: WorkersFieldsProps) {
  const { count, minimum } = workersOf(draft);
  if (draft.program.type === 'builtin') {
    return (
      <p className="small dim">
        The built-in trainer works on one node{network === undefined ? '' : ' and not through Ray'}. For several workers
        or a Ray cluster take a Python script or a command in step 2.
      </p>
    );
  }
  return (
    <>
      <div className={styles.line}>
        <div className={styles.short}>
          <NumberField
            name="Workers"
            unit={count === 1 ? 'node' : 'nodes'}
            value={count}
            minimum={1}
            maximum={workersLimit}
            onNumber={(all) => edit(withWorkers(all, minimum === count ? all : minimum))}
          />
        </div>
        {count === 1 ? null : (
          <div className={styles.short}>
            <NumberField
              key={count}
              name="Goes on with at least"
              unit={minimum === 1 ? 'node' : 'nodes'}
              value={minimum}
              minimum={1}
              maximum={count}
              onNumber={(fewest) => edit(withWorkers(count, fewest))}
            />
          </div>
        )}
        <p className={styles.words}>
          {network === undefined
            ? `This desk tells ${count === 1 ? 'the worker' : 'the workers'} to begin, over the attested connection.`
            : 'Ray tells the workers to begin. It is not trusted: it gets one small program and neither key, data nor code, and cannot move a rank. A node without a key has nothing to begin.'}
          {count === 1
            ? ''
            : ` Chosen first, ranked first: rank 0 reports metrics, checkpoints and the model. If a node fails its fresh evidence, the next one chosen takes its rank${
                minimum < count
                  ? `; with fewer than ${plural(count, 'node')} it begins, or goes on, with ${minimum}`
                  : ''
              }.`}
        </p>
      </div>
      {count === 1 ? null : (
        <Banner kind="warning" title="Between the workers nothing is encrypted by Nacre.">
          PyTorch’s gloo sends gradients as they are: whoever reads the network between the nodes can learn about the
          data from them. Where that is not acceptable, train on one node.
        </Banner>
      )}
    </>
  );
}
