import { useState } from 'react';
import { useNavigate } from 'react-router';
import type { EvidenceView } from '../../../../electron/contract/views.ts';
import { useAction } from '../../host/index.ts';
import { Button, Dialog, ErrorMessage, TextInput } from '../../ui/index.ts';

interface OverrideDialogProps {
  readonly evidence: EvidenceView;
  readonly open: boolean;
  readonly onClose: () => void;
}

const hoursDefault = '24';

/** Asks custodians to let this node through, past exactly the checks that did not pass in this evidence. */
export function OverrideDialog({ evidence, open, onClose }: OverrideDialogProps) {
  const [why, setWhy] = useState('');
  const [hours, setHours] = useState(hoursDefault);
  const navigate = useNavigate();
  const ask = useAction('approvals.requestOverride', { onDone: () => void navigate('/approvals') });
  const { verification } = evidence;
  const close = () => {
    setWhy('');
    setHours(hoursDefault);
    ask.reset();
    onClose();
  };
  const missing =
    why.trim() === ''
      ? 'Say why.'
      : Number(hours) >= 0.1 && Number(hours) <= 720
        ? undefined
        : 'Hours from 0.1 to 720.';
  return (
    <Dialog
      open={open}
      onClose={close}
      title={`Ask custodians to let ${verification.node} through?`}
      description="They see every check that did not pass, the measurements and the policy. If they approve, one run may release its key to this node, when it proves itself afresh and misses no other check. Signatures, debug, binding, other code and revocation can never be overridden."
      actions={
        <>
          <Button onClick={close}>Ask nobody</Button>
          <Button
            variant="primary"
            working={ask.isPending ? 'Asking' : undefined}
            off={missing}
            onClick={() => ask.mutate({ evidenceId: evidence.id, justification: why.trim(), hours: Number(hours) })}
          >
            Ask for an override
          </Button>
        </>
      }
    >
      <div className="stack">
        <TextInput name="Why" value={why} maxLength={1000} onChange={(event) => setWhy(event.currentTarget.value)} />
        <TextInput
          name="Hours it may be used"
          value={hours}
          inputMode="decimal"
          onChange={(event) => setHours(event.currentTarget.value)}
        />
        {ask.error === null ? null : <ErrorMessage inline error={ask.error.error} />}
      </div>
    </Dialog>
  );
}
