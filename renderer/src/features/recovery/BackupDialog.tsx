import { useState } from 'react';
import { secretOf, useAction } from '../../host/index.ts';
import { Banner, Checkbox, PassphraseDialog, PassphraseInput, TextInput, formatBytes } from '../../ui/index.ts';

interface BackupDialogProps {
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** Writes a backup to a path that the person chooses. */
export function BackupDialog({ onClose, onDone }: BackupDialogProps) {
  const [path, setPath] = useState('');
  const [apart, setApart] = useState(false);
  const [own, setOwn] = useState('');
  const create = useAction('backup.create', { onDone });
  return (
    <PassphraseDialog
      onClose={onClose}
      title="Back up this profile"
      description="One encrypted file with the vault, its keys, the records of datasets, policies, rules, settings and the ledger, all of one moment. Sealed files, models and telemetry are not in it."
      keep="Not now"
      act="Write backup"
      missing={path === '' ? 'Name a file.' : apart && own === '' ? 'Choose its passphrase.' : undefined}
      working={create.isPending ? 'Writing and reading back' : undefined}
      error={create.error?.error}
      onAct={(passphrase) => {
        setOwn('');
        create.mutate({
          path,
          passphrase: secretOf(passphrase),
          ...(apart ? { ownPassphrase: secretOf(own) } : {}),
        });
      }}
      done={
        create.data === undefined ? undefined : (
          <Banner kind="fact" title="Written, and read back whole.">
            <span className="mono">{create.data.path}</span>, {formatBytes(create.data.bytes)}. sha256{' '}
            <span className="mono">{create.data.sha256.slice(0, 16)}…</span> It opens with{' '}
            {apart ? 'its own passphrase' : 'the passphrase of this moment'}, or with the recovery shares.
          </Banner>
        )
      }
    >
      <TextInput
        name="Write to"
        mono
        value={path}
        placeholder="/media/usb/desk.nacre"
        hint="Best on a disk that is not in this computer."
        onChange={(event) => setPath(event.currentTarget.value)}
      />
      <Checkbox checked={apart} onChange={(event) => setApart(event.currentTarget.checked)}>
        Open it with another passphrase than the vault
      </Checkbox>
      {apart ? <PassphraseInput name="Passphrase of the backup" value={own} onValue={setOwn} showStrength /> : null}
    </PassphraseDialog>
  );
}
