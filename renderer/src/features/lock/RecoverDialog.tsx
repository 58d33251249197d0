import { useState } from 'react';
import { secretOf, useAction } from '../../host/index.ts';
import { Banner, Button, Dialog, ErrorMessage, givenShares, PassphraseInput, ShareInputs } from '../../ui/index.ts';

const most = 16;

/** The passphrase is lost, the vault is here: enough shares set a new one. */
export function RecoverDialog({ open, onClose }: { readonly open: boolean; readonly onClose: () => void }) {
  const [lines, setLines] = useState<readonly string[]>(['', '']);
  const [next, setNext] = useState('');
  const [again, setAgain] = useState('');
  const recover = useAction('shares.recover');
  const forget = () => {
    setLines(['', '']);
    setNext('');
    setAgain('');
  };
  const close = () => {
    forget();
    recover.reset();
    onClose();
  };
  const shares = givenShares(lines);
  const done = recover.data !== undefined;
  return (
    <Dialog
      open={open}
      onClose={close}
      wide
      title="Use recovery shares"
      description="Enough pages of the recovery kit set a new passphrase. Keys and records stay as they are; the old passphrase opens nothing any more."
      actions={
        <>
          <Button onClick={close}>{done ? 'Close' : 'Not now'}</Button>
          {done ? null : (
            <Button
              variant="primary"
              working={recover.isPending ? 'Opening with the shares' : undefined}
              off={
                shares.length === 0
                  ? 'Give the shares.'
                  : next === ''
                    ? 'Type a new passphrase.'
                    : next === again
                      ? undefined
                      : 'The two passphrases differ.'
              }
              onClick={() => recover.mutate({ shares, next: secretOf(next) }, { onSuccess: forget })}
            >
              Set the new passphrase
            </Button>
          )}
        </>
      }
    >
      {done ? (
        <Banner kind="fact" title="The vault has the new passphrase.">
          Unlock it, then refresh the shares under Keys, Recovery: these pages were together in one place.
        </Banner>
      ) : (
        <div className="stack">
          <ShareInputs lines={lines} onLines={setLines} />
          {lines.length < most ? (
            <div>
              <Button variant="quiet" flush onClick={() => setLines([...lines, ''])}>
                One more share
              </Button>
            </div>
          ) : null}
          <PassphraseInput name="New passphrase" value={next} onValue={setNext} showStrength />
          <PassphraseInput name="The new one again" value={again} onValue={setAgain} />
          {recover.error === null ? null : <ErrorMessage inline error={recover.error.error} />}
        </div>
      )}
    </Dialog>
  );
}
