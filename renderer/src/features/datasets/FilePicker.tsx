import { useState } from 'react';
import { useMethod } from '../../host/index.ts';
import { ErrorMessage, TextInput, formatBytes } from '../../ui/index.ts';
import styles from './Datasets.module.css';

interface FilePickerProps {
  readonly path: string | undefined;
  readonly onPath: (path: string) => void;
}

/** Files of the machine the core runs on, which over an SSH tunnel is not the one with the screen. */
export function FilePicker({ path, onPath }: FilePickerProps) {
  const [directory, setDirectory] = useState<string>();
  const [typed, setTyped] = useState('');
  const listing = useMethod('files.browse', directory === undefined ? {} : { directory });
  const parent = listing.data?.parent;
  return (
    <div className={styles.picker}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (typed.trim() !== '') onPath(typed.trim());
        }}
      >
        <TextInput
          name="Path"
          mono
          value={typed}
          placeholder={listing.data?.directory ?? ''}
          hint="Type a path and press Enter, or choose below. Folders are sealed whole."
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
      </form>
      {listing.error === null ? null : <ErrorMessage inline error={listing.error.error} />}
      <ul className={styles.files} aria-label={`Files in ${listing.data?.directory ?? 'the first folder'}`}>
        {parent === undefined ? null : (
          <li>
            <button type="button" onClick={() => setDirectory(parent)}>
              <span className="mono">..</span>
              <span className="faint">up</span>
            </button>
          </li>
        )}
        {(listing.data?.entries ?? []).map((entry) => (
          <li key={entry.path}>
            <button
              type="button"
              aria-pressed={entry.kind === 'file' ? entry.path === path : undefined}
              onClick={() => {
                setTyped(entry.path);
                if (entry.kind === 'folder') setDirectory(entry.path);
                else onPath(entry.path);
              }}
            >
              <span className="mono clip">
                {entry.name}
                {entry.kind === 'folder' ? '/' : ''}
              </span>
              <span className="faint">{entry.kind === 'file' ? formatBytes(entry.bytes) : 'folder'}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
