import { useState } from 'react';
import type { ApprovalView } from '../../../../electron/contract/approval.ts';
import { useAction } from '../../host/index.ts';
import {
  Banner,
  Button,
  ErrorMessage,
  KeyValue,
  Section,
  SidePanel,
  SimulatedTag,
  formatDateTime,
} from '../../ui/index.ts';
import { AnswerDialog } from './AnswerDialog.tsx';
import styles from './Approvals.module.css';
import { Exchange } from './Exchange.tsx';
import { stateSentence, whyWords } from './words.ts';

/** Digests, keys and times: set as what a machine made. */
const machineMade = /^(sha256:)?[\w+/=:.-]{20,}$/;

/** One request: what would be done, in plain words, who answered, and the way to and from other desks. */
export function RequestPanel({ request, ownKey }: { readonly request: ApprovalView; readonly ownKey: string }) {
  const [decision, setDecision] = useState<'approve' | 'refuse'>();
  const withdraw = useAction('approvals.withdraw');
  const remove = useAction('approvals.remove');
  const answered = request.answers.some(({ publicKey }) => publicKey === ownKey);
  const open = request.state === 'waiting' || request.state === 'granted';
  const plain = request.sections.slice(0, -1);
  const whole = request.sections.at(-1);
  return (
    <SidePanel
      label={`Request ${request.id.slice(0, 12)}`}
      actions={
        request.origin === 'imported' || request.canAnswer ? (
          <>
            <Button
              variant="primary"
              off={request.canAnswer ? undefined : (request.cannotAnswer ?? '')}
              onClick={() => setDecision('approve')}
            >
              Approve
            </Button>
            <Button variant="danger" off={open ? undefined : ''} onClick={() => setDecision('refuse')}>
              Refuse
            </Button>
            {request.origin === 'imported' ? (
              <Button
                working={remove.isPending ? 'Removing' : undefined}
                onClick={() => remove.mutate({ id: request.id })}
              >
                Remove from here
              </Button>
            ) : null}
          </>
        ) : open ? (
          <Button
            working={withdraw.isPending ? 'Withdrawing' : undefined}
            onClick={() => withdraw.mutate({ id: request.id })}
          >
            Withdraw request
          </Button>
        ) : undefined
      }
    >
      <Section title={request.title} aside={request.simulated ? <SimulatedTag /> : undefined}>
        <div className="stack">
          <KeyValue
            items={[
              { name: 'State', value: stateSentence(request) },
              { name: 'Expires', value: formatDateTime(request.expiresAt) },
              { name: 'Asked by', value: request.requester.name },
            ]}
          />
          {request.warnings.map((warning) => (
            <Banner key={warning} kind="warning" title={warning} />
          ))}
          {request.cannotAnswer !== undefined && request.origin === 'imported' ? (
            <p className="dim">{request.cannotAnswer}</p>
          ) : null}
          {remove.error === null ? null : <ErrorMessage inline error={remove.error.error} />}
          {withdraw.error === null ? null : <ErrorMessage inline error={withdraw.error.error} />}
        </div>
      </Section>
      {answered ? (
        <Exchange what="answer" id={request.id} title="Your answer" holds="Carry it back to the desk that asks." />
      ) : open && request.origin === 'own' ? (
        <Exchange what="request" id={request.id} title="To a custodian" holds="The whole request, to be read there." />
      ) : null}
      {plain.map(({ title, lines }) => (
        <Section key={title} title={title}>
          <dl className={styles.facts}>
            {lines.map(({ label, value }) => (
              <div key={label}>
                <dt>{label}</dt>
                <dd className={machineMade.test(value) ? 'mono small' : undefined}>{value}</dd>
              </div>
            ))}
          </dl>
        </Section>
      ))}
      {whole === undefined ? null : (
        <Section title={whole.title} note="the document, byte for byte">
          <pre className={styles.whole} role="region" tabIndex={0} aria-label="The document as it is signed">
            {whole.lines[0]?.value}
          </pre>
        </Section>
      )}
      <Section title={`${request.approvals.have} of ${request.approvals.need} approved`}>
        {request.answers.length === 0 ? <p className="dim">Nobody has answered yet.</p> : null}
        <ul className={styles.answers}>
          {request.answers.map((answer) => (
            <li key={`${answer.publicKey} ${answer.at} ${answer.decision}`}>
              <b>{answer.name}</b> {answer.decision === 'approve' ? 'approved' : 'refused'}{' '}
              <span className="dim">{formatDateTime(answer.at)}</span>
              {answer.counts ? null : <span className="dim">; not counted: {whyWords(answer.why)}</span>}
              {answer.reason === undefined ? null : <p className="dim">“{answer.reason}”</p>}
            </li>
          ))}
        </ul>
      </Section>
      <AnswerDialog request={request} decision={decision} onClose={() => setDecision(undefined)} />
    </SidePanel>
  );
}
