import { useState } from 'react';
import { Link, useParams } from 'react-router';
import { useAction, useMethod } from '../../host/index.ts';
import { useNow } from '../../state/index.ts';
import {
  Banner,
  Button,
  buttonClass,
  ConsequenceDialog,
  ErrorMessage,
  Page,
  PageHead,
  Waiting,
  WorkArea,
  formatBytes,
  formatUsd,
  shortDigest,
} from '../../ui/index.ts';
import { AttemptsSection } from './AttemptsSection.tsx';
import { MlflowSection } from './MlflowSection.tsx';
import { NodeGauges } from './NodeGauges.tsx';
import { ResultSection } from './ResultSection.tsx';
import { RunAnswers } from './RunAnswers.tsx';
import { RunPanel } from './RunPanel.tsx';
import { isActive, stateWord } from './run-words.ts';
import { TrainingSection } from './TrainingSection.tsx';
import { TransferSection } from './TransferSection.tsx';
import { WorkersSection } from './WorkersSection.tsx';

/** One run: four answers, the curves over their evidence, the nodes, and what happened. */
export default function RunScreen() {
  const { id = '' } = useParams();
  const run = useMethod('runs.get', { id }, { enabled: id !== '' });
  const events = useMethod('runs.events', { id }, { enabled: id !== '' });
  const stop = useAction('runs.stop');
  const [stopping, setStopping] = useState(false);
  const [beside, setBeside] = useState<string>();
  const now = useNow();

  if (run.data === undefined) {
    return (
      <Page>
        <PageHead title="Run" />
        {run.error === null ? (
          <Waiting>Reading the run</Waiting>
        ) : (
          <ErrorMessage error={run.error.error} actions={<Link to="/runs">All runs</Link>} />
        )}
      </Page>
    );
  }
  const { data } = run;
  return (
    <Page>
      <PageHead
        title={data.name}
        note={
          <>
            {data.datasetName}, {stateWord(data).toLowerCase()}{' '}
            <span className="mono faint">order {shortDigest(data.jobId)}</span>
          </>
        }
        actions={
          <>
            <Link to="/reports" className={buttonClass()}>
              Report
            </Link>
            {isActive(data) ? (
              <Button variant="danger" onClick={() => setStopping(true)}>
                Stop run
              </Button>
            ) : null}
          </>
        }
      />
      {data.simulated ? (
        <Banner kind="simulated">
          The nodes of this run have no hardware behind them. Formats, checks, encryption and training are real.
        </Banner>
      ) : null}
      {data.nodes.map(({ name, override }) =>
        override === undefined ? null : (
          <Banner key={name} kind="warning" title={`${name} was let through by ${override.approvedBy.join(', ')}.`}>
            It did not pass {override.checks.join(', ')}. “{override.justification}” Good for this run only.
          </Banner>
        ),
      )}
      <RunAnswers run={data} now={now} />
      <WorkArea panel={<RunPanel run={data} events={events.data ?? []} />}>
        {data.error === undefined ? null : (
          <ErrorMessage
            error={data.error}
            meaning="The sealed data, the keys and every checkpoint that came home are kept."
            actions={<Link to="/runs/new">Design another run</Link>}
          />
        )}
        <WorkersSection run={data} />
        <AttemptsSection run={data} />
        <TransferSection run={data} />
        <ResultSection run={data} />
        <TrainingSection run={data} now={now} beside={beside} />
        <NodeGauges run={data} />
        <MlflowSection run={data} beside={beside} onBeside={setBeside} />
      </WorkArea>
      <ConsequenceDialog
        open={stopping}
        onClose={() => setStopping(false)}
        title={`Stop run ${data.name}?`}
        consequence={`${formatUsd(data.costUsd)} is spent and stays spent. ${data.checkpoints.length === 0 ? 'No checkpoint is home yet, so the work is lost.' : `The last of ${data.checkpoints.length} checkpoints is kept (${formatBytes(data.checkpoints.at(-1)?.bytes ?? 0)}).`} A stopped run cannot go on.`}
        keep="Keep it running"
        act="Stop run"
        danger
        working={stop.isPending ? 'Stopping' : undefined}
        onAct={() => stop.mutate({ id: data.id }, { onSettled: () => setStopping(false) })}
      >
        {stop.error === null ? null : <ErrorMessage inline error={stop.error.error} />}
      </ConsequenceDialog>
    </Page>
  );
}
