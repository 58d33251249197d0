import { useState } from 'react';
import { useAction, useMethod } from '../../host/index.ts';
import { Button, ErrorMessage, Select, TrustMark } from '../../ui/index.ts';
import { followWords } from './mlflow-words.ts';
import styles from './Mlflow.module.css';

interface MlflowFollowProps {
  /** Id of the server whose runs are offered. */
  readonly server: string;
  /** Id of the followed run that is drawn beside this one. */
  readonly beside: string | undefined;
  readonly onBeside: (id: string | undefined) => void;
}

/** New runs of others appear on their server at any time: milliseconds. */
const lookMs = 10_000;

/** Follows a run of the server read-only, and draws it beside this one. */
export function MlflowFollow({ server, beside, onBeside }: MlflowFollowProps) {
  const experiments = useMethod('mlflow.experiments', { server });
  const [experimentId, setExperiment] = useState<string>();
  const runs = useMethod(
    'mlflow.runs',
    { server, experimentId: experimentId ?? '0' },
    { enabled: experimentId !== undefined, every: lookMs },
  );
  const [mlflowRunId, setRun] = useState<string>();
  const follow = useAction('mlflow.follow');
  const asked = experiments.error ?? runs.error;
  const chosen = runs.data?.runs.find(({ runId }) => runId === mlflowRunId);
  return (
    <>
      <div className={styles.fields}>
        <Select
          name="Experiment there"
          value={experimentId}
          onValue={(id) => {
            setExperiment(id);
            setRun(undefined);
          }}
          placeholder={experiments.data === undefined ? 'not known' : 'Choose'}
          options={(experiments.data ?? []).map(({ id, name }) => ({ value: id, label: name }))}
        />
        <Select
          name="Run there"
          value={chosen?.runId}
          disabled={experimentId === undefined}
          placeholder={runs.data?.runs.length === 0 ? 'no runs in it' : 'Choose'}
          onValue={setRun}
          options={(runs.data?.runs ?? []).map(({ runId, name, status }) => ({
            value: runId,
            label: `${name}, ${status.toLowerCase()}`,
          }))}
        />
      </div>
      {runs.data?.nextPageToken === undefined ? null : (
        <p className="small faint">Only the newest are listed; nacre mlflow follow takes the id of any.</p>
      )}
      {asked === null ? null : <ErrorMessage inline error={asked.error} />}
      {follow.error === null ? null : <ErrorMessage inline error={follow.error.error} />}
      <div className={styles.acts}>
        <Button
          off={chosen === undefined ? '' : undefined}
          working={follow.isPending ? 'Asking' : undefined}
          onClick={() =>
            chosen === undefined
              ? undefined
              : follow.mutate(
                  { server, mlflowRunId: chosen.runId },
                  {
                    onSuccess: ({ id }) => {
                      setRun(undefined);
                      onBeside(id);
                    },
                  },
                )
          }
        >
          Follow run
        </Button>
        {asked === null ? null : (
          <Button
            variant="quiet"
            onClick={() => {
              void experiments.refetch();
              if (experimentId !== undefined) void runs.refetch();
            }}
          >
            Ask the server again
          </Button>
        )}
      </div>
      <FollowedRuns beside={beside} onBeside={onBeside} />
    </>
  );
}

function FollowedRuns({ beside, onBeside }: Pick<MlflowFollowProps, 'beside' | 'onBeside'>) {
  const followed = useMethod('mlflow.followed', {});
  const unfollow = useAction('mlflow.unfollow');
  if (followed.data === undefined || followed.data.length === 0) return null;
  return (
    <>
      <ul className={styles.followed} aria-label="Followed runs">
        {followed.data.map((run) => (
          <li key={run.id}>
            {run.state === 'waiting' || run.state === 'locked' ? (
              <TrustMark trust="unknown" title={run.state} />
            ) : (
              <span aria-hidden="true" />
            )}
            <div>
              <b>{run.name}</b> <span className="small dim">{followWords(run)}</span>
              <div className="row">
                <Button variant="quiet" flush onClick={() => onBeside(run.id === beside ? undefined : run.id)}>
                  {run.id === beside ? 'Draw it no more' : 'Draw beside this run'}
                </Button>
                <Button
                  variant="quiet"
                  onClick={() => {
                    if (run.id === beside) onBeside(undefined);
                    unfollow.mutate({ id: run.id });
                  }}
                >
                  Stop following
                </Button>
              </div>
            </div>
          </li>
        ))}
      </ul>
      <p className="small faint">Dashed in the chart of loss. What MLflow says is signed by nobody.</p>
      {unfollow.error === null ? null : <ErrorMessage inline error={unfollow.error.error} />}
    </>
  );
}
