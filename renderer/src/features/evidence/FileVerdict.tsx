import { useState } from 'react';
import type { FileVerification } from '../../../../electron/contract/evidence-files.ts';
import type { EarStatus } from '../../../../electron/contract/evidence.ts';
import {
  cx,
  Digest,
  formatBytes,
  formatDateTime,
  KeyValue,
  plural,
  reasonWords,
  Tabs,
  Tick,
  TrustLabel,
  TrustMark,
} from '../../ui/index.ts';
import { CertificateChain } from './CertificateChain.tsx';
import { CheckDetail } from './CheckDetail.tsx';
import { CheckTree } from './CheckTree.tsx';
import styles from './Evidence.module.css';
import own from './EvidenceFile.module.css';
import { kindName } from './file-words.ts';
import { MeasurementTable } from './MeasurementTable.tsx';
import { RawFields, type FileSource } from './RawFields.tsx';
import { StatusMark } from './StatusMark.tsx';
import { checkGroups, familyName, firstOfInterest, notChecked, statusWord, trustOfStatus } from './verdict.ts';

interface FileVerdictProps {
  readonly result: FileVerification;
  /** Where the files can be taken apart. */
  readonly source: FileSource;
}

const shownPassed = 4;

const sentences: Readonly<Record<EarStatus, string>> = {
  affirming: 'Every required check passed. Files carry no challenge, so no key may be released on this.',
  warning: 'Not everything that is required could be shown.',
  contraindicated: 'A required check failed.',
  none: 'Nothing in these files could be judged.',
};

/** The verdict on evidence that came as files: the answer, what was not checked, and all that it rests on. */
export function FileVerdict({ result, source }: FileVerdictProps) {
  const { verification, chains } = result;
  const { simulated, status } = verification;
  const trust = trustOfStatus(status);
  const groups = checkGroups(verification).filter(({ checks }) => checks.length > 0);
  const [chosen, setChosen] = useState(() => firstOfInterest(groups));
  const checks = groups.flatMap((group) => group.checks);
  const failed = checks.filter(({ outcome }) => outcome === 'fail');
  const passed = checks.filter(({ outcome, required }) => outcome === 'pass' && required);
  const at = Date.parse(verification.verifiedAt);
  const isPlain = status === 'affirming' && !simulated;
  return (
    <>
      <div className={styles.verdict} role="region" aria-label="Verdict">
        <div
          role="region"
          aria-label="Result"
          tabIndex={0}
          className={cx(status === 'contraindicated' && styles.contraindicated, status === 'warning' && styles.warning)}
        >
          {/* Neither fresh nor bound to a job: a plain check, not the pearl. */}
          {isPlain ? (
            <span className={own.largeTick}>
              <Tick />
            </span>
          ) : (
            <TrustMark trust={trust} simulated={simulated} size="large" />
          )}
          <div>
            <div className={cx(styles.say, !simulated && !isPlain && `is-${trust}`)}>{statusWord(status)}</div>
            <p className="dim">{verification.reasonDetail ?? sentences[status]}</p>
            <div className={styles.parts}>
              {verification.submodules.map((part) => (
                <span key={part.name} className="row">
                  <StatusMark status={part.status} simulated={simulated} fromFile />
                  {`${part.name}, ${familyName(part.family)}: ${part.status}`}
                </span>
              ))}
            </div>
          </div>
        </div>
        <div role="region" aria-label="What was checked" tabIndex={0}>
          <h2>What was checked</h2>
          <ul className={styles.said}>
            {failed.map((check) => (
              <li key={check.id}>
                <TrustMark trust="refused" simulated={simulated} title="fail" />
                {check.reason === undefined ? check.title : `${check.title}: ${reasonWords(check.reason)}`}
              </li>
            ))}
            {passed.slice(0, shownPassed).map((check) => (
              <li key={check.id}>
                <Tick title="pass" />
                {check.title}
              </li>
            ))}
            {passed.length > shownPassed ? (
              <li>
                <span />
                <span className="faint">and {plural(passed.length - shownPassed, 'more check')}, listed below</span>
              </li>
            ) : null}
          </ul>
        </div>
        <div role="region" aria-label="What was not checked" tabIndex={0}>
          <h2>What was not checked</h2>
          <ul className={styles.said}>
            {notChecked(verification).map((sentence) => (
              <li key={sentence}>
                <TrustMark trust="unknown" simulated={simulated} />
                {sentence}
              </li>
            ))}
          </ul>
        </div>
        <div>
          <h2>Judged</h2>
          <KeyValue
            items={[
              { name: 'As', value: familyName(result.family) },
              {
                name: 'At, UTC',
                value: <span className="label">{formatDateTime(verification.verifiedAt).replace(' UTC', '')}</span>,
              },
              { name: 'Policy', value: verification.policyId },
              {
                name: 'Its digest',
                value: <Digest value={verification.policyDigest} of="digest of the policy" first={6} last={4} />,
              },
              { name: 'Collateral', value: collateralWords(result.collateral) },
            ]}
          />
        </div>
      </div>
      <div className={own.tabs}>
        <Tabs
          label="Parts of the verdict"
          inset
          tabs={[
            {
              id: 'checks',
              title: `Checks ${checks.length}`,
              content: (
                <div className={own.checks}>
                  <div>
                    <CheckTree
                      groups={groups}
                      simulated={simulated}
                      fromFile
                      current={chosen?.check}
                      onChoose={(group, check) => setChosen({ group, check })}
                    />
                  </div>
                  <div>
                    {chosen === undefined ? null : (
                      <CheckDetail check={chosen.check} simulated={simulated} differences={[]} />
                    )}
                    <MeasurementTable verification={verification} />
                  </div>
                </div>
              ),
            },
            {
              id: 'chains',
              title: `Certificates ${chains.reduce((sum, { certificates }) => sum + certificates.length, 0)}`,
              content:
                chains.length === 0 ? (
                  <p className={own.none}>This evidence is not signed by a chain of certificates.</p>
                ) : (
                  chains.map((chain) => (
                    <section key={chain.name} aria-label={`Certificates of ${chain.name}`}>
                      <div className={styles.treeHead}>
                        <h2>{chain.name}</h2>
                        <span className="small faint">
                          {`leaf to root, judged at ${formatDateTime(verification.verifiedAt)}, the blue line`}
                        </span>
                      </div>
                      <CertificateChain chain={chain} at={at} simulated={simulated} />
                    </section>
                  ))
                ),
            },
            { id: 'fields', title: 'Raw fields', content: <RawFields source={source} /> },
          ]}
        />
      </div>
    </>
  );
}

/** What each file turned out to be. */
export function FileRows({ result }: { readonly result: FileVerification }) {
  return (
    <ul className={own.files}>
      {result.files.map((file) => (
        <li key={`${file.name} ${file.sha256}`}>
          <span className="between">
            <span className="mono clip" title={file.name}>
              {file.name}
            </span>
            <Digest value={file.sha256} of={`digest of ${file.name}`} first={6} last={4} />
          </span>
          <span className="small faint">
            {kindName(file.kind)}, {formatBytes(file.bytes)}
            {file.used ? '' : ', not needed'}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** One word and mark for a list. */
export function FileStatus({ result }: { readonly result: FileVerification }) {
  const { status, simulated } = result.verification;
  if (status === 'affirming' && !simulated) {
    return (
      <span className="row">
        <Tick />
        Affirming
      </span>
    );
  }
  return <TrustLabel trust={trustOfStatus(status)} simulated={simulated} word={statusWord(status)} />;
}

function collateralWords(from: string): string {
  return { files: 'beside the files', store: 'imported', none: 'none' }[from] ?? from;
}
