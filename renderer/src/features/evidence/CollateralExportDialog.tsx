import { useState } from 'react';
import { DownloadLink, useAction } from '../../host/index.ts';
import {
  Banner,
  Button,
  buttonClass,
  Dialog,
  Digest,
  ErrorMessage,
  formatBytes,
  plural,
  TextInput,
} from '../../ui/index.ts';

interface CollateralExportDialogProps {
  readonly items: number;
  readonly onClose: () => void;
}

/** Writes everything that is kept as one bundle that this desk signs. Mounted while it is open. */
export function CollateralExportDialog({ items, onClose }: CollateralExportDialogProps) {
  const [note, setNote] = useState('');
  const [path, setPath] = useState('');
  const save = useAction('collateral.export');
  return (
    <Dialog
      open
      onClose={onClose}
      title="Export a signed bundle"
      description={`${plural(items, 'item')} in one file, signed by this desk. Whoever imports it needs the key id of this desk from you, by another way than the file.`}
      actions={
        save.data === undefined ? (
          <>
            <Button onClick={onClose}>Export nothing</Button>
            <Button
              variant="primary"
              working={save.isPending ? 'Signing' : undefined}
              onClick={() =>
                save.mutate({
                  ...(note.trim() === '' ? {} : { note: note.trim() }),
                  ...(path.trim() === '' ? {} : { path: path.trim() }),
                })
              }
            >
              Sign and export {plural(items, 'item')}
            </Button>
          </>
        ) : (
          <Button variant="primary" onClick={onClose}>
            Close
          </Button>
        )
      }
    >
      {save.data === undefined ? (
        <div className="stack">
          <TextInput
            name="A line for whoever gets it"
            value={note}
            maxLength={500}
            onChange={(event) => setNote(event.currentTarget.value)}
          />
          <TextInput
            name="Path"
            mono
            value={path}
            placeholder="in the profile, to be fetched from there"
            hint="On the machine the core runs on."
            onChange={(event) => setPath(event.currentTarget.value)}
          />
          {save.error === null ? null : <ErrorMessage inline error={save.error.error} />}
        </div>
      ) : (
        <Banner
          kind="fact"
          title={`${save.data.fileName}, ${formatBytes(save.data.bytes)}.`}
          action={
            <DownloadLink file={save.data} className={buttonClass()}>
              Download the bundle
            </DownloadLink>
          }
        >
          {plural(save.data.items, 'item')}, SHA-256 <Digest value={save.data.sha256} of="digest of the bundle" />
        </Banner>
      )}
    </Dialog>
  );
}
