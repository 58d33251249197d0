import { useState } from 'react';
import type { AttemptView } from '../../../../electron/contract/attempts.ts';
import type { NacreError } from '../../../../electron/contract/result.ts';
import type { RunView } from '../../../../electron/contract/views.ts';
import { DownloadLink, useAction } from '../../host/index.ts';
import {
  Banner,
  Button,
  buttonClass,
  ErrorMessage,
  KeyValue,
  Section,
  formatDateTime,
  formatUsd,
} from '../../ui/index.ts';
import { attemptWords, recoveryWords, restartWords } from './attempt-words.ts';

/** What became of each node that the run was on, once it was on more than one or lost the only one. */
export function AttemptsSection({ run }: { readonly run: RunView }) {
  const attempts = run.attempts ?? [];
  const restarted = attempts.length > 1 || attempts.some(({ failureClass }) => failureClass !== undefined);
  if (!restarted && run.recovery === undefined) return null;
  return (
    <>
      <Section title="Attempts" note={restartWords(run)}>
        <p className="dim">
          Each attempt is a signed order of its own; a failure receipt says what was lost, by what the node signed, as
          evidence for a refund.
        </p>
      </Section>
      {run.recovery === undefined ? null : <Banner kind="warning">{recoveryWords(run.recovery)}</Banner>}
      {attempts.map((attempt) => (
        <AttemptSection key={attempt.number} run={run} attempt={attempt} />
      ))}
    </>
  );
}

function AttemptSection({ run, attempt }: { readonly run: RunView; readonly attempt: AttemptView }) {
  const receipt = useAction('runs.failureReceipt');
  const [failed, setFailed] = useState<NacreError>();
  const error = receipt.error?.error ?? failed;
  return (
    <Section title={`Attempt ${attempt.number} on ${nodesByRank(attempt)}`} note={attemptWords(attempt)}>
      <KeyValue
        items={[
          { name: 'From', value: attempt.from === undefined ? 'never began' : formatDateTime(attempt.from) },
          { name: 'To', value: attempt.until === undefined ? 'goes on' : formatDateTime(attempt.until) },
          { name: 'Steps', value: `${attempt.firstStep} to ${attempt.lastStep}` },
          ...(attempt.lostSteps === undefined ? [] : [{ name: 'Lost steps', value: String(attempt.lostSteps) }]),
          { name: 'Cost', value: formatUsd(attempt.costUsd) },
          ...(attempt.lastSignedAt === undefined
            ? []
            : [{ name: 'Signed by the node until', value: formatDateTime(attempt.lastSignedAt) }]),
          ...(attempt.cause === undefined ? [] : [{ name: 'Cause', value: attempt.cause }]),
        ]}
      />
      {attempt.failureReceiptSha256 === undefined ? null : receipt.data === undefined ? (
        <Button
          onClick={() => receipt.mutate({ id: run.id, attempt: attempt.number })}
          working={receipt.isPending ? 'Writing' : undefined}
        >
          Failure receipt
        </Button>
      ) : (
        <DownloadLink file={receipt.data} className={buttonClass()} onFailed={setFailed}>
          Download failure receipt
        </DownloadLink>
      )}
      {error === undefined ? null : <ErrorMessage inline error={error} />}
    </Section>
  );
}

/** `a (rank 0), b (rank 1)`; one node has no rank to speak of. */
function nodesByRank({ nodes }: AttemptView): string {
  if (nodes.length === 0) return 'no node';
  return nodes.length === 1 ? nodes.join() : nodes.map((node, rank) => `${node} (rank ${rank})`).join(', ');
}
