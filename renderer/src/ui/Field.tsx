import { useId, type ReactNode } from 'react';
import { cx } from './cx.ts';
import styles from './Field.module.css';
import { TrustMark } from './TrustMark.tsx';

export interface FieldParts {
  readonly id: string;
  readonly describedBy: string | undefined;
  readonly invalid: boolean;
}

export interface FieldProps {
  readonly name: ReactNode;
  /** A sentence under the control. */
  readonly hint?: ReactNode;
  /** What is wrong and what to write instead; turns the control red. */
  readonly error?: ReactNode;
  /** Accepted, but worth a look. */
  readonly caution?: ReactNode;
  readonly hiddenName?: boolean;
  readonly children: (parts: FieldParts) => ReactNode;
}

/** Name above, control, then one line of hint, caution or error; wired for assistive technology. */
export function Field({ name, hint, error, caution, hiddenName = false, children }: FieldProps) {
  const id = useId();
  const noteId = `${id}-note`;
  const note = error ?? caution ?? hint;
  const hasNote = note !== undefined && note !== null && note !== '';
  return (
    <div className={styles.field}>
      <label htmlFor={id} className={hiddenName ? 'sr' : styles.name}>
        {name}
      </label>
      {children({ id, describedBy: hasNote ? noteId : undefined, invalid: error !== undefined })}
      {hasNote ? (
        <div
          id={noteId}
          className={cx(
            styles.hint,
            error !== undefined && styles.hintBad,
            error === undefined && caution !== undefined && styles.hintCaution,
          )}
        >
          {error === undefined ? null : <TrustMark trust="refused" />}
          {error === undefined && caution !== undefined ? <TrustMark trust="warning" /> : null}
          {note}
        </div>
      ) : null}
    </div>
  );
}
