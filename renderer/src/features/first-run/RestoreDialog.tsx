import { useState } from 'react';
import { secretOf, useAction } from '../../host/index.ts';
import {
  Button,
  Dialog,
  ErrorMessage,
  givenShares,
  PassphraseInput,
  Segmented,
  ShareInputs,
  TextInput,
} from '../../ui/index.ts';

const most = 16;

/** A lost computer comes back: a backup, and its passphrase or enough shares. The lock screen asks for the passphrase next. */
export function RestoreDialog({ open, onClose }: { readonly open: boolean; readonly onClose: () => void }) {
  const [path, setPath] = useState('');
  const [by, setBy] = useState<'passphrase' | 'shares'>('passphrase');
  const [passphrase, setPassphrase] = useState('');
  const [again, setAgain] = useState('');
  const [lines, setLines] = useState<readonly string[]>(['', '']);
  const restore = useAction('backup.restore');
  const close = () => {
    setPassphrase('');
    setAgain('');
    setLines(['', '']);
    restore.reset();
    onClose();
  };
  const shares = givenShares(lines);
  const differs = by === 'shares' && again !== passphrase;
  const missing =
    path === ''
      ? 'Name the backup.'
      : by === 'shares' && shares.length === 0
        ? 'Give the shares.'
        : passphrase === ''
          ? 'Type a passphrase.'
          : undefined;
  return (
    <Dialog
      open={open}
      onClose={close}
      wide
      title="Restore from a backup"
      description="Brings back the vault, its keys, the records of datasets, policies and the ledger. Sealed files are not in a backup; put them where they were."
      actions={
        <>
          <Button onClick={close}>Not now</Button>
          <Button
            variant="primary"
            working={restore.isPending ? 'Opening and checking every record' : undefined}
            off={missing ?? (differs ? 'The two passphrases differ.' : undefined)}
            onClick={() =>
              restore.mutate({
                path,
                with:
                  by === 'passphrase' ? { passphrase: secretOf(passphrase) } : { shares, next: secretOf(passphrase) },
              })
            }
          >
            Restore
          </Button>
        </>
      }
    >
      <div className="stack">
        <TextInput
          name="Backup file"
          mono
          value={path}
          placeholder="/media/usb/desk.nacre"
          onChange={(event) => setPath(event.currentTarget.value)}
        />
        <Segmented
          label="Open it with"
          value={by}
          onValue={setBy}
          options={[
            { value: 'passphrase', label: 'Passphrase' },
            { value: 'shares', label: 'Recovery shares' },
          ]}
        />
        {by === 'passphrase' ? (
          <PassphraseInput name="Passphrase of the backup" value={passphrase} onValue={setPassphrase} />
        ) : (
          <>
            <ShareInputs lines={lines} onLines={setLines} />
            {lines.length < most ? (
              <div>
                <Button variant="quiet" flush onClick={() => setLines([...lines, ''])}>
                  One more share
                </Button>
              </div>
            ) : null}
            <PassphraseInput name="New passphrase" value={passphrase} onValue={setPassphrase} showStrength />
            <PassphraseInput name="The new one again" value={again} onValue={setAgain} />
          </>
        )}
        {restore.error === null ? null : <ErrorMessage inline error={restore.error.error} />}
      </div>
    </Dialog>
  );
}
