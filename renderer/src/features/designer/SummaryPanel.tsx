import type { ReactNode } from 'react';
import type { Policy } from '../../../../electron/contract/policy.ts';
import type { JobDraft } from '../../../../electron/contract/job.ts';
import type { Estimate } from '../../../../electron/contract/views.ts';
import { SimulatedTag, formatBytes, formatDuration, formatUsd, formatUsdPerHour } from '../../ui/index.ts';
import { workersOf } from './candidates.ts';
import styles from './Designer.module.css';

interface SummaryPanelProps {
  readonly draft: JobDraft;
  readonly estimate: Estimate | undefined;
  readonly policy: Policy | undefined;
  readonly end: ReactNode;
}

export function SummaryPanel({ draft, estimate, policy, end }: SummaryPanelProps) {
  const { count } = workersOf(draft);
  const slowest = Math.max(1, ...(estimate?.nodes ?? []).map((node) => node.transferSeconds));
  return (
    <aside className={styles.summary} aria-label="Summary of this run">
      <div className={styles.section}>
        <h3>
          Expected cost <span className="faint">changes as you edit</span>
        </h3>
        {estimate === undefined ? (
          <p className="dim">Not estimated yet.</p>
        ) : (
          <>
            <p className={styles.total}>
              {formatUsd(estimate.usd)} {estimate.simulated ? <SimulatedTag /> : null}
            </p>
            <dl className={styles.pairs}>
              <dt>Training, {formatDuration(estimate.trainSeconds)}</dt>
              <dd>
                {count === 1 ? '' : `${count} nodes, `}
                {formatUsdPerHour(
                  // As the estimate counts: the dearest of those that may train.
                  estimate.nodes
                    .map(({ usdPerHour }) => usdPerHour)
                    .toSorted((a, b) => b - a)
                    .slice(0, count)
                    .reduce((sum, usdPerHour) => sum + usdPerHour, 0),
                )}
              </dd>
              <dt>
                Transfer, {formatBytes(estimate.transferBytes)}
                {count === 1 ? '' : ' to each'}
              </dt>
              <dd>
                {formatDuration(estimate.transferSeconds)}, {littleUsd(estimate.transferUsd)}
              </dd>
            </dl>
            <p className="small dim">{estimate.basis}</p>
          </>
        )}
      </div>
      {estimate === undefined || estimate.nodes.length === 0 ? null : (
        <div className={styles.section}>
          <h3>
            Transfer by node <b>{formatDuration(estimate.transferSeconds)}</b>
          </h3>
          {estimate.nodes.map((node) => (
            <div key={node.node} className={styles.transfer}>
              <span className="mono clip">{node.node}</span>
              <svg height="4" width="100%" aria-hidden="true">
                <rect width="100%" height="4" fill="var(--bg-3)" />
                <rect width={`${(node.transferSeconds / slowest) * 100}%`} height="4" fill="var(--data-2)" />
              </svg>
              <span className="num" title={node.transfer.note}>
                {formatDuration(node.transferSeconds)}
              </span>
            </div>
          ))}
          {count === 1 ? null : (
            <p className="small dim">
              Once to each node that trains, side by side; a spare gets nothing until it is needed.
            </p>
          )}
        </div>
      )}
      {policy === undefined ? null : (
        <div className={styles.section}>
          <h3>
            Evidence demanded <b>{policy.name}</b>
          </h3>
          <ol className={styles.rules}>
            <li>{policy.families.map((family) => family.toUpperCase()).join(' or ')}, never a debug guest</li>
            <li>
              {policy.gpu.required
                ? `${policy.gpu.models.join(' or ') || policy.gpu.architectures.join(' or ')}, bound to the CPU evidence`
                : 'No GPU demanded'}
            </li>
            <li>Firmware at or above the policy’s minimum</li>
            <li>
              {policy.snp.measurements.length === 0
                ? 'Measurement not checked'
                : `One of ${policy.snp.measurements.length} known measurements`}
            </li>
            <li>Renewed every {formatDuration(draft.evidenceRenewSeconds)} while it runs</li>
          </ol>
        </div>
      )}
      <div className={styles.end}>{end}</div>
    </aside>
  );
}

/** A transfer of kilobytes costs less than can be written without an exponent. */
function littleUsd(usd: number): string {
  return usd > 0 && usd < 0.0001 ? 'less than $0.0001' : formatUsd(usd);
}
