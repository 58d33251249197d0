import { useState } from 'react';
import type { MlflowServer } from '../../../../electron/contract/mlflow.ts';
import type { RunView } from '../../../../electron/contract/views.ts';
import { useAction, useMethod } from '../../host/index.ts';
import { Button, ConsequenceDialog, ErrorMessage, Tick, TrustMark } from '../../ui/index.ts';
import { exportWords } from './mlflow-words.ts';
import styles from './Mlflow.module.css';

interface MlflowExportProps {
  readonly run: RunView;
  readonly server: MlflowServer;
  readonly onConnect: () => void;
}

/** Sends a run to a server of the user's: what is there, what is under way, what went wrong. */
export function MlflowExport({ run, server, onConnect }: MlflowExportProps) {
  const exports = useMethod('mlflow.exports', { runId: run.id }, { every: 5000 });
  const tasks = useMethod('tasks.list', {});
  const send = useAction('mlflow.export');
  const cancel = useAction('tasks.cancel');
  const disconnect = useAction('mlflow.disconnect');
  const [removing, setRemoving] = useState(false);
  const sent = exports.data?.find(({ serverId }) => serverId === server.id);
  // The list is newest first.
  const task = tasks.data?.find(({ kind, subjectId }) => kind === 'mlflow-export' && subjectId === run.id);
  const running = task?.state === 'running';
  const error = send.error ?? disconnect.error ?? exports.error;
  return (
    <>
      {sent === undefined ? null : (
        <p className={styles.line}>
          {sent.complete ? <Tick /> : <TrustMark trust="unknown" />}
          <span>{exportWords(sent)}</span>
        </p>
      )}
      {running ? (
        <p className={styles.line} role="status">
          <span aria-hidden="true" />
          <span className="dim">Sending. {task.note ?? 'The server is asked for what it has already.'}</span>
        </p>
      ) : null}
      {task?.state === 'failed' && task.error !== undefined ? (
        <>
          <ErrorMessage inline error={task.error} />
          <p className="small dim">What the server has stays there; sending again goes on from it.</p>
        </>
      ) : null}
      {error === null ? null : <ErrorMessage inline error={error.error} />}
      <div className={styles.acts}>
        <Button
          working={send.isPending || running ? 'Sending' : undefined}
          onClick={() => send.mutate({ runId: run.id, server: server.id })}
        >
          {sent === undefined ? 'Export to MLflow' : 'Export again'}
        </Button>
        {running ? (
          <Button variant="quiet" onClick={() => cancel.mutate({ id: task.id })}>
            Stop sending
          </Button>
        ) : null}
        <Button variant="quiet" onClick={onConnect}>
          Connect another server
        </Button>
        <Button variant="quiet" onClick={() => setRemoving(true)}>
          Remove server
        </Button>
      </div>
      <ConsequenceDialog
        open={removing}
        onClose={() => setRemoving(false)}
        title="Remove this MLflow server?"
        consequence={`The vault forgets the password or token of ${server.url}, and its runs are followed no more. Nothing is deleted there.`}
        keep="Keep it"
        act="Remove server"
        working={disconnect.isPending ? 'Removing' : undefined}
        onAct={() => disconnect.mutate({ id: server.id }, { onSettled: () => setRemoving(false) })}
      />
    </>
  );
}
