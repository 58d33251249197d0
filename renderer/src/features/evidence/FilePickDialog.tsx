import { useState } from 'react';
import { useMethod } from '../../host/index.ts';
import { Button, Dialog, ErrorMessage, FileList, plural } from '../../ui/index.ts';
import styles from './EvidenceFile.module.css';

interface FilePickDialogProps {
  readonly title: string;
  readonly description: string;
  /** Only one file can be chosen. */
  readonly single?: boolean;
  readonly onClose: () => void;
  readonly onPaths: (paths: ReadonlyArray<string>) => void;
}

/** Files of the machine the core runs on. Mounted while it is open, so that it starts empty. */
export function FilePickDialog({ title, description, single = false, onClose, onPaths }: FilePickDialogProps) {
  const [directory, setDirectory] = useState<string>();
  const [paths, setPaths] = useState<ReadonlyArray<string>>([]);
  const listing = useMethod('files.browse', directory === undefined ? {} : { directory });
  const toggle = (path: string) =>
    setPaths((former) =>
      former.includes(path) ? former.filter((one) => one !== path) : single ? [path] : [...former, path],
    );
  return (
    <Dialog
      open
      onClose={onClose}
      title={title}
      description={description}
      actions={
        <>
          <Button onClick={onClose}>Add nothing</Button>
          <Button
            variant="primary"
            off={paths.length === 0 ? 'Choose a file.' : undefined}
            onClick={() => onPaths(paths)}
          >
            {paths.length === 0 ? 'Add files' : `Add ${plural(paths.length, 'file')}`}
          </Button>
        </>
      }
    >
      {listing.error === null ? null : <ErrorMessage inline error={listing.error.error} />}
      <FileList
        listing={listing.data}
        chosen={paths}
        onPath={toggle}
        onDirectory={setDirectory}
        hint="Type a path and press Enter, or choose below."
      />
      {paths.length === 0 ? null : (
        <ul className={styles.picked} aria-label="Chosen files">
          {paths.map((path) => (
            <li key={path} className="mono small">
              {path}
            </li>
          ))}
        </ul>
      )}
    </Dialog>
  );
}
