import { useState } from 'react';
import styles from './FileList.module.css';
import { formatBytes } from './format.ts';
import { TextInput } from './TextInput.tsx';

interface FileListProps {
  /** One folder of the machine the core runs on; undefined while it is being read. */
  readonly listing:
    | {
        readonly directory: string;
        readonly parent?: string | undefined;
        readonly entries: ReadonlyArray<{
          readonly name: string;
          readonly path: string;
          readonly kind: 'file' | 'folder';
          readonly bytes: number;
        }>;
      }
    | undefined;
  readonly chosen: ReadonlyArray<string>;
  /** A file was pressed, or a path typed and Enter pressed. */
  readonly onPath: (path: string) => void;
  readonly onDirectory: (path: string) => void;
  readonly hint: string;
  /** A folder may be chosen whole. */
  readonly folders?: boolean;
}

/** Files of the machine the core runs on, which over an SSH tunnel is not the one with the screen. */
export function FileList({ listing, chosen, onPath, onDirectory, hint, folders = false }: FileListProps) {
  const [typed, setTyped] = useState('');
  const parent = listing?.parent;
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
          placeholder={listing?.directory ?? ''}
          hint={hint}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
      </form>
      <ul className={styles.files} aria-label={`Files in ${listing?.directory ?? 'the first folder'}`}>
        {parent === undefined ? null : (
          <li>
            <button type="button" onClick={() => onDirectory(parent)}>
              <span className="mono">..</span>
              <span className="faint">up</span>
            </button>
          </li>
        )}
        {folders && listing !== undefined ? (
          <li>
            <button
              type="button"
              aria-pressed={chosen.includes(listing.directory)}
              onClick={() => {
                setTyped(listing.directory);
                onPath(listing.directory);
              }}
            >
              <span className="mono">.</span>
              <span className="faint">this folder, whole</span>
            </button>
          </li>
        ) : null}
        {(listing?.entries ?? []).map((entry) => (
          <li key={entry.path}>
            <button
              type="button"
              aria-pressed={entry.kind === 'file' ? chosen.includes(entry.path) : undefined}
              onClick={() => {
                setTyped(entry.path);
                if (entry.kind === 'folder') onDirectory(entry.path);
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
