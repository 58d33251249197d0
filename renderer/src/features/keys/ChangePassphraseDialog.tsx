import { useState } from 'react';
import { secretOf, useAction } from '../../host/index.ts';
import { Button, Dialog, ErrorMessage, PassphraseInput, useToasts } from '../../ui/index.ts';

interface ChangePassphraseDialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
}

export function ChangePassphraseDialog({ open, onClose }: ChangePassphraseDialogProps) {
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const change = useAction('vault.changePassphrase');
  const toasts = useToasts();
  const close = () => {
    setCurrent('');
    setNext('');
    change.reset();
    onClose();
  };
  return (
    <Dialog
      open={open}
      onClose={close}
      title="Change the passphrase"
      description="The master key is wrapped anew; keys and sealed files stay as they are. The old passphrase opens nothing any more."
      actions={
        <>
          <Button onClick={close}>Keep the old passphrase</Button>
          <Button
            variant="primary"
            working={change.isPending ? 'Deriving keys' : undefined}
            off={current === '' || next === '' ? '' : undefined}
            onClick={() =>
              change.mutate(
                { current: secretOf(current), next: secretOf(next) },
                {
                  onSuccess: () => {
                    toasts.show({ title: 'Passphrase changed', note: 'The ledger has the entry.' });
                    close();
                  },
                },
              )
            }
          >
            Change passphrase
          </Button>
        </>
      }
    >
      <div className="stack">
        <PassphraseInput name="Current passphrase" value={current} onValue={setCurrent} />
        <PassphraseInput name="New passphrase" value={next} onValue={setNext} showStrength />
        {change.error === null ? null : <ErrorMessage inline error={change.error.error} />}
      </div>
    </Dialog>
  );
}
