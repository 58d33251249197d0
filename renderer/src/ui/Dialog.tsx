import { Dialog as BaseDialog } from '@base-ui/react/dialog';
import { useRef, useState, type ReactNode } from 'react';
import { Button } from './Button.tsx';
import { cx } from './cx.ts';
import styles from './Dialog.module.css';
import { TextInput } from './TextInput.tsx';

export interface DialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly title: ReactNode;
  readonly description?: ReactNode;
  readonly children?: ReactNode;
  /** Buttons at the foot, the way out first. */
  readonly actions?: ReactNode;
  readonly wide?: boolean;
  /** It releases, revokes or deletes: the focus starts on the way out. */
  readonly careful?: boolean;
}

/** Floats over a dimmed page. Focus goes in, stays in, and returns to the opener; Esc closes. */
export function Dialog({
  open,
  onClose,
  title,
  description,
  children,
  actions,
  wide = false,
  careful = false,
}: DialogProps) {
  const foot = useRef<HTMLDivElement>(null);
  return (
    <BaseDialog.Root open={open} onOpenChange={(next) => (next ? undefined : onClose())}>
      <BaseDialog.Portal>
        <BaseDialog.Backdrop className={styles.backdrop} />
        <BaseDialog.Popup
          className={cx(styles.popup, wide && styles.wide)}
          initialFocus={careful ? () => foot.current?.querySelector('button') ?? true : true}
        >
          <BaseDialog.Title className={styles.title}>{title}</BaseDialog.Title>
          {description === undefined ? null : (
            <BaseDialog.Description className={styles.description}>{description}</BaseDialog.Description>
          )}
          {children === undefined ? null : <div className={styles.body}>{children}</div>}
          {actions === undefined ? null : (
            <div ref={foot} className={styles.acts}>
              {actions}
            </div>
          )}
        </BaseDialog.Popup>
      </BaseDialog.Portal>
    </BaseDialog.Root>
  );
}

export interface ConsequenceDialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
  /** Names the act: "Stop run readmission-mlp-07?" */
  readonly title: ReactNode;
  /** How much, to whom, and whether it can be undone. */
  readonly consequence: ReactNode;
  /** The way out, a verb: "Keep it running". It has the focus at first. */
  readonly keep: string;
  /** The act, a verb with its object. */
  readonly act: string;
  readonly onAct: () => void;
  readonly working?: string | undefined;
  readonly danger?: boolean;
  /** A phrase to type first, for what cannot be undone. */
  readonly phrase?: string;
  readonly children?: ReactNode;
}

/** A dialog that spends, releases, stops or deletes. */
export function ConsequenceDialog({
  open,
  onClose,
  title,
  consequence,
  keep,
  act,
  onAct,
  working,
  danger = false,
  phrase,
  children,
}: ConsequenceDialogProps) {
  const wayOut = useRef<HTMLButtonElement>(null);
  const [typed, setTyped] = useState('');
  const blocked = phrase !== undefined && typed.trim() !== phrase;
  return (
    <BaseDialog.Root
      open={open}
      onOpenChange={(next) => {
        if (!next) {
          setTyped('');
          onClose();
        }
      }}
    >
      <BaseDialog.Portal>
        <BaseDialog.Backdrop className={styles.backdrop} />
        <BaseDialog.Popup className={styles.popup} initialFocus={wayOut}>
          <BaseDialog.Title className={styles.title}>{title}</BaseDialog.Title>
          <BaseDialog.Description className={styles.description}>{consequence}</BaseDialog.Description>
          {children === undefined ? null : <div className={styles.body}>{children}</div>}
          {phrase === undefined ? null : (
            <div className={styles.body}>
              <TextInput
                name={`Type "${phrase}"`}
                value={typed}
                onChange={(event) => setTyped(event.currentTarget.value)}
              />
            </div>
          )}
          <div className={styles.acts}>
            <Button ref={wayOut} onClick={onClose}>
              {keep}
            </Button>
            <Button
              variant={danger ? 'danger' : 'primary'}
              onClick={onAct}
              working={working}
              off={blocked ? '' : undefined}
            >
              {act}
            </Button>
          </div>
        </BaseDialog.Popup>
      </BaseDialog.Portal>
    </BaseDialog.Root>
  );
}
