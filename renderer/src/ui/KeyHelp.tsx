import { Fragment } from 'react';
import { Button } from './Button.tsx';
import { Dialog } from './Dialog.tsx';
import styles from './Dialog.module.css';
import { Kbd } from './Values.tsx';

export interface KeyBinding {
  readonly keys: string;
  readonly does: string;
}

/** The list of keys, opened with `?`. */
export function KeyHelp({
  open,
  onClose,
  bindings,
}: {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly bindings: ReadonlyArray<KeyBinding>;
}) {
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title="Keys"
      description="No single key spends, releases or deletes."
      actions={<Button onClick={onClose}>Close list</Button>}
    >
      <div className={styles.keys}>
        {bindings.map((binding) => (
          <Fragment key={binding.keys}>
            <span className="dim">{binding.does}</span>
            <span className="num">
              <Kbd>{binding.keys}</Kbd>
            </span>
          </Fragment>
        ))}
      </div>
    </Dialog>
  );
}
