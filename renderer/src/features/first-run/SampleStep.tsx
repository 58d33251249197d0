import { useNavigate } from 'react-router';
import { useAction, useMethod } from '../../host/index.ts';
import { Button, cx, ErrorMessage, formatPercent, KeyValue, runStateWord, SimulatedTag, Tick } from '../../ui/index.ts';
import styles from './FirstRun.module.css';

const outcome = [
  'A model, opened on this desk',
  'A receipt and a report marked SIMULATED',
  'A pack to check offline: nacre verify',
];

export function SampleStep({
  current,
  open,
  networkRuns,
}: {
  readonly current: boolean;
  readonly open: boolean;
  readonly networkRuns: boolean;
}) {
  const navigate = useNavigate();
  const runs = useMethod('runs.list', {}, { enabled: open });
  const launch = useAction('jobs.launchSample', { onDone: ({ runId }) => void navigate(`/runs/${runId}`) });
  const last = runs.data?.[0];
  const waits = !open ? 'Waits for the vault.' : networkRuns ? undefined : 'Waits for the local network.';
  return (
    <section className={cx(styles.step, current && styles.current)} aria-labelledby="first-run-3">
      <h2 className={styles.title} id="first-run-3">
        <span className={styles.number}>3</span>
        Launch the sample job
        <SimulatedTag />
      </h2>
      <p className={styles.lead}>
        Seals a small public table, releases its key to a checked node, trains, and brings the model home.
      </p>
      <KeyValue
        items={[
          { name: 'Dataset', value: 'breast cancer, 569 rows, 30 features' },
          { name: 'Job', value: 'built-in trainer, a small network' },
          { name: 'Nodes', value: 'the cheapest that is verified' },
          { name: 'Costs', value: 'nothing is paid; prices are simulated' },
        ]}
      />
      <h3 className={styles.sub}>What you will have</h3>
      <ul className={styles.facts}>
        {outcome.map((fact) => (
          <li key={fact}>
            {last?.state === 'succeeded' ? <Tick /> : <span className={styles.circle} />}
            {fact}
          </li>
        ))}
      </ul>
      {last === undefined ? null : (
        <>
          <h3 className={styles.sub}>Last run</h3>
          <KeyValue
            items={[
              { name: 'Run', value: last.name },
              { name: 'State', value: runStateWord(last.state) },
              ...(last.heldOutAccuracy === undefined
                ? []
                : [{ name: 'Held-out accuracy', value: formatPercent(last.heldOutAccuracy) }]),
            ]}
          />
        </>
      )}
      {launch.error === null ? null : <ErrorMessage inline error={launch.error.error} />}
      <div className={styles.acts}>
        <Button
          tall
          variant={current ? 'primary' : 'default'}
          working={launch.isPending ? 'Launching sample job' : undefined}
          off={waits}
          onClick={() => launch.mutate({})}
        >
          Launch sample job
        </Button>
        {last === undefined ? null : (
          <Button tall variant="quiet" onClick={() => void navigate(`/runs/${last.id}`)}>
            Open last run
          </Button>
        )}
      </div>
    </section>
  );
}
