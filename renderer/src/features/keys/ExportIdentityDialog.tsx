import { useState } from 'react';
import { secretOf, useAction } from '../../host/index.ts';
import { Banner, Button, Dialog, ErrorMessage, PassphraseInput, TextInput } from '../../ui/index.ts';

interface ExportIdentityDialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
}

/** Writes the age identity to a file that only its owner can read. Asks for the passphrase again and is logged. */
export function ExportIdentityDialog({ open, onClose }: ExportIdentityDialogProps) {
  const [passphrase, setPassphrase] = useState('');
  const [path, setPath] = useState('');
  const exportIdentity = useAction('keys.exportIdentity');
  const close = () => {
    setPassphrase('');
    setPath('');
    exportIdentity.reset();
    onClose();
  };
  const done = exportIdentity.data;
  return (
    <Dialog
      open={open}
      careful
      onClose={close}
      title="Export the dataset identity?"
      description="Whoever has this file can open every dataset, checkpoint and model sealed to your key. It cannot be called back. The ledger records the export."
      actions={
        <>
          <Button onClick={close}>{done === undefined ? 'Keep it in the vault' : 'Close'}</Button>
          {done === undefined ? (
            <Button
              variant="danger"
              working={exportIdentity.isPending ? 'Deriving the key' : undefined}
              off={passphrase === '' || path === '' ? '' : undefined}
              onClick={() =>
                exportIdentity.mutate(
                  { passphrase: secretOf(passphrase), path },
                  { onSettled: () => setPassphrase('') },
                )
              }
            >
              Write identity file
            </Button>
          ) : null}
        </>
      }
    >
      {done === undefined ? (
        <div className="stack">
          <TextInput
            name="Write to"
            mono
            value={path}
            placeholder="/media/usb/identity.txt"
            onChange={(event) => setPath(event.currentTarget.value)}
          />
          <PassphraseInput name="Passphrase of the vault" value={passphrase} onValue={setPassphrase} />
          {exportIdentity.error === null ? null : <ErrorMessage inline error={exportIdentity.error.error} />}
        </div>
      ) : (
        <Banner kind="fact" title="Written.">
          <span className="mono">{done.path}</span>, readable by you only. Open a file with{' '}
          <span className="mono">age -d -i</span>.
        </Banner>
      )}
    </Dialog>
  );
}
