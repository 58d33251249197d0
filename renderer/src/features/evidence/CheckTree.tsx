import type { Check } from '../../../../electron/contract/evidence.ts';
import { cx, reasonWords, Tick, TrustMark } from '../../ui/index.ts';
import styles from './Evidence.module.css';
import { StatusMark } from './StatusMark.tsx';
import { tally, trustOfCheck, type CheckGroup } from './verdict.ts';

export interface CheckTreeProps {
  readonly groups: ReadonlyArray<CheckGroup>;
  readonly simulated: boolean;
  /** Evidence out of a file is neither fresh nor bound to a job: it never gets the pearl. */
  readonly fromFile?: boolean;
  readonly current: Check | undefined;
  readonly onChoose: (group: string, check: Check) => void;
}

/** Every check under its attester, each with its outcome; choosing one shows it beside. */
export function CheckTree({ groups, simulated, fromFile = false, current, onChoose }: CheckTreeProps) {
  const count = tally(groups.flatMap((group) => group.checks));
  return (
    <div>
      <div className={styles.treeHead}>
        <h2>Checks</h2>
        <span className="small faint">{`${count.pass} pass, ${count.fail} fail, ${count.unknown} unknown`}</span>
      </div>
      {groups.map((group) => (
        <section key={group.id} aria-label={group.title}>
          <div className={styles.group}>
            <StatusMark status={group.status} simulated={simulated} fromFile={fromFile} title={group.status} />
            <h3 className="clip strong">{group.title}</h3>
          </div>
          <ul>
            {group.checks.map((check) => (
              <li key={check.id}>
                <button
                  type="button"
                  className={styles.branch}
                  aria-current={current === check}
                  onClick={() => onChoose(group.id, check)}
                >
                  {check.outcome === 'pass' ? (
                    <Tick title="pass" />
                  ) : (
                    <TrustMark trust={trustOfCheck(check)} simulated={simulated} title={check.outcome} />
                  )}
                  <span>{check.title}</span>
                  <span className={cx(styles.why, check.outcome === 'fail' && styles.failed)}>
                    {check.outcome === 'pass'
                      ? check.required
                        ? ''
                        : 'not required'
                      : reasonWords(check.reason ?? check.outcome)}
                  </span>
                </button>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}
