import { useState } from 'react';
import type { MethodOutput } from '../../../../electron/contract/methods.ts';
import { useAction } from '../../host/index.ts';
import { Banner, Button, Dialog, ErrorMessage, TextInput } from '../../ui/index.ts';
import { Camera } from './Camera.tsx';

type Imported = MethodOutput<'approvals.import'>;

interface ImportDialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
  /** Told of the request that came, or that was answered. */
  readonly onImported: (id: string) => void;
}

const done = {
  'approval-request': 'The request is here. Read it before you answer.',
  approval: 'The answer is here and counts.',
  members: 'The members’ rule is here.',
} as const;

/** Takes in what came from another desk. The core opens the files; their content never comes to this page. */
export function ImportDialog({ open, onClose, onImported }: ImportDialogProps) {
  const [paths, setPaths] = useState('');
  const take = useAction('approvals.import', {
    onDone: ({ kind, id }) => {
      if (kind !== 'members') onImported(id);
    },
  });
  const [seen, setSeen] = useState<Imported>();
  const close = () => {
    if (seen !== undefined && seen.kind !== 'members') onImported(seen.id);
    setSeen(undefined);
    setPaths('');
    take.reset();
    onClose();
  };
  const chosen = paths
    .split(';')
    .map((path) => path.trim())
    .filter((path) => path !== '');
  return (
    <Dialog
      open={open}
      onClose={close}
      title="Take in a request, an answer or a rule"
      description="From a file, from pictures (PNG, JPEG) of its codes, or by the camera. Signatures are checked before anything is kept."
      actions={
        <>
          <Button onClick={close}>{take.data === undefined && seen === undefined ? 'Take in nothing' : 'Close'}</Button>
          <Button
            variant="primary"
            working={take.isPending ? 'Reading' : undefined}
            off={chosen.length === 0 ? 'Choose a file.' : undefined}
            onClick={() => take.mutate({ paths: chosen })}
          >
            Read and check
          </Button>
        </>
      }
    >
      <div className="stack">
        <TextInput
          name="Path"
          mono
          value={paths}
          placeholder="/media/usb/answer.json"
          hint="Several pictures of one document: part their paths by semicolons."
          onChange={(event) => setPaths(event.currentTarget.value)}
        />
        <Camera onWhole={setSeen} />
        {seen === undefined ? null : <Banner kind="fact" title={done[seen.kind]} />}
        {take.error === null ? null : <ErrorMessage inline error={take.error.error} />}
        {take.data === undefined ? null : <Banner kind="fact" title={done[take.data.kind]} />}
      </div>
    </Dialog>
  );
}
