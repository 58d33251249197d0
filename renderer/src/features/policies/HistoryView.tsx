import { useMethod } from '../../host/index.ts';
import { Button, Digest, ErrorMessage, formatDateTime, plural, Waiting } from '../../ui/index.ts';
import styles from './Policies.module.css';
import { textOf } from './policy-edit.ts';
import { ChangeTable } from './PolicyWords.tsx';

interface HistoryViewProps {
  readonly id: string;
  /** Puts an old version into the editor; nothing is saved by it. */
  readonly onTake: (text: string, number: number) => void;
}

/** Every signed version, newest first, with what it changed. */
export function HistoryView({ id, onTake }: HistoryViewProps) {
  const history = useMethod('policies.history', { id });
  if (history.data === undefined) {
    return history.error === null ? (
      <Waiting>Reading the versions</Waiting>
    ) : (
      <ErrorMessage error={history.error.error} />
    );
  }
  return (
    <div>
      {history.data.map((version, index) => (
        <section key={version.number} className={styles.version} aria-label={`Version ${version.number}`}>
          <div className="between">
            <div className={styles.head}>
              <h2>
                Version {version.number}
                {version.retired ? ', retired' : ''}
              </h2>
              <span className="small faint">{formatDateTime(version.at)}</span>
            </div>
            {index === 0 ? (
              <span className="small dim">newest</span>
            ) : (
              <Button variant="quiet" onClick={() => onTake(textOf(version.policy), version.number)}>
                Edit from version {version.number}
              </Button>
            )}
          </div>
          {version.note === '' ? null : <p>{version.note}</p>}
          <p className="row small dim">
            policy <Digest value={version.digest} algorithm="sha256" of={`digest of version ${version.number}`} />
            signed by{' '}
            <Digest value={version.author} algorithm="ed25519" of={`key that signed version ${version.number}`} />
          </p>
          {version.previous === null ? (
            <p className="small dim">The first version.</p>
          ) : version.changes.length === 0 ? (
            <p className="small dim">Says the same as the version before.</p>
          ) : (
            <ChangeTable
              changes={version.changes}
              label={`${plural(version.changes.length, 'change')} of version ${version.number}`}
            />
          )}
        </section>
      ))}
    </div>
  );
}
