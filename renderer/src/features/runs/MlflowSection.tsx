import { useState } from 'react';
import type { RunView } from '../../../../electron/contract/views.ts';
import { useAction, useMethod } from '../../host/index.ts';
import { Button, ErrorMessage, formatCount, formatDateTime, KeyValue, Section, Select } from '../../ui/index.ts';
import { ConnectMlflowDialog } from './ConnectMlflowDialog.tsx';

interface MlflowSectionProps {
  readonly run: RunView;
  /** Id of the followed run that is drawn beside this one. */
  readonly beside: string | undefined;
  readonly onBeside: (id: string | undefined) => void;
}

const none = 'none';

/** The way of a run to the user's MLflow server, and of a run there beside this one. */
export function MlflowSection({ run, beside, onBeside }: MlflowSectionProps) {
  const servers = useMethod('mlflow.servers', {});
  const exports = useMethod('mlflow.exports', { runId: run.id }, { every: 5000 });
  const followed = useMethod('mlflow.followed', {});
  const send = useAction('mlflow.export');
  const [connecting, setConnecting] = useState(false);
  const [chosen, setChosen] = useState<string>();
  const server = servers.data?.find(({ id }) => id === chosen) ?? servers.data?.[0];
  const error = send.error ?? servers.error;
  return (
    <Section title="MLflow" aside={run.simulated ? 'SIMULATED is said in its tags' : undefined}>
      {error === null ? null : <ErrorMessage inline error={error.error} />}
      {server === undefined ? (
        <p className="small dim">Figures, hyperparameters and digests of a run can go to an MLflow server of yours.</p>
      ) : (
        <Select
          name="Server"
          value={server.id}
          onValue={setChosen}
          options={(servers.data ?? []).map(({ id, url }) => ({ value: id, label: url }))}
        />
      )}
      {(exports.data ?? []).length === 0 ? null : (
        <KeyValue
          items={(exports.data ?? []).map(({ serverId, url, experiment, points, complete, at }) => ({
            id: serverId,
            name: `${url}, experiment ${experiment}`,
            value: `${formatCount(points)} figures, ${complete ? 'complete' : 'so far'}, ${formatDateTime(at)}`,
          }))}
        />
      )}
      <div className="row">
        {server === undefined ? null : (
          <Button
            working={send.isPending ? 'Starting' : undefined}
            onClick={() => send.mutate({ runId: run.id, server: server.id })}
          >
            Export to MLflow
          </Button>
        )}
        <Button onClick={() => setConnecting(true)}>Connect an MLflow server</Button>
      </div>
      {server === undefined ? null : <FollowPicker server={server.id} />}
      {(followed.data ?? []).length === 0 ? null : (
        <Select
          name="Beside this run"
          hint="Dashed in the chart. What MLflow says is signed by nobody."
          value={beside ?? none}
          onValue={(id) => onBeside(id === none ? undefined : id)}
          options={[
            { value: none, label: 'nothing' },
            ...(followed.data ?? []).map(({ id, name, state, points, error: problem }) => ({
              value: id,
              label: `${name}: ${state}, ${formatCount(points)} figures${problem === undefined ? '' : `; ${problem.message}`}`,
            })),
          ]}
        />
      )}
      <ConnectMlflowDialog open={connecting} onClose={() => setConnecting(false)} />
    </Section>
  );
}

function FollowPicker({ server }: { readonly server: string }) {
  const experiments = useMethod('mlflow.experiments', { server });
  const [experimentId, setExperiment] = useState<string>();
  const runs = useMethod(
    'mlflow.runs',
    { server, experimentId: experimentId ?? '0' },
    { enabled: experimentId !== undefined },
  );
  const follow = useAction('mlflow.follow');
  const error = follow.error ?? experiments.error ?? runs.error;
  return (
    <>
      <Select
        name="Follow a run of the experiment"
        value={experimentId}
        onValue={setExperiment}
        options={(experiments.data ?? []).map(({ id, name }) => ({ value: id, label: name }))}
      />
      {runs.data === undefined ? null : (
        <Select
          name="Run"
          value={undefined}
          placeholder={runs.data.runs.length === 0 ? 'no runs in it' : 'Choose'}
          onValue={(mlflowRunId) => follow.mutate({ server, mlflowRunId })}
          options={runs.data.runs.map(({ runId, name, status }) => ({
            value: runId,
            label: `${name}, ${status.toLowerCase()}`,
          }))}
        />
      )}
      {error === null ? null : <ErrorMessage inline error={error.error} />}
    </>
  );
}
