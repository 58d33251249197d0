import { useState } from 'react';
import type { ShareSet } from '../../../../electron/contract/recovery.ts';
import { secretOf, useAction } from '../../host/index.ts';
import { Banner, PassphraseDialog, TextInput } from '../../ui/index.ts';

interface RefreshDialogProps {
  readonly onClose: () => void;
  readonly onDone: () => void;
  readonly set: ShareSet;
}

/** New pages for the same holders: for a page that was lost or seen. */
export function RefreshDialog({ onClose, onDone, set }: RefreshDialogProps) {
  const [folder, setFolder] = useState('');
  const refresh = useAction('shares.refresh', { onDone });
  return (
    <PassphraseDialog
      onClose={onClose}
      title="Refresh the shares?"
      description={`A new key is split for the same ${set.shares.length} holders. Every page of set ${set.setId} becomes worthless for this vault; backups written before still open with it, so destroy the old pages or the old backups.`}
      keep="Keep the pages"
      act="Write new pages"
      missing={folder === '' ? 'Name a folder.' : undefined}
      working={refresh.isPending ? 'Splitting a new key' : undefined}
      error={refresh.error?.error}
      onAct={(passphrase) => refresh.mutate({ folder, passphrase: secretOf(passphrase) })}
      done={
        refresh.data === undefined ? undefined : (
          <Banner kind="fact" title="New pages are written.">
            Set <span className="mono">{refresh.data.set.setId}</span>. Hand them out, then back up again.
          </Banner>
        )
      }
    >
      <TextInput
        name="Folder for the pages"
        mono
        value={folder}
        placeholder="/home/me/kit"
        onChange={(event) => setFolder(event.currentTarget.value)}
      />
    </PassphraseDialog>
  );
}
