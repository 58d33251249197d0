import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useAction, useMethod } from '../../host/index.ts';
import {
  Button,
  Dialog,
  ErrorMessage,
  Select,
  SourcePreview,
  TextInput,
  formatBytes,
  formatCount,
  plural,
} from '../../ui/index.ts';
import { FilePicker } from './FilePicker.tsx';
import styles from './Datasets.module.css';

interface SealDialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
}

/** Pick, preview, seal. The renderer handles the path only; the core opens the file. */
export function SealDialog({ open, onClose }: SealDialogProps) {
  const [path, setPath] = useState<string>();
  const [name, setName] = useState('');
  const [target, setTarget] = useState<string>();
  const queries = useQueryClient();
  const preview = useMethod(
    'datasets.preview',
    target === undefined ? { path: path ?? '/' } : { path: path ?? '/', target },
    { enabled: path !== undefined },
  );
  const seal = useAction('datasets.seal');
  const close = () => {
    setPath(undefined);
    setName('');
    setTarget(undefined);
    seal.reset();
    onClose();
  };
  const csv = preview.data?.csv;
  const chosenName = name === '' ? (preview.data?.name.replace(/\.[a-z0-9]+$/i, '') ?? '') : name;
  const start = () => {
    if (path === undefined) return;
    const chosenTarget = target ?? csv?.target;
    seal.mutate(
      chosenTarget === undefined ? { path, name: chosenName } : { path, name: chosenName, target: chosenTarget },
      {
        onSuccess: () => {
          void queries.invalidateQueries({ queryKey: ['tasks.list'] });
          void queries.invalidateQueries({ queryKey: ['datasets.list'] });
          close();
        },
      },
    );
  };
  return (
    <Dialog
      open={open}
      onClose={close}
      wide
      title="Seal a dataset"
      description="The file is encrypted here, to the dataset key in your vault. The plain file is not changed."
      actions={
        <>
          <Button onClick={close}>Close without sealing</Button>
          <Button
            variant="primary"
            onClick={start}
            working={seal.isPending ? 'Starting' : undefined}
            off={preview.data === undefined ? 'Choose a file or a folder.' : undefined}
          >
            {preview.data === undefined ? 'Seal' : `Seal ${formatBytes(preview.data.bytes)}`}
          </Button>
        </>
      }
    >
      <div className={styles.seal}>
        <FilePicker
          path={path}
          onPath={(next) => {
            setPath(next);
            setTarget(undefined);
          }}
        />
        {preview.error === null ? null : <ErrorMessage inline error={preview.error.error} />}
        {preview.data === undefined ? null : (
          <div className={styles.preview}>
            <TextInput
              name="Name"
              value={chosenName}
              maxLength={120}
              onChange={(event) => setName(event.currentTarget.value)}
            />
            {csv === undefined ? null : (
              <Select
                name="Column to predict"
                value={target ?? csv.target}
                options={csv.columns.map((column) => ({ value: column, label: column }))}
                onValue={setTarget}
                hint={
                  csv.classes.length > 12
                    ? `${plural(csv.classes.length, 'class', 'classes')}`
                    : `Rows of each: ${csv.classes
                        .toSorted((left, right) => left.name.localeCompare(right.name, 'en', { numeric: true }))
                        .map(({ name: value, rows }) => `${value}: ${formatCount(rows)}`)
                        .join(', ')}.`
                }
              />
            )}
            <SourcePreview preview={preview.data} />
          </div>
        )}
        {seal.error === null ? null : <ErrorMessage inline error={seal.error.error} />}
      </div>
    </Dialog>
  );
}
