import { useState } from 'react';
import { Link } from 'react-router';
import type { JobDraft } from '../../../../electron/contract/job.ts';
import type { NetworkView } from '../../../../electron/contract/networks.ts';
import type { PolicyView } from '../../../../electron/contract/policy-document.ts';
import type { Estimate, NodeView } from '../../../../electron/contract/views.ts';
import { Segmented, Select, SimulatedTag, plural } from '../../ui/index.ts';
import { candidatesOf, onNetwork, workersOf } from './candidates.ts';
import { CandidateTable } from './CandidateTable.tsx';
import styles from './Designer.module.css';
import { NetworkChoice, NetworkNotes } from './NetworkChoice.tsx';
import { Step } from './Step.tsx';
import { WorkersFields } from './WorkersFields.tsx';

interface NodesStepProps {
  readonly draft: JobDraft;
  readonly nodes: readonly NodeView[];
  /** Clusters that were added; undefined while they are asked. */
  readonly networks: readonly NetworkView[] | undefined;
  readonly estimate: Estimate | undefined;
  readonly policies: readonly PolicyView[];
  readonly policyId: string | undefined;
  /** Nodes that custodians let through once, past checks that did not pass. */
  readonly letThrough: ReadonlySet<string>;
  readonly edit: (change: Partial<JobDraft>) => void;
}

/** Which nodes may train, in which order, and who starts them there. */
export function NodesStep(props: NodesStepProps) {
  const { draft, nodes, networks, estimate, policies, policyId, letThrough, edit } = props;
  const [shown, setShown] = useState<'passing' | 'all'>('all');
  const network = networks?.find(({ id }) => id === draft.network);
  const missing = networks !== undefined && network === undefined ? draft.network : undefined;
  const all = missing === undefined ? candidatesOf(nodes, network, letThrough) : [];
  const passing = all.filter(({ off }) => off === undefined);
  const able = draft.nodes.filter((name) => passing.some((candidate) => candidate.name === name)).length;
  const { count, minimum } = workersOf(draft);
  const ready = able >= minimum && able > 0;
  const spares = Math.max(0, able - count);
  const note = ready
    ? `${Math.min(able, count)} chosen${spares === 0 ? '' : `, ${plural(spares, 'spare')}`}`
    : all.length === 0
      ? 'Start a network first'
      : able === 0
        ? 'Choose a node that verified'
        : `${able} of at least ${minimum} chosen`;
  return (
    <Step number={3} title="Nodes and policy" ready={ready} note={note}>
      <div className={styles.choices}>
        <div className={styles.policy}>
          <Select
            name="Policy that nodes must pass"
            value={policyId}
            onValue={(chosenPolicy) => edit({ policyId: chosenPolicy })}
            options={policies.map(({ policy, builtin, number }) => ({
              value: policy.id,
              label: policy.name,
              note: builtin ? 'built in' : `v${number}`,
            }))}
          />
        </div>
        <NetworkChoice
          networks={networks ?? []}
          chosen={network}
          missing={missing}
          trainer={draft.program.type === 'builtin'}
          onNetwork={(next) => edit(onNetwork(draft, next?.id, candidatesOf(nodes, next, letThrough)))}
        />
      </div>
      <NetworkNotes networks={networks ?? []} chosen={network} missing={missing} />
      <WorkersFields draft={draft} network={network} edit={edit} />
      <div className={styles.line}>
        <Segmented
          label="Nodes shown"
          options={[
            { value: 'passing', label: `Passing ${passing.length}` },
            { value: 'all', label: `All ${all.length}` },
          ]}
          value={shown}
          onValue={setShown}
        />
        <span className={styles.aside}>
          {all.some(({ node }) => node?.simulated === true) ? <SimulatedTag /> : null} Evidence is asked for again
          before a key goes out.
        </span>
      </div>
      <CandidateTable
        draft={draft}
        candidates={shown === 'passing' ? passing : all}
        estimate={estimate}
        letThrough={letThrough}
        empty={
          <p className="dim">
            {all.length === 0 ? 'No nodes yet. ' : 'No node passes this policy. '}
            <Link to="/nodes">Open nodes</Link>
          </p>
        }
        edit={edit}
      />
      <p className={styles.facts}>
        <span>
          The marks are of the last check. Under the policy of this run every node is checked again, and the key goes
          out only if it passes.
        </span>
        <span>{plural(all.length - passing.length, 'node')} cannot be chosen; the table says why.</span>
      </p>
    </Step>
  );
}
