import { useState, type ReactNode } from 'react';
import { Button } from './Button.tsx';
import { Dialog } from './Dialog.tsx';
import { ErrorMessage, type ErrorMessageProps } from './Messages.tsx';
import { PassphraseInput } from './PassphraseInput.tsx';

export interface PassphraseDialogProps {
  readonly onClose: () => void;
  readonly title: ReactNode;
  readonly description?: ReactNode;
  /** The way out and the act, verbs with their object. */
  readonly keep: string;
  readonly act: string;
  readonly danger?: boolean;
  readonly wide?: boolean;
  /** What is still missing besides the passphrase ("Name a file."); the act is off and says it. */
  readonly missing?: string | undefined;
  /** The act under way: "Deriving the key". */
  readonly working: string | undefined;
  readonly error: ErrorMessageProps['error'] | undefined;
  /** Gets what was typed once; it is dropped here at the same time. */
  readonly onAct: (passphrase: string) => void;
  /** The fields before the passphrase. */
  readonly children?: ReactNode;
  /** What was done: takes the place of the fields and leaves only the way out. */
  readonly done?: ReactNode;
}

/**
 * An act that asks for the passphrase of the vault again. Shown while it is in the document: what was typed is dropped
 * when it is sent and when the dialog goes.
 */
export function PassphraseDialog({
  onClose,
  title,
  description,
  keep,
  act,
  danger = false,
  wide = false,
  missing,
  working,
  error,
  onAct,
  children,
  done,
}: PassphraseDialogProps) {
  const [passphrase, setPassphrase] = useState('');
  const isDone = done !== undefined && done !== null;
  const off = missing ?? (passphrase === '' ? 'Type the passphrase.' : undefined);
  return (
    <Dialog
      open
      careful={danger}
      wide={wide}
      onClose={onClose}
      title={title}
      description={description}
      actions={
        <>
          <Button onClick={onClose}>{isDone ? 'Close' : keep}</Button>
          {isDone ? null : (
            <Button
              variant={danger ? 'danger' : 'primary'}
              working={working}
              off={off}
              onClick={() => {
                setPassphrase('');
                onAct(passphrase);
              }}
            >
              {act}
            </Button>
          )}
        </>
      }
    >
      {isDone ? (
        done
      ) : (
        <div className="stack">
          {children}
          <PassphraseInput name="Passphrase of the vault" value={passphrase} onValue={setPassphrase} />
          {error === undefined ? null : <ErrorMessage inline error={error} />}
        </div>
      )}
    </Dialog>
  );
}
