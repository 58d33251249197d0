import { useState } from 'react';
import { secretOf, useAction } from '../../host/index.ts';
import {
  Banner,
  Button,
  Checkbox,
  Dialog,
  ErrorMessage,
  PassphraseInput,
  TextInput,
  formatBytes,
} from '../../ui/index.ts';

interface BackupDialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** Writes a backup to a path that the person chooses. */
export function BackupDialog({ open, onClose, onDone }: BackupDialogProps) {
  const [path, setPath] = useState('');
  const [passphrase, setPassphrase] = useState('');
  const [apart, setApart] = useState(false);
  const [own, setOwn] = useState('');
  const create = useAction('backup.create', { onDone });
  const forget = () => {
    setPassphrase('');
    setOwn('');
  };
  const close = () => {
    forget();
    create.reset();
    onClose();
  };
  const done = create.data;
  return (
    <Dialog
      open={open}
      onClose={close}
      title="Back up this profile"
      description="One encrypted file with the vault, its keys, the records of datasets, policies, rules, settings and the ledger, all of one moment. Sealed files, models and telemetry are not in it."
      actions={
        <>
          <Button onClick={close}>{done === undefined ? 'Not now' : 'Close'}</Button>
          {done === undefined ? (
            <Button
              variant="primary"
              working={create.isPending ? 'Writing and reading back' : undefined}
              off={path === '' || passphrase === '' || (apart && own === '') ? '' : undefined}
              onClick={() =>
                create.mutate(
                  { path, passphrase: secretOf(passphrase), ...(apart ? { ownPassphrase: secretOf(own) } : {}) },
                  { onSettled: forget },
                )
              }
            >
              Write backup
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
            placeholder="/media/usb/desk.nacre"
            hint="Best on a disk that is not in this computer."
            onChange={(event) => setPath(event.currentTarget.value)}
          />
          <PassphraseInput name="Passphrase of the vault" value={passphrase} onValue={setPassphrase} />
          <Checkbox checked={apart} onChange={(event) => setApart(event.currentTarget.checked)}>
            Open it with another passphrase than the vault
          </Checkbox>
          {apart ? <PassphraseInput name="Passphrase of the backup" value={own} onValue={setOwn} showStrength /> : null}
          {create.error === null ? null : <ErrorMessage inline error={create.error.error} />}
        </div>
      ) : (
        <Banner kind="fact" title="Written, and read back whole.">
          <span className="mono">{done.path}</span>, {formatBytes(done.bytes)}. sha256{' '}
          <span className="mono">{done.sha256.slice(0, 16)}…</span> It opens with the passphrase of this moment, or with
          the recovery shares.
        </Banner>
      )}
    </Dialog>
  );
}
