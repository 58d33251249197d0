import { useState } from 'react';
import type { NacreError } from '../../../../electron/contract/result.ts';
import type { RunView } from '../../../../electron/contract/views.ts';
import { DownloadLink, useAction } from '../../host/index.ts';
import {
  Button,
  buttonClass,
  Digest,
  ErrorMessage,
  KeyValue,
  Section,
  formatBytes,
  formatDateTime,
} from '../../ui/index.ts';
import { heldOutWords } from './held-out.ts';
import styles from './Runs.module.css';

/** What a run that succeeded leaves: the model, opened on this desk, and the receipt that proves where it came from. */
export function ResultSection({ run }: { readonly run: RunView }) {
  const open = useAction('runs.exportModel');
  const pack = useAction('reports.exportPack');
  const [failed, setFailed] = useState<NacreError>();
  if (run.state !== 'succeeded') return null;
  const error = open.error?.error ?? pack.error?.error ?? failed;
  return (
    <Section
      title="Model and receipt"
      note={
        run.receipt?.countersignedAt === undefined
          ? 'receipt not countersigned yet'
          : `receipt countersigned ${formatDateTime(run.receipt.countersignedAt)}`
      }
    >
      <div className={styles.result}>
        <KeyValue
          start
          items={[
            {
              name: 'Held-out accuracy',
              value: heldOutWords(run) ?? 'not reported',
            },
            {
              name: 'Sealed model',
              value:
                run.modelSha256 === undefined ? (
                  'unknown'
                ) : (
                  <Digest value={run.modelSha256} algorithm="sha256" of="sealed model" />
                ),
            },
            {
              name: 'Metric chain',
              value:
                run.receipt === undefined ? (
                  'no receipt'
                ) : (
                  <Digest value={run.receipt.chainHead} algorithm="sha256" of="head of the metric chain" />
                ),
            },
          ]}
        />
        <div className={styles.acts}>
          {open.data === undefined ? (
            <Button
              variant="primary"
              onClick={() => open.mutate({ id: run.id })}
              working={open.isPending ? 'Opening' : undefined}
            >
              Open model on this desk
            </Button>
          ) : (
            open.data.files.map((file) => (
              <span key={file.fileName} className={styles.file}>
                <DownloadLink
                  file={file}
                  className={buttonClass('primary')}
                  onFailed={setFailed}
                >{`Download ${file.fileName}`}</DownloadLink>
                <span className="small faint">{formatBytes(file.bytes)}</span>
              </span>
            ))
          )}
          {pack.data === undefined ? (
            <Button onClick={() => pack.mutate({ runId: run.id })} working={pack.isPending ? 'Writing' : undefined}>
              Make auditor pack
            </Button>
          ) : (
            <span className={styles.file}>
              <DownloadLink file={pack.data} className={buttonClass()} onFailed={setFailed}>
                Download auditor pack
              </DownloadLink>
              <span className="small faint">{formatBytes(pack.data.bytes)}</span>
            </span>
          )}
        </div>
      </div>
      {open.data === undefined ? null : <p className="small dim">Also in {open.data.directory}</p>}
      {error === undefined ? null : <ErrorMessage inline error={error} />}
    </Section>
  );
}
