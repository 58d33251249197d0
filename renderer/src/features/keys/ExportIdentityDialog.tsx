import { useState } from 'react';
import { secretOf, useAction } from '../../host/index.ts';
import { Banner, PassphraseDialog, TextInput } from '../../ui/index.ts';

/** Writes the age identity to a file that only its owner can read. Asks for the passphrase again and is logged. */
export function ExportIdentityDialog({ onClose }: { readonly onClose: () => void }) {
  const [path, setPath] = useState('');
  const write = useAction('keys.exportIdentity');
  return (
    <PassphraseDialog
      onClose={onClose}
      title="Export the dataset identity?"
      description="Whoever has this file can open every dataset, checkpoint and model sealed to your key. It cannot be called back. The ledger records the export."
      keep="Keep it in the vault"
      act="Write identity file"
      danger
      missing={path === '' ? 'Name a file.' : undefined}
      working={write.isPending ? 'Deriving the key' : undefined}
      error={write.error?.error}
      onAct={(passphrase) => write.mutate({ passphrase: secretOf(passphrase), path })}
      done={
        write.data === undefined ? undefined : (
          <Banner kind="fact" title="Written.">
            <span className="mono">{write.data.path}</span>, readable by you only. Open a file with{' '}
            <span className="mono">age -d -i</span>.
          </Banner>
        )
      }
    >
      <TextInput
        name="Write to"
        mono
        value={path}
        placeholder="/media/usb/identity.txt"
        onChange={(event) => setPath(event.currentTarget.value)}
      />
    </PassphraseDialog>
  );
}
