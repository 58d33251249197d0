import { useState } from 'react';
import { Link } from 'react-router';
import type { JobDraft } from '../../../../electron/contract/job.ts';
import type { PolicyView } from '../../../../electron/contract/policy-document.ts';
import type { Estimate, NodeView } from '../../../../electron/contract/views.ts';
import { useNow } from '../../state/index.ts';
import {
  Radio,
  reasonWords,
  Segmented,
  Select,
  shortGpu,
  SimulatedTag,
  TrustLabel,
  formatAge,
  formatDuration,
  formatUsd,
  plural,
} from '../../ui/index.ts';
import styles from './Designer.module.css';
import { Step } from './Step.tsx';

interface NodesStepProps {
  readonly draft: JobDraft;
  readonly nodes: readonly NodeView[];
  readonly estimate: Estimate | undefined;
  readonly policies: readonly PolicyView[];
  readonly policyId: string | undefined;
  /** Nodes that custodians let through once, past checks that did not pass. */
  readonly letThrough: ReadonlySet<string>;
  readonly edit: (change: Partial<JobDraft>) => void;
}

export function NodesStep({ draft, nodes, estimate, policies, policyId, letThrough, edit }: NodesStepProps) {
  const [shown, setShown] = useState<'passing' | 'all'>('all');
  const now = useNow();
  const usable = (node: NodeView) => node.trust === 'verified' || letThrough.has(node.name);
  const passing = nodes.filter(usable);
  const rows = shown === 'passing' ? passing : nodes;
  const chosen = draft.nodes[0];
  const chosenNode = nodes.find((node) => node.name === chosen);
  const ready = chosenNode !== undefined && usable(chosenNode);
  return (
    <Step
      number={3}
      title="Nodes and policy"
      ready={ready}
      note={ready ? '1 chosen' : nodes.length === 0 ? 'Start a network first' : 'Choose a node that verified'}
    >
      <div className={styles.policy}>
        <Select
          name="Policy that nodes must pass"
          hiddenName
          value={policyId}
          onValue={(chosenPolicy) => edit({ policyId: chosenPolicy })}
          options={policies.map(({ policy, builtin, number }) => ({
            value: policy.id,
            label: policy.name,
            note: builtin ? 'built in' : `v${number}`,
          }))}
        />
      </div>
      <div className={styles.line}>
        <Segmented
          label="Nodes shown"
          options={[
            { value: 'passing', label: `Passing ${passing.length}` },
            { value: 'all', label: `All ${nodes.length}` },
          ]}
          value={shown}
          onValue={setShown}
        />
        <span className={styles.aside}>
          {nodes.some((node) => node.simulated) ? <SimulatedTag /> : null} Evidence is asked for again before a key goes
          out.
        </span>
      </div>
      {rows.length === 0 ? (
        <p className="dim">
          {nodes.length === 0 ? 'No nodes yet. ' : 'No node passes this policy. '}
          <Link to="/nodes">Open nodes</Link>
        </p>
      ) : (
        <div className={styles.tableWrap}>
          <table className={styles.table}>
            <thead>
              <tr>
                <th>
                  <span className="sr">Use</span>
                </th>
                <th>Node</th>
                <th>Hardware</th>
                <th className="optional">Place</th>
                <th>Evidence</th>
                <th className="num">Transfer</th>
                <th className="num">$ / h</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((node) => {
                const transfer = estimate?.nodes.find((candidate) => candidate.node === node.name);
                return (
                  <tr key={node.name} className={usable(node) ? undefined : styles.off}>
                    <td>
                      <Radio
                        name="designer-node"
                        checked={chosen === node.name}
                        disabled={!usable(node)}
                        onChange={() => edit({ nodes: [node.name] })}
                      >
                        <span className="sr">Run on {node.name}</span>
                      </Radio>
                    </td>
                    <td className="mono">{node.name}</td>
                    <td>
                      {node.cpuFamily.toUpperCase()} + {shortGpu(node.gpuModel)}
                    </td>
                    <td className="dim optional">
                      {node.city}, {node.country}
                    </td>
                    <td>
                      {node.trust === 'checking' ? (
                        <TrustLabel trust="unknown" simulated={node.simulated} word="Checking" />
                      ) : (
                        <TrustLabel
                          trust={node.trust}
                          simulated={node.simulated}
                          note={
                            letThrough.has(node.name) ? (
                              'let through once by custodians'
                            ) : node.trust === 'refused' ? (
                              <Link to={`/evidence/node/${encodeURIComponent(node.name)}`}>
                                {node.reason === undefined ? 'Why' : reasonWords(node.reason)}
                              </Link>
                            ) : node.verifiedAt === undefined ? (
                              'not asked'
                            ) : (
                              formatAge(node.verifiedAt, now)
                            )
                          }
                        />
                      )}
                    </td>
                    <td className="num">{transfer === undefined ? '' : formatDuration(transfer.transferSeconds)}</td>
                    <td className="num">{formatUsd(node.usdPerHour)}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
      <p className={styles.facts}>
        <span>
          The marks are of the last check. Under the policy of this run every node is checked again, and the key goes
          out only if it passes.
        </span>
        <span>{plural(nodes.length - passing.length, 'node')} cannot be chosen: no evidence that passes.</span>
      </p>
    </Step>
  );
}
