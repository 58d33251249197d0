import { useState } from 'react';
import type { Check } from '../../../../electron/contract/evidence.ts';
import type { PackVerdict } from '../../../../electron/contract/views.ts';
import { useAction } from '../../host/index.ts';
import {
  Banner,
  Button,
  ErrorMessage,
  Section,
  Table,
  TextInput,
  Tick,
  TrustMark,
  formatDateTime,
  plural,
  type Column,
} from '../../ui/index.ts';
import styles from './Reports.module.css';

const columns: ReadonlyArray<Column<Check>> = [
  {
    id: 'outcome',
    title: <span className="sr">Outcome</span>,
    width: '24px',
    cell: (check) => <Outcome outcome={check.outcome} />,
  },
  { id: 'title', title: 'Check', width: 'minmax(200px, 1.2fr)', cell: (check) => check.title },
  {
    id: 'detail',
    title: 'Found',
    width: 'minmax(160px, 1fr)',
    cell: (check) => <span className="dim">{check.detail ?? check.found ?? ''}</span>,
  },
];

function Outcome({ outcome }: { readonly outcome: Check['outcome'] }) {
  if (outcome === 'pass') return <Tick title="Pass" />;
  return outcome === 'fail' ? (
    <TrustMark trust="refused" title="Fail" />
  ) : (
    <TrustMark trust="unknown" title="Unknown" />
  );
}

/** Checks a pack that somebody sent, with what is in the file and nothing else. */
export function VerifyPack() {
  const [path, setPath] = useState('');
  const verify = useAction('reports.verifyPack');
  return (
    <Section title="Check a pack" note="needs no network; the same as nacre verify">
      <form
        className={styles.verify}
        onSubmit={(event) => {
          event.preventDefault();
          if (path.trim() !== '') verify.mutate({ path: path.trim() });
        }}
      >
        <div className="grow">
          <TextInput
            name="Path of the pack"
            hiddenName
            mono
            placeholder="/path/to/run.nacre-pack"
            value={path}
            onChange={(event) => setPath(event.currentTarget.value)}
          />
        </div>
        <Button
          type="submit"
          working={verify.isPending ? 'Checking' : undefined}
          off={path.trim() === '' ? 'Name a file.' : undefined}
        >
          Check pack
        </Button>
      </form>
      {verify.error === null ? null : <ErrorMessage inline error={verify.error.error} />}
      {verify.data === undefined ? null : <Verdict verdict={verify.data} at={verify.submittedAt} />}
    </Section>
  );
}

function Verdict({ verdict, at }: { readonly verdict: PackVerdict; readonly at: number }) {
  const unknown = verdict.checks.filter((check) => check.outcome === 'unknown').length;
  // How the run ended has a banner of its own: a pack that tells of a failure is not a bad pack.
  const failed = verdict.checks.filter((check) => check.outcome === 'fail' && check.id !== 'outcome');
  return (
    <div className={styles.verdict}>
      <p className="small faint">
        {`Checked on this computer at ${formatDateTime(at)}, without a network, ${
          verdict.simulated
            ? 'against the roots of the local network that made the evidence.'
            : "against the vendors' roots that Nacre ships."
        }`}
      </p>
      {verdict.simulated ? (
        <Banner kind="simulated">
          The evidence in this pack comes from simulated hardware; formats and checks are real, the trust is not.
        </Banner>
      ) : null}
      {verdict.summary === undefined || verdict.summary.outcome === 'succeeded' ? null : (
        <Banner kind="warning" title="The run did not succeed.">
          There is no model and no receipt. The pack shows what was ordered, released and signed.
        </Banner>
      )}
      {failed[0] === undefined ? (
        <Banner
          kind="fact"
          title={`${plural(verdict.checks.length, 'check')}, none failed${unknown === 0 ? '' : `, ${unknown} unknown`}.`}
        >
          {verdict.summary === undefined
            ? null
            : `Run ${verdict.summary.run} on ${verdict.summary.nodes.join(', ')}, ${plural(verdict.summary.frames, 'signed frame')}.`}
        </Banner>
      ) : (
        <Banner kind="refused" title={`${failed[0].title}: failed.`}>
          {failed[0].detail} Do not rely on this pack.
        </Banner>
      )}
      {(verdict.summary?.attempts ?? []).map((attempt) => (
        <p key={attempt.number} className="dim">
          Attempt {attempt.number} on {attempt.node} failed ({attempt.failureClass}) at step {attempt.lastStep}:{' '}
          {plural(attempt.lostSteps, 'step')} lost, {attempt.seconds.toFixed(0)} s, ${attempt.costUsd.toFixed(4)}.
          Computed again from what the node signed.
        </p>
      ))}
      <Table
        label="Checks of the pack"
        rows={verdict.checks}
        columns={columns}
        rowKey={(check) => check.id}
        flush
        wrap
      />
      <div>
        <h3>Not checked</h3>
        <ul className="dim">
          {verdict.notChecked.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      </div>
    </div>
  );
}
