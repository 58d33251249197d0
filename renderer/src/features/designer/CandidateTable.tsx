import type { ReactNode } from 'react';
import { Link } from 'react-router';
import type { JobDraft } from '../../../../electron/contract/job.ts';
import type { Estimate } from '../../../../electron/contract/views.ts';
import { useNow } from '../../state/index.ts';
import { Button, Checkbox, TrustLabel, formatAge, formatDuration, formatUsd, shortGpu } from '../../ui/index.ts';
import { placeOf, toFront, toggled, type Candidate } from './candidates.ts';
import styles from './Designer.module.css';

interface CandidateTableProps {
  readonly draft: JobDraft;
  readonly candidates: readonly Candidate[];
  readonly estimate: Estimate | undefined;
  readonly letThrough: ReadonlySet<string>;
  /** Shown when there is none. */
  readonly empty: ReactNode;
  readonly edit: (change: Partial<JobDraft>) => void;
}

/** Nodes with their last verdict, what each would cost, and which rank it gets; the reason where it cannot be chosen. */
export function CandidateTable({ draft, candidates, estimate, letThrough, empty, edit }: CandidateTableProps) {
  if (candidates.length === 0) return empty;
  return (
    <div className={styles.tableWrap}>
      <table className={styles.table} aria-label="Nodes for this run">
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
            <th className="num">Use</th>
          </tr>
        </thead>
        <tbody>
          {candidates.map((candidate) => {
            const { name, node, off } = candidate;
            const transfer = estimate?.nodes.find((priced) => priced.node === name);
            const chosen = draft.nodes.includes(name);
            return (
              <tr key={name} className={off === undefined ? undefined : styles.off}>
                <td>
                  <Checkbox
                    checked={chosen}
                    disabled={off !== undefined && !chosen}
                    onChange={() => edit({ nodes: toggled(draft.nodes, name) })}
                  >
                    <span className="sr">Run on {name}</span>
                  </Checkbox>
                </td>
                <td className="mono">{name}</td>
                <td>{node === undefined ? '' : `${node.cpuFamily.toUpperCase()} + ${shortGpu(node.gpuModel)}`}</td>
                <td className="dim optional">{node === undefined ? '' : `${node.city}, ${node.country}`}</td>
                <td>
                  <Verdict candidate={candidate} letThrough={letThrough.has(name)} />
                </td>
                <td className="num">{transfer === undefined ? '' : formatDuration(transfer.transferSeconds)}</td>
                <td className="num">{node === undefined ? '' : formatUsd(node.usdPerHour)}</td>
                <td className="num">
                  {off === undefined || chosen ? placeOf(draft, name) : 'gets no key'}
                  {draft.nodes.indexOf(name) > 0 ? (
                    <Button
                      variant="quiet"
                      title={`Put ${name} first`}
                      onClick={() => edit({ nodes: toFront(draft.nodes, name) })}
                    >
                      First
                    </Button>
                  ) : null}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function Verdict({ candidate, letThrough }: { readonly candidate: Candidate; readonly letThrough: boolean }) {
  const { node, off } = candidate;
  const now = useNow();
  if (node === undefined) return <TrustLabel trust="unknown" note={off} />;
  const { simulated, trust } = node;
  if (letThrough) {
    const shown = trust === 'checking' ? 'unknown' : trust;
    return <TrustLabel trust={shown} simulated={simulated} note="let through once by custodians" />;
  }
  if (trust === 'checking') return <TrustLabel trust="unknown" simulated={simulated} word="Checking" />;
  if (trust === 'verified')
    return <TrustLabel trust={trust} simulated={simulated} note={formatAge(node.verifiedAt, now)} />;
  if (trust === 'unknown') return <TrustLabel trust={trust} simulated={simulated} note={off} />;
  const why = <Link to={`/evidence/node/${encodeURIComponent(node.name)}`}>{off}</Link>;
  return <TrustLabel trust={trust} simulated={simulated} note={why} />;
}
