import { useState } from 'react';
import type { ApprovalView } from '../../../../electron/contract/approval.ts';
import { useAction } from '../../host/index.ts';
import { ConsequenceDialog, ErrorMessage, TextInput } from '../../ui/index.ts';

interface AnswerDialogProps {
  readonly request: ApprovalView;
  /** Absent while closed. */
  readonly decision: 'approve' | 'refuse' | undefined;
  readonly onClose: () => void;
}

/** Signs the answer to the request that is on the screen: its whole digest goes with it. */
export function AnswerDialog({ request, decision, onClose }: AnswerDialogProps) {
  const [reason, setReason] = useState('');
  const answer = useAction('approvals.answer', { onDone: onClose });
  const close = () => {
    setReason('');
    answer.reset();
    onClose();
  };
  const approving = decision === 'approve';
  return (
    <ConsequenceDialog
      open={decision !== undefined}
      onClose={close}
      title={approving ? `Approve: ${request.title}?` : `Refuse: ${request.title}?`}
      consequence={
        approving
          ? 'Your signature cannot be called back. It is good for this one act, until the request expires.'
          : 'One refusal ends the request. Whoever asks sees it with your name and your words.'
      }
      keep="Answer nothing"
      act={approving ? 'Sign the approval' : 'Sign the refusal'}
      danger={!approving}
      working={answer.isPending ? 'Signing' : undefined}
      onAct={() =>
        answer.mutate({
          id: request.id,
          decision: decision ?? 'refuse',
          ...(approving || reason.trim() === '' ? {} : { reason: reason.trim() }),
        })
      }
    >
      {approving ? null : (
        <TextInput name="Why" value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
      )}
      {answer.error === null ? null : <ErrorMessage inline error={answer.error.error} />}
    </ConsequenceDialog>
  );
}
