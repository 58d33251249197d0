import type { PolicyChange, PolicyProblem, PolicySummary } from '../../../../electron/contract/policy-document.ts';
import { cx, Tick, TrustMark } from '../../ui/index.ts';
import styles from './Policies.module.css';
import { effectTrust } from './policy-edit.ts';

/** A policy in sentences: what it demands, then what it does not check. */
export function PolicyWords({ summary }: { readonly summary: PolicySummary }) {
  return (
    <>
      <ul className={styles.words} aria-label="What it demands">
        {summary.demands.map((line) => (
          <li key={line}>
            <Tick />
            <span>{line}</span>
          </li>
        ))}
      </ul>
      <h3 style={{ margin: '10px 0 4px' }}>Not checked</h3>
      <ul className={styles.words} aria-label="What it does not check">
        {summary.notChecked.map((line) => (
          <li key={line}>
            <TrustMark trust="unknown" />
            <span>{line}</span>
          </li>
        ))}
        {summary.notChecked.length === 0 ? <li className="faint">Nothing that a policy can ask for.</li> : null}
      </ul>
    </>
  );
}

interface ProblemListProps {
  readonly problems: readonly PolicyProblem[];
  /** Present where there is a text to jump into. */
  readonly onGo?: (problem: PolicyProblem) => void;
}

/** Errors and cautions with the place they stand at. */
export function ProblemList({ problems, onGo }: ProblemListProps) {
  return (
    <ul className={cx(styles.problems, onGo === undefined && styles.compact)} aria-label="Problems of the policy">
      {problems.map((problem) => {
        const { severity, place, line, column, message } = problem;
        const face = (
          <>
            <TrustMark
              trust={severity === 'error' ? 'refused' : 'warning'}
              title={severity === 'error' ? 'Error' : 'Caution'}
            />
            {onGo === undefined ? null : (
              <span className="mono faint nowrap">{line === undefined ? '' : `line ${line}:${column ?? 1}`}</span>
            )}
            <span>
              {place === '' ? null : <span className="mono">{place}: </span>}
              {message}
            </span>
          </>
        );
        return (
          <li key={`${place} ${line ?? ''} ${message}`}>
            {onGo === undefined || line === undefined ? (
              <div className={styles.problem}>{face}</div>
            ) : (
              <button type="button" className={styles.problem} onClick={() => onGo(problem)}>
                {face}
              </button>
            )}
          </li>
        );
      })}
    </ul>
  );
}

const effectWords = { stricter: 'Stricter', looser: 'Looser', different: 'Different' } as const;

/** What another version says otherwise, and which way. */
export function ChangeTable({ changes, label }: { readonly changes: readonly PolicyChange[]; readonly label: string }) {
  return (
    <table className={styles.changes} aria-label={label}>
      <thead>
        <tr>
          <th>Effect</th>
          <th>Field</th>
          <th>Before</th>
          <th>After</th>
        </tr>
      </thead>
      <tbody>
        {changes.map(({ place, title, before, after, effect }) => {
          const trust = effectTrust[effect];
          return (
            <tr key={place}>
              <td>
                <span className={styles.effect}>
                  {trust === undefined ? <Tick /> : <TrustMark trust={trust} />}
                  {effectWords[effect]}
                </span>
              </td>
              <td>{title}</td>
              <td className="dim">{before}</td>
              <td>{after}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** The same in a narrow panel: one sentence a change. */
export function ChangeList({ changes, label }: { readonly changes: readonly PolicyChange[]; readonly label: string }) {
  return (
    <ul className={styles.changeList} aria-label={label}>
      {changes.map(({ place, title, before, after, effect }) => {
        const trust = effectTrust[effect];
        return (
          <li key={place}>
            {trust === undefined ? <Tick /> : <TrustMark trust={trust} />}
            <span>
              <b>{effectWords[effect]}.</b> {title}: <span className="dim">{before}</span> becomes {after}
            </span>
          </li>
        );
      })}
    </ul>
  );
}
