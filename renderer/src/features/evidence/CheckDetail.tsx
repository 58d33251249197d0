import type { Check } from '../../../../electron/contract/evidence.ts';
import { cx, TrustLabel } from '../../ui/index.ts';
import styles from './Evidence.module.css';
import { trustOfCheck } from './verdict.ts';

const words = { pass: 'Pass', fail: 'Fail', unknown: 'Unknown' } as const;

/** One check in full: what was asked, what was expected, what was found. */
export function CheckDetail({ check, simulated }: { readonly check: Check; readonly simulated: boolean }) {
  const bad = check.outcome === 'fail';
  return (
    <section className={cx(styles.detail, bad && styles.detailBad)} aria-live="polite">
      <div className="between">
        <h2>{check.title}</h2>
        {check.outcome === 'pass' ? (
          <span className="small">Pass</span>
        ) : (
          <TrustLabel trust={trustOfCheck(check)} simulated={simulated} word={words[check.outcome]} />
        )}
      </div>
      <p>
        {check.detail ??
          (check.outcome === 'pass'
            ? 'The evidence shows what was asked.'
            : check.outcome === 'unknown'
              ? 'This could not be found out, so it counts as not passed.'
              : 'The evidence shows something else.')}{' '}
        {check.required ? 'A key is released only if this passes.' : 'This does not decide on a key.'}
      </p>
      {check.expected === undefined && check.found === undefined ? null : (
        <dl className={styles.compare}>
          {check.expected === undefined ? null : (
            <div>
              <dt>expected</dt>
              <dd>{check.expected}</dd>
            </div>
          )}
          {check.found === undefined ? null : (
            <div>
              <dt>found</dt>
              <dd className={cx(bad && styles.wrong)}>{check.found}</dd>
            </div>
          )}
        </dl>
      )}
      <p className="mono faint">{check.reason === undefined ? check.id : `${check.id}, ${check.reason}`}</p>
    </section>
  );
}
