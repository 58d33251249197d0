import type { Policy } from '../../../../electron/contract/policy.ts';
import type { PolicyView } from '../../../../electron/contract/policy-document.ts';
import { useMethod } from '../../host/index.ts';
import { Button, Dialog, ErrorMessage, Waiting } from '../../ui/index.ts';
import styles from './Policies.module.css';

interface TemplatesDialogProps {
  readonly open: boolean;
  /** Policies of this desk that a new one can start from. */
  readonly copies: readonly PolicyView[];
  readonly onClose: () => void;
  readonly onStart: (from: Policy, missing: readonly string[]) => void;
}

/** What a new policy starts from: a template for real hardware, or one of this desk. */
export function TemplatesDialog({ open, copies, onClose, onStart }: TemplatesDialogProps) {
  const templates = useMethod('policies.templates', {}, { enabled: open });
  return (
    <Dialog
      open={open}
      onClose={onClose}
      wide
      title="Start a policy from"
      description="A template knows no measurements of yours: what it leaves empty is not checked until you fill it in."
      actions={<Button onClick={onClose}>Keep the list</Button>}
    >
      {templates.error === null ? null : <ErrorMessage inline error={templates.error.error} />}
      {templates.isPending ? <Waiting>Reading the templates</Waiting> : null}
      <ul className={styles.templates} aria-label="Templates">
        {(templates.data ?? []).map(({ name, about, missing, policy }) => (
          <li key={policy.id}>
            <button type="button" className={styles.template} onClick={() => onStart(policy, missing)}>
              <b>{name}</b>
              <span className="small dim">{about}</span>
              <span className="small faint">You bring: {missing.join(' ')}</span>
            </button>
          </li>
        ))}
        {copies.map(({ policy }) => (
          <li key={`copy ${policy.id}`}>
            <button type="button" className={styles.template} onClick={() => onStart(policy, [])}>
              <b>A copy of {policy.name}</b>
              <span className="small dim mono">{policy.id}</span>
            </button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
