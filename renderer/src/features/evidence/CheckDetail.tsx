import type { Check } from '../../../../electron/contract/evidence.ts';
import type { MeasurementDifference } from '../../../../electron/contract/policy-document.ts';
import { cx, Digest, TrustLabel } from '../../ui/index.ts';
import styles from './Evidence.module.css';
import { trustOfCheck } from './verdict.ts';

const words = { pass: 'Pass', fail: 'Fail', unknown: 'Unknown' } as const;

interface CheckDetailProps {
  readonly check: Check;
  readonly simulated: boolean;
  /** Why measurements that this check compares are not the expected ones. */
  readonly differences: ReadonlyArray<MeasurementDifference>;
}

/** One check in full: what was asked, what was expected, what was found. */
export function CheckDetail({ check, simulated, differences }: CheckDetailProps) {
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
      {differences.length === 0 ? null : (
        <div className={styles.differences}>
          <h3>Why it differs</h3>
          {differences.map((one) => (
            <Difference key={`${one.attester} ${one.register}`} difference={one} />
          ))}
        </div>
      )}
      <p className="mono faint">{check.reason === undefined ? check.id : `${check.id}, ${check.reason}`}</p>
    </section>
  );
}

/** One register: what makes the difference, what was expected and what was found. */
function Difference({ difference }: { readonly difference: MeasurementDifference }) {
  const { register, sentence, expected, found, cause } = difference;
  const wanted = cause?.expected ?? expected[0];
  const seen = cause?.found ?? found;
  return (
    <div>
      <p>{sentence}</p>
      <p className="row small dim">
        <span className="mono">{cause?.name ?? register}</span>
        {wanted === undefined ? null : (
          <>
            expected <Digest value={wanted} of={`expected value of ${cause?.name ?? register}`} />
          </>
        )}
        {cause === undefined && expected.length > 1 ? `or ${expected.length - 1} more` : null}
        {seen === undefined ? (
          'found nothing'
        ) : (
          <>
            found <Digest value={seen} of={`found value of ${cause?.name ?? register}`} />
          </>
        )}
      </p>
    </div>
  );
}
