import { useState } from 'react';
import type { ShareSet, ShareStanding } from '../../../../electron/contract/recovery.ts';
import { useAction } from '../../host/index.ts';
import { Banner, Button, Dialog, ErrorMessage, givenShares, ShareInputs } from '../../ui/index.ts';

interface TryDialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
}

/** Says what a page is worth, and does not show it. */
export function VerifyShareDialog({ open, onClose }: TryDialogProps) {
  const [lines, setLines] = useState<readonly string[]>(['']);
  const check = useAction('shares.check');
  const close = () => {
    setLines(['']);
    check.reset();
    onClose();
  };
  const [share] = givenShares(lines);
  return (
    <Dialog
      open={open}
      onClose={close}
      title="Verify a share"
      description="Tells whether it was typed right and belongs to the set that works now. One share opens nothing."
      actions={
        <>
          <Button onClick={close}>Close</Button>
          <Button
            variant="primary"
            off={share === undefined ? 'Give the share.' : undefined}
            working={check.isPending ? 'Reading' : undefined}
            onClick={() => {
              if (share !== undefined) check.mutate({ share }, { onSuccess: () => setLines(['']) });
            }}
          >
            Verify share
          </Button>
        </>
      }
    >
      <div className="stack">
        <ShareInputs lines={lines} onLines={setLines} />
        {check.error === null ? null : <ErrorMessage inline error={check.error.error} />}
        {check.data === undefined ? null : <Standing standing={check.data} />}
      </div>
    </Dialog>
  );
}

function Standing({ standing: { state, index, shares, holder, setId, digest } }: { readonly standing: ShareStanding }) {
  const titles = {
    current: `Share ${index} of ${shares}, of the set that works now.`,
    replaced: 'Of a set that was replaced.',
    foreign: 'Not of this vault, or forged.',
  };
  return (
    <Banner kind={state === 'current' ? 'fact' : 'warning'} title={titles[state]}>
      {holder === undefined ? null : `Noted for ${holder}. `}
      {state === 'replaced' ? 'It opens only backups of its time. ' : null}
      Set <span className="mono">{setId}</span>, digest <span className="mono">{digest.slice(0, 16)}…</span>
    </Banner>
  );
}

/** Enough shares together, tried against the vault without changing anything. */
export function RehearseDialog({
  open,
  onClose,
  onDone,
  set,
}: TryDialogProps & { readonly set: ShareSet; readonly onDone: () => void }) {
  const empty = Array.from({ length: set.threshold }, () => '');
  const [lines, setLines] = useState<readonly string[]>(empty);
  const rehearse = useAction('shares.rehearse', { onDone });
  const close = () => {
    setLines(empty);
    rehearse.reset();
    onClose();
  };
  const shares = givenShares(lines);
  return (
    <Dialog
      open={open}
      onClose={close}
      wide
      title="Rehearse the recovery"
      description={`Bring ${set.threshold} pages together. The vault's key is opened with them and forgotten again; passphrase and shares stay as they are. The ledger notes the rehearsal.`}
      actions={
        <>
          <Button onClick={close}>{rehearse.data === undefined ? 'Not now' : 'Close'}</Button>
          {rehearse.data === undefined ? (
            <Button
              variant="primary"
              off={shares.length < set.threshold ? `${shares.length} of ${set.threshold} are there.` : undefined}
              working={rehearse.isPending ? 'Trying' : undefined}
              onClick={() => rehearse.mutate({ shares }, { onSuccess: () => setLines(empty) })}
            >
              Try these shares
            </Button>
          ) : null}
        </>
      }
    >
      {rehearse.data === undefined ? (
        <div className="stack">
          <ShareInputs lines={lines} onLines={setLines} />
          {rehearse.error === null ? null : <ErrorMessage inline error={rehearse.error.error} />}
        </div>
      ) : (
        <Banner kind="fact" title="These shares open the vault.">
          Shares {rehearse.data.rehearsedWith?.join(' and ')} were used. Nothing was changed.
        </Banner>
      )}
    </Dialog>
  );
}
