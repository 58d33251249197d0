import { useState } from 'react';
import { secretOf, useAction } from '../../host/index.ts';
import { Button, Dialog, ErrorMessage, PassphraseInput, useToasts } from '../../ui/index.ts';

/** The new passphrase is asked for twice: nobody can reset one that was mistyped. */
export function ChangePassphraseDialog({ onClose }: { readonly onClose: () => void }) {
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const [again, setAgain] = useState('');
  const change = useAction('vault.changePassphrase');
  const toasts = useToasts();
  return (
    <Dialog
      open
      onClose={onClose}
      title="Change the passphrase"
      description="The master key is wrapped anew; keys and sealed files stay as they are. The old passphrase opens nothing any more."
      actions={
        <>
          <Button onClick={onClose}>Keep the old passphrase</Button>
          <Button
            variant="primary"
            working={change.isPending ? 'Deriving keys' : undefined}
            off={
              current === ''
                ? 'Type the present one.'
                : next === ''
                  ? 'Type a new one.'
                  : next === again
                    ? undefined
                    : 'The two new ones differ.'
            }
            onClick={() =>
              change.mutate(
                { current: secretOf(current), next: secretOf(next) },
                {
                  onSuccess: () => {
                    toasts.show({ title: 'Passphrase changed', note: 'The ledger has the entry.' });
                    onClose();
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
        <PassphraseInput name="The new one again" value={again} onValue={setAgain} />
        {change.error === null ? null : <ErrorMessage inline error={change.error.error} />}
      </div>
    </Dialog>
  );
}
