import { useState } from 'react';
import { useAction } from '../../host/index.ts';
import { Button, Dialog, ErrorMessage, TextInput } from '../../ui/index.ts';

interface ImportDialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly onDone: (id: string) => void;
}

/** Takes over a signed policy file. One of another organisation needs its key, which the file cannot vouch for. */
export function ImportDialog({ open, onClose, onDone }: ImportDialogProps) {
  const [path, setPath] = useState('');
  const [author, setAuthor] = useState('');
  const take = useAction('policies.import', { onDone: ({ policy }) => onDone(policy.id) });
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title="Import a policy file"
      description="Every version is checked: signatures, order and digests. Nothing is taken over unless all of them hold."
      actions={
        <>
          <Button onClick={onClose}>Import nothing</Button>
          <Button
            variant="primary"
            off={path.trim() === '' ? 'Name a file.' : undefined}
            working={take.isPending ? 'Checking' : undefined}
            onClick={() =>
              take.mutate({ path: path.trim(), ...(author.trim() === '' ? {} : { author: author.trim() }) })
            }
          >
            Import policy
          </Button>
        </>
      }
    >
      <div className="stack">
        <TextInput
          name="Path of the file"
          mono
          value={path}
          placeholder="/path/to/hospital-eu.nacre-policy.json"
          hint="On the machine the core runs on."
          onChange={(event) => setPath(event.currentTarget.value)}
        />
        <TextInput
          name="Key of its author"
          mono
          value={author}
          placeholder="only for another organisation"
          hint="Ed25519 in base64, got from them by another way than this file."
          onChange={(event) => setAuthor(event.currentTarget.value)}
        />
        {take.error === null ? null : <ErrorMessage inline error={take.error.error} />}
      </div>
    </Dialog>
  );
}
