import { useState } from 'react';
import type { CheckChange, Reappraisal } from '../../../../electron/contract/policy-document.ts';
import type { EarStatus } from '../../../../electron/contract/evidence.ts';
import { useAction, useMethod } from '../../host/index.ts';
import {
  Banner,
  Button,
  Digest,
  EmptyState,
  ErrorMessage,
  formatDateTime,
  plural,
  Segmented,
  Select,
  Tick,
  TrustLabel,
  TrustMark,
} from '../../ui/index.ts';
import styles from './Policies.module.css';

const offered = 200;

interface TryViewProps {
  readonly text: string;
  readonly isValid: boolean;
}

/** What archived evidence would have been told under this policy, row by row. Nothing is stored or released. */
export function TryView({ text, isValid }: TryViewProps) {
  const evidence = useMethod('evidence.list', { limit: offered });
  const [chosen, setChosen] = useState<string>();
  const [at, setAt] = useState<'then' | 'now'>('then');
  const attempt = useAction('evidence.reappraise');
  const rows = evidence.data ?? [];
  const id = chosen ?? rows[0]?.id;
  if (evidence.data !== undefined && rows.length === 0) {
    return (
      <EmptyState title="No archived evidence yet">
        Ask a node for evidence; every answer is kept and can be judged by any policy later.
      </EmptyState>
    );
  }
  return (
    <div className={styles.try}>
      <div className={styles.choose}>
        <Select
          name="Archived evidence"
          value={id}
          onValue={setChosen}
          options={rows.map(({ id: value, verification }) => ({
            value,
            label: `${verification.node}, ${formatDateTime(verification.verifiedAt)}`,
            note: verification.status,
          }))}
        />
        <Segmented
          label="By which clock"
          value={at}
          onValue={setAt}
          options={[
            { value: 'then', label: 'As of then' },
            { value: 'now', label: 'As of now' },
          ]}
        />
        <Button
          variant="primary"
          working={attempt.isPending ? 'Judging' : undefined}
          off={isValid ? (id === undefined ? '' : undefined) : 'The policy has errors'}
          onClick={() => {
            if (id !== undefined) attempt.mutate({ id, text, at });
          }}
        >
          Try on this evidence
        </Button>
      </div>
      {evidence.error === null ? null : <ErrorMessage inline error={evidence.error.error} />}
      {attempt.error === null ? null : <ErrorMessage inline error={attempt.error.error} />}
      {attempt.data === undefined ? (
        <p className="dim">
          Judges the kept bytes again by the policy as it stands here. Nothing is stored or released.
        </p>
      ) : (
        <Outcome found={attempt.data} />
      )}
    </div>
  );
}

const trustOf = { warning: 'warning', contraindicated: 'refused', none: 'unknown' } as const;
const wordOf: Readonly<Record<EarStatus, string>> = {
  affirming: 'Affirming',
  warning: 'Warning',
  contraindicated: 'Contraindicated',
  none: 'No result',
};

/** No pearl even where all passes: the pearl is for fresh evidence, and this is from the archive. */
function Status({ status, simulated }: { readonly status: EarStatus; readonly simulated: boolean }) {
  if (status !== 'affirming') return <TrustLabel trust={trustOf[status]} simulated={simulated} word={wordOf[status]} />;
  return (
    <span className={styles.effect}>
      <Tick />
      <b>{wordOf.affirming}</b>
    </span>
  );
}

function Outcome({ found }: { readonly found: Reappraisal }) {
  const { before, after, simulated } = found;
  return (
    <>
      {simulated ? (
        <Banner kind="simulated">
          This evidence has real formats under made-up roots. It says nothing about hardware.
        </Banner>
      ) : null}
      <div className={styles.verdicts} aria-live="polite">
        <div>
          <span className="label">Before, policy {before.policyId}</span>
          <p>
            <Status status={before.status} simulated={simulated} />
          </p>
          <p className="small dim">{before.reasonDetail ?? 'Every required check passed.'}</p>
        </div>
        <div>
          <span className="label">
            After, policy {after.policyId}, as of {formatDateTime(found.at)}
          </span>
          <p>
            <Status status={after.status} simulated={simulated} />
          </p>
          <p className="small dim">{after.reasonDetail ?? 'Every required check passes.'}</p>
        </div>
      </div>
      <section aria-label="Checks that change">
        <div className={styles.head}>
          <h2>
            {found.changes.length === 0
              ? 'No check changes'
              : `${plural(found.changes.length, 'check')} ${found.changes.length === 1 ? 'changes' : 'change'}`}
          </h2>
          <span className="small faint">{found.unchanged} stay as they were</span>
        </div>
        {found.changes.length === 0 ? null : <Rows changes={found.changes} simulated={simulated} />}
      </section>
      {found.differences.length === 0 ? null : (
        <section aria-label="Why measurements differ">
          <h2>Why measurements differ</h2>
          {found.differences.map((one) => (
            <div key={`${one.attester} ${one.register}`} className={styles.version}>
              <p>
                <span className="mono">
                  {one.attester} {one.register}
                </span>
                . {one.sentence}
              </p>
              {one.found === undefined ? null : (
                <p className="row small dim">
                  found <Digest value={one.found} of={`found in ${one.register}`} />
                </p>
              )}
            </div>
          ))}
        </section>
      )}
      <p className="small dim">Nothing was stored or released, and the archived verdict stays as it was.</p>
    </>
  );
}

function Rows({ changes, simulated }: { readonly changes: readonly CheckChange[]; readonly simulated: boolean }) {
  return (
    <table className={styles.changes}>
      <thead>
        <tr>
          <th>Before</th>
          <th>After</th>
          <th>Part</th>
          <th>Check</th>
          <th>Why</th>
        </tr>
      </thead>
      <tbody>
        {changes.map((row) => (
          <tr key={`${row.part} ${row.id}`}>
            <td>
              <OutcomeWord outcome={row.before} simulated={simulated} />
            </td>
            <td>
              <OutcomeWord outcome={row.after} simulated={simulated} />
            </td>
            <td className="mono">{row.part}</td>
            <td>{row.title}</td>
            <td className="dim">{row.after === 'pass' ? '' : row.detail}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function OutcomeWord({ outcome, simulated }: { readonly outcome: CheckChange['before']; readonly simulated: boolean }) {
  if (outcome === 'absent') return <span className="faint">not asked</span>;
  return (
    <span className={styles.effect}>
      {outcome === 'pass' ? (
        <Tick />
      ) : (
        <TrustMark trust={outcome === 'fail' ? 'refused' : 'unknown'} simulated={simulated} />
      )}
      {{ pass: 'Pass', fail: 'Fail', unknown: 'Unknown' }[outcome]}
    </span>
  );
}
