import { useState } from 'react';
import type { ShareSet } from '../../../../electron/contract/recovery.ts';
import { secretOf, useAction } from '../../host/index.ts';
import { Banner, Button, Dialog, ErrorMessage, PassphraseInput, TextInput } from '../../ui/index.ts';

interface RefreshDialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly onDone: () => void;
  readonly set: ShareSet;
}

/** New pages for the same holders: for a page that was lost or seen. */
export function RefreshDialog({ open, onClose, onDone, set }: RefreshDialogProps) {
  const [folder, setFolder] = useState('');
  const [passphrase, setPassphrase] = useState('');
  const refresh = useAction('shares.refresh', { onDone });
  const close = () => {
    setPassphrase('');
    refresh.reset();
    onClose();
  };
  const done = refresh.data;
  return (
    <Dialog
      open={open}
      onClose={close}
      title="Refresh the shares?"
      description={`A new key is split for the same ${set.shares.length} holders. Every page of set ${set.setId} becomes worthless for this vault; backups written before still open with it, so destroy the old pages or the old backups.`}
      actions={
        <>
          <Button onClick={close}>{done === undefined ? 'Keep the pages' : 'Close'}</Button>
          {done === undefined ? (
            <Button
              variant="primary"
              working={refresh.isPending ? 'Splitting a new key' : undefined}
              off={folder === '' || passphrase === '' ? '' : undefined}
              onClick={() =>
                refresh.mutate({ folder, passphrase: secretOf(passphrase) }, { onSettled: () => setPassphrase('') })
              }
            >
              Write new pages
            </Button>
          ) : null}
        </>
      }
    >
      {done === undefined ? (
        <div className="stack">
          <TextInput
            name="Folder for the pages"
            mono
            value={folder}
            onChange={(event) => setFolder(event.currentTarget.value)}
          />
          <PassphraseInput name="Passphrase of the vault" value={passphrase} onValue={setPassphrase} />
          {refresh.error === null ? null : <ErrorMessage inline error={refresh.error.error} />}
        </div>
      ) : (
        <Banner kind="fact" title="New pages are written.">
          Set <span className="mono">{done.set.setId}</span>. Hand them out, then back up again.
        </Banner>
      )}
    </Dialog>
  );
}
