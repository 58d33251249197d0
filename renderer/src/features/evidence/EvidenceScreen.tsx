import { useState } from 'react';
import { Link, useNavigate, useParams } from 'react-router';
import type { EvidenceView } from '../../../../electron/contract/views.ts';
import { useAction, useMethod } from '../../host/index.ts';
import { useNow } from '../../state/index.ts';
import {
  Banner,
  Button,
  cx,
  Digest,
  EmptyState,
  ErrorMessage,
  formatAge,
  formatBytes,
  formatDateTime,
  KeyValue,
  Page,
  PageHead,
  plural,
  reasonWords,
  Section,
  Tick,
  TrustLabel,
  TrustMark,
  Waiting,
} from '../../ui/index.ts';
import { BindingFigure } from './BindingFigure.tsx';
import { CertificateChain } from './CertificateChain.tsx';
import { CheckDetail } from './CheckDetail.tsx';
import { CheckTree } from './CheckTree.tsx';
import styles from './Evidence.module.css';
import { OverrideDialog } from './OverrideDialog.tsx';
import { MeasurementTable } from './MeasurementTable.tsx';
import { checkGroups, familyName, firstOfInterest, notChecked, statusWord, trustOfStatus } from './verdict.ts';

const provenShown = 3;

/** One verification: the verdict, every check, what was expected and found, raw fields, and what was not checked. */
export default function EvidenceScreen() {
  const { id = '', name = '' } = useParams();
  const byId = useMethod('evidence.get', { id }, { enabled: id !== '' });
  const byNode = useMethod('nodes.evidence', { node: name }, { enabled: name !== '' });
  const { data, error } = name === '' ? byId : byNode;
  if (data === undefined || data === null) {
    return (
      <Page>
        <PageHead title="Evidence" />
        {error !== null ? (
          <ErrorMessage error={error.error} />
        ) : data === undefined ? (
          <Waiting>Reading the evidence</Waiting>
        ) : (
          <EmptyState title={`No evidence of ${name} yet`} actions={<Link to="/nodes">Open nodes</Link>}>
            It was never asked, so nothing is known about it and no key goes to it.
          </EmptyState>
        )}
      </Page>
    );
  }
  return <EvidenceDocument key={data.id} evidence={data} />;
}

function EvidenceDocument({ evidence }: { readonly evidence: EvidenceView }) {
  const { verification } = evidence;
  const navigate = useNavigate();
  const now = useNow();
  const verify = useAction('nodes.verify', { onDone: () => void navigate('/evidence') });
  const [overriding, setOverriding] = useState(false);
  const groups = checkGroups(verification);
  const [chosen, setChosen] = useState(() => firstOfInterest(groups));
  const isFailed = groups.some((group) => group.checks.some((check) => check.outcome === 'fail'));
  // A policy that is no longer on this desk leaves this empty; the check itself still says what differs.
  const differences = useMethod('evidence.differences', { id: evidence.id }, { enabled: isFailed });
  const trust = trustOfStatus(verification.status);
  const { simulated } = verification;
  const proven = groups.flatMap((group) => group.checks).filter((check) => check.outcome === 'pass' && check.required);
  const missing = notChecked(verification);
  const cpu = verification.submodules.find((part) => part.name.startsWith('cpu')) ?? verification.submodules[0];
  const gpu = verification.submodules.find((part) => part.name.startsWith('gpu'));
  return (
    <Page>
      <PageHead
        title={<span className="mono">{verification.node}</span>}
        note={`checked ${formatDateTime(verification.verifiedAt)}, ${formatAge(verification.verifiedAt, now)}`}
        actions={
          <>
            <Button onClick={() => void navigate('/evidence')}>All evidence</Button>
            {verification.status === 'affirming' || verification.override !== undefined ? null : (
              <Button onClick={() => setOverriding(true)}>Ask for an override</Button>
            )}
            <Button
              variant="primary"
              onClick={() => verify.mutate({ node: verification.node })}
              working={verify.isPending ? 'Asking' : undefined}
            >
              Ask again
            </Button>
          </>
        }
      />
      {simulated ? (
        <Banner kind="simulated">
          This evidence has real formats under made-up roots. It says nothing about hardware.
        </Banner>
      ) : null}
      {verification.override === undefined ? null : (
        <Banner kind="warning" title={`Let through by ${verification.override.approvedBy.join(', ')}.`}>
          {verification.override.checks.join(', ')} did not pass. “{verification.override.justification}” Good for one
          release, until {formatDateTime(verification.override.notAfter)}.
        </Banner>
      )}
      <OverrideDialog evidence={evidence} open={overriding} onClose={() => setOverriding(false)} />
      {verify.error === null ? null : <ErrorMessage inline error={verify.error.error} />}
      <div className={styles.verdict}>
        <div
          role="region"
          aria-label="Result"
          tabIndex={0}
          className={cx(
            verification.status === 'contraindicated' && styles.contraindicated,
            verification.status === 'warning' && styles.warning,
          )}
        >
          <TrustMark trust={trust} simulated={simulated} size="large" />
          <div>
            <div className={cx(styles.say, simulated ? undefined : `is-${trust}`)}>
              {statusWord(verification.status)}
            </div>
            <p className="dim">
              {verification.reasonDetail ??
                (verification.status === 'affirming'
                  ? 'Every required check passed. A key may be released to this node while the evidence is fresh.'
                  : 'No key was released.')}
            </p>
            <div className={styles.parts}>
              {verification.submodules.map((part) => (
                <TrustLabel
                  key={part.name}
                  trust={trustOfStatus(part.status)}
                  simulated={simulated}
                  word={`${part.name} ${part.status}`}
                />
              ))}
            </div>
          </div>
        </div>
        <div role="region" aria-label="What this proves" tabIndex={0}>
          <h2>What this proves</h2>
          <ul className={styles.said}>
            {groups
              .flatMap((group) => group.checks)
              .filter((check) => check.outcome === 'fail')
              .map((check) => (
                <li key={check.id}>
                  <TrustMark trust="refused" simulated={simulated} title="fail" />
                  {check.detail ??
                    (check.reason === undefined ? check.title : `${check.title}: no, ${reasonWords(check.reason)}`)}
                </li>
              ))}
            {proven.slice(0, provenShown).map((check) => (
              <li key={check.id}>
                <Tick />
                {check.title}
              </li>
            ))}
            {proven.length > provenShown ? (
              <li>
                <span />
                <span className="faint">and {plural(proven.length - provenShown, 'more check')}, listed below</span>
              </li>
            ) : null}
          </ul>
        </div>
        <div role="region" aria-label="What was not checked" tabIndex={0}>
          <h2>What was not checked</h2>
          <ul className={styles.said}>
            {missing.length === 0 ? (
              <li>
                <TrustMark trust="unknown" simulated={simulated} />
                The verifier did not say.
              </li>
            ) : (
              missing.map((sentence) => (
                <li key={sentence}>
                  <TrustMark trust="unknown" simulated={simulated} />
                  {sentence}
                </li>
              ))
            )}
          </ul>
        </div>
        <div>
          <h2>Result</h2>
          <KeyValue
            items={[
              { name: 'Policy', value: verification.policyId },
              {
                name: 'Its digest',
                value: <Digest value={verification.policyDigest} of="digest of the policy" first={6} last={4} />,
              },
              {
                name: 'EAR',
                value: <Digest value={evidence.ear} of="attestation result, a signed JWT" first={6} last={4} />,
              },
              {
                name: 'Evidence',
                value: <Digest value={evidence.evidenceSha256} of="digest of the evidence" first={6} last={4} />,
              },
              { name: 'Size', value: formatBytes(evidence.evidenceBytes) },
            ]}
          />
        </div>
      </div>
      <div className={styles.work}>
        <div>
          <CheckTree
            groups={groups}
            simulated={simulated}
            current={chosen?.check}
            onChoose={(group, check) => setChosen({ group, check })}
          />
        </div>
        <div>
          {chosen === undefined ? null : (
            <CheckDetail
              check={chosen.check}
              simulated={simulated}
              differences={
                chosen.check.outcome === 'pass'
                  ? []
                  : (differences.data ?? []).filter(
                      ({ attester, check }) => attester === chosen.group && check === chosen.check.id,
                    )
              }
            />
          )}
          <MeasurementTable verification={verification} />
          <NodeChains evidence={evidence} />
        </div>
        <div className={styles.side}>
          <Section title="CPU to GPU binding">
            <BindingFigure
              checks={verification.binding}
              simulated={simulated}
              cpuName={cpu === undefined ? 'CPU evidence' : familyName(cpu.family)}
              gpuName={gpu === undefined ? undefined : familyName(gpu.family)}
            />
          </Section>
          {verification.submodules.map((part) => (
            <Section
              key={part.name}
              title={`Raw fields, ${part.name}`}
              aside={
                <Digest value={part.evidenceSha256} of={`digest of the evidence of ${part.name}`} first={6} last={4} />
              }
            >
              {/* Scrolls, so it takes the focus: the arrow keys reach every field. */}
              {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a scrolling region (WCAG 2.1.1) */}
              <div className={styles.raw} role="region" aria-label={`Raw fields of ${part.name}`} tabIndex={0}>
                <dl>
                  {part.claims.map((claim) => [
                    <dt key={`${claim.name}-name`}>{claim.name}</dt>,
                    <dd key={`${claim.name}-value`}>
                      {claim.unit === undefined ? claim.value : `${claim.value} ${claim.unit}`}
                    </dd>,
                  ])}
                </dl>
              </div>
            </Section>
          ))}
        </div>
      </div>
    </Page>
  );
}

/** The certificates that the node sent with this evidence, at the clock it was judged by. */
function NodeChains({ evidence }: { readonly evidence: EvidenceView }) {
  const chains = useMethod('evidence.chains', { id: evidence.id });
  const { verifiedAt, simulated } = evidence.verification;
  return (
    <section className={styles.measurements} aria-label="Certificates">
      <div className={styles.treeHead}>
        <h2>Certificates</h2>
        <span className="small faint">leaf to root; the blue line is the clock of the verdict</span>
      </div>
      {chains.error === null ? null : <ErrorMessage inline error={chains.error.error} />}
      {(chains.data ?? []).map((chain) => (
        <div key={chain.name}>
          <h3 className={styles.chainName}>{chain.name}</h3>
          <CertificateChain chain={chain} at={Date.parse(verifiedAt)} simulated={simulated} />
        </div>
      ))}
    </section>
  );
}
