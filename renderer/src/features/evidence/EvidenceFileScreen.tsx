import { useState } from 'react';
import { useNavigate } from 'react-router';
import type { FileVerification } from '../../../../electron/contract/evidence-files.ts';
import { DownloadLink, useAction } from '../../host/index.ts';
import {
  Banner,
  Button,
  buttonClass,
  cx,
  ErrorMessage,
  Page,
  PageHead,
  plural,
  Section,
  useToasts,
  Waiting,
} from '../../ui/index.ts';
import styles from './EvidenceFile.module.css';
import {
  chosenFile,
  noOptions,
  nonceProblem,
  requestOf,
  timeProblem,
  type ChosenFile,
  type FileOptions,
} from './file-draft.ts';
import { FileOptionsForm } from './FileOptionsForm.tsx';
import { FilePickDialog } from './FilePickDialog.tsx';
import { FileRows, FileVerdict } from './FileVerdict.tsx';
import { KeptList } from './KeptList.tsx';
import { useFileIntake } from './use-file-intake.ts';

/** A verdict with exactly what was asked for it. */
interface Judged {
  readonly files: ReadonlyArray<ChosenFile>;
  readonly options: FileOptions;
  readonly result: FileVerification;
}

/** Evidence out of files: dropped or chosen, judged, taken apart, kept. Releases nothing. */
export default function EvidenceFileScreen() {
  const navigate = useNavigate();
  const { show } = useToasts();
  const [files, setFiles] = useState<ReadonlyArray<ChosenFile>>([]);
  const [options, setOptions] = useState(noOptions);
  const [judged, setJudged] = useState<Judged>();
  const [isPicking, setPicking] = useState(false);
  const verify = useAction('evidence.verifyFiles');
  const keep = useAction('evidence.keepFiles', {
    onDone: ({ id }) => {
      show({
        title: 'Kept in the archive',
        note: 'Files and verdict, with an entry in the log.',
      });
      void navigate(`/evidence/kept/${encodeURIComponent(id)}`);
    },
  });
  const save = useAction('evidence.exportFiles');

  const judge = (next: ReadonlyArray<ChosenFile>, how: FileOptions) => {
    setFiles(next);
    setJudged(undefined);
    save.reset();
    keep.reset();
    verify.reset();
    if (next.length === 0 || problemOf(how) !== undefined) return;
    verify.mutate(requestOf(next, how), {
      onSuccess: (result) => setJudged({ files: next, options: how, result }),
    });
  };
  const add = (more: ReadonlyArray<ChosenFile>) =>
    judge([...files, ...more.filter(({ path }) => !files.some((one) => one.path === path))], options);
  const intake = useFileIntake(add);
  const problem = problemOf(options);
  const isChanged = judged !== undefined && judged.options !== options;
  /** The clock of the verdict on screen, so that what is kept or exported says the same. */
  const asShown = judged && { ...requestOf(judged.files, judged.options), at: judged.result.verification.verifiedAt };

  return (
    <Page>
      <PageHead
        title="Evidence file"
        note={
          judged === undefined
            ? 'quotes, reports, tokens and logs, with the certificates and collateral beside them'
            : judged.result.verification.node
        }
        actions={
          <>
            <Button onClick={() => void navigate('/evidence')}>All evidence</Button>
            {asShown === undefined ? null : (
              <>
                <Button working={save.isPending ? 'Writing' : undefined} onClick={() => save.mutate(asShown)}>
                  Export as JSON
                </Button>
                <Button
                  variant="primary"
                  working={keep.isPending ? 'Keeping' : undefined}
                  onClick={() => keep.mutate(asShown)}
                >
                  Keep in the evidence archive
                </Button>
              </>
            )}
          </>
        }
      />
      {judged?.result.verification.simulated === true ? (
        <Banner kind="simulated">
          Judged under roots of a test authority that you named. This says nothing about hardware.
        </Banner>
      ) : null}
      {save.data === undefined ? null : (
        <Banner
          kind="fact"
          title={`${save.data.fileName} is written.`}
          action={
            <DownloadLink file={save.data} className={buttonClass()}>
              Download the document
            </DownloadLink>
          }
        >
          The whole verification document, as the command line writes it with --json.
        </Banner>
      )}
      {[save.error, keep.error].map((failed) =>
        failed === null ? null : <ErrorMessage key={failed.error.message} inline error={failed.error} />,
      )}
      {/* Dropping is one way; the button is the other, and works without a pointer. */}
      {/* oxlint-disable-next-line jsx-a11y/no-static-element-interactions -- a drop target, nothing to press */}
      <div className={cx(styles.ground, intake.hovering && styles.hovering)} {...intake.ground}>
        <div className={styles.found}>
          {verify.isPending ? (
            <Waiting>Judging {plural(files.length, 'file')}</Waiting>
          ) : verify.error !== null ? (
            <ErrorMessage
              error={verify.error.error}
              meaning="Nothing was judged and nothing was kept."
              actions={<Button onClick={() => judge([], options)}>Start again with other files</Button>}
            />
          ) : judged !== undefined ? (
            <FileVerdict
              key={judged.result.verification.verifiedAt}
              result={judged.result}
              source={{ kind: 'paths', files: judged.files }}
            />
          ) : (
            <>
              <div className={styles.drop}>
                <h2>{intake.taking ? 'Bringing the files to the core' : 'Drop evidence files here'}</h2>
                <p className="dim">
                  One piece of evidence, with all that stands beside it: certificates, revocation lists, OCSP answers,
                  manifests, collateral. What a file is, is told from its content. At most 64 files and 16 MiB.
                </p>
                <Button variant="primary" onClick={() => setPicking(true)}>
                  Choose evidence files
                </Button>
                {intake.error === undefined ? null : <ErrorMessage inline error={intake.error} />}
              </div>
              <KeptList />
            </>
          )}
        </div>
        <aside className={styles.aside} aria-label="Files and options">
          <Section
            title="Files"
            aside={
              <Button variant="quiet" onClick={() => setPicking(true)}>
                Add files
              </Button>
            }
          >
            {files.length === 0 ? (
              <p className="small faint">None yet.</p>
            ) : judged === undefined ? (
              <ul className={styles.files}>
                {files.map(({ path, name }) => (
                  <li key={path} className="mono clip" title={path}>
                    {name}
                  </li>
                ))}
              </ul>
            ) : (
              <FileRows result={judged.result} />
            )}
            {files.length === 0 ? null : (
              <Button variant="quiet" flush onClick={() => judge([], options)}>
                Remove all files
              </Button>
            )}
            {judged === undefined || intake.error === undefined ? null : <ErrorMessage inline error={intake.error} />}
          </Section>
          <Section title="How to judge">
            <FileOptionsForm options={options} onOptions={setOptions} />
          </Section>
          <div className={styles.again}>
            <Button
              variant={isChanged || judged === undefined ? 'primary' : 'default'}
              wide
              off={files.length === 0 || problem !== undefined ? (problem ?? '') : undefined}
              working={verify.isPending ? 'Judging' : undefined}
              onClick={() => judge(files, options)}
            >
              {judged === undefined ? 'Judge these files' : 'Judge again'}
            </Button>
            {isChanged ? <p className="small is-warning">The options changed after this verdict.</p> : null}
          </div>
        </aside>
      </div>
      {isPicking ? (
        <FilePickDialog
          title="Choose evidence files"
          description="On the machine the core runs on. Nothing is kept unless you say so."
          onClose={() => setPicking(false)}
          onPaths={(paths) => {
            setPicking(false);
            add(paths.map(chosenFile));
          }}
        />
      ) : null}
    </Page>
  );
}

function problemOf(options: FileOptions): string | undefined {
  return timeProblem(options) ?? nonceProblem(options);
}
