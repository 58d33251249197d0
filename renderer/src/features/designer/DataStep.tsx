import { useState } from 'react';
import { Link } from 'react-router';
import type { JobDraft } from '../../../../electron/contract/job.ts';
import type { DatasetView } from '../../../../electron/contract/views.ts';
import { useMethod } from '../../host/index.ts';
import {
  Button,
  ErrorMessage,
  Select,
  SourcePreview,
  TextInput,
  Waiting,
  formatBytes,
  formatCount,
  formatDateTime,
  plural,
  shortDigest,
} from '../../ui/index.ts';
import styles from './Designer.module.css';
import { programFor } from './draft.ts';
import { Step } from './Step.tsx';

interface DataStepProps {
  readonly draft: JobDraft;
  readonly datasets: readonly DatasetView[];
  readonly dataset: DatasetView | undefined;
  readonly edit: (change: Partial<JobDraft>) => void;
}

export function DataStep({ draft, datasets, dataset, edit }: DataStepProps) {
  const choose = (id: string) => {
    const chosen = datasets.find((candidate) => candidate.id === id);
    const { program: former } = draft;
    const program =
      former.type === 'command'
        ? former
        : chosen?.columns === undefined
          ? programFor(chosen)
          : { ...former, target: chosen.target ?? former.target };
    edit({ datasetId: id, program });
  };
  return (
    <Step
      number={1}
      title="Data"
      ready={dataset !== undefined}
      note={dataset === undefined ? 'Choose a dataset' : 'Sealed, signed'}
    >
      <div className={styles.line}>
        <div className={styles.wide}>
          <Select
            name="Sealed dataset"
            value={draft.datasetId === '' ? undefined : draft.datasetId}
            options={datasets.map((candidate) => ({
              value: candidate.id,
              label: candidate.name,
              note: formatBytes(candidate.sealedBytes),
            }))}
            onValue={choose}
          />
        </div>
        <div className={styles.wide}>
          <TextInput
            name="Name of the run"
            value={draft.name}
            maxLength={120}
            onChange={(event) => edit({ name: event.currentTarget.value })}
          />
        </div>
        <Link to="/datasets" className={styles.aside}>
          Seal another
        </Link>
      </div>
      {dataset === undefined ? null : (
        <p className={styles.facts}>
          <span>
            <b>{formatBytes(dataset.sealedBytes)}</b> in {plural(dataset.parts, 'part')} of{' '}
            {formatBytes(dataset.partSize)}
          </span>
          {dataset.rows === undefined ? null : (
            <span>
              <b>{formatCount(dataset.rows)}</b> rows
            </span>
          )}
          {dataset.columns === undefined ? null : (
            <span>
              <b>{formatCount(dataset.columns.length)}</b> columns
            </span>
          )}
          <span className="mono" title={`sha256 ${dataset.root}`}>
            root sha256 {shortDigest(dataset.root)}
          </span>
          <span>
            sealed {formatDateTime(dataset.sealedAt)}, {plural(dataset.recipients.length, 'recipient')}
          </span>
        </p>
      )}
      {dataset === undefined ? null : <Source key={dataset.id} dataset={dataset} />}
    </Step>
  );
}

/** The plain source as it lies on this computer now; it may have changed, or gone, since it was sealed. */
function Source({ dataset }: { readonly dataset: DatasetView }) {
  const [shown, setShown] = useState(false);
  const { sourcePath: path, target } = dataset;
  const preview = useMethod('datasets.preview', target === undefined ? { path } : { path, target }, { enabled: shown });
  if (!shown) {
    return (
      <div>
        <Button onClick={() => setShown(true)}>Look into the plain source</Button>
      </div>
    );
  }
  if (preview.error !== null) return <ErrorMessage inline error={preview.error.error} />;
  return preview.data === undefined ? <Waiting>the plain source</Waiting> : <SourcePreview preview={preview.data} />;
}
