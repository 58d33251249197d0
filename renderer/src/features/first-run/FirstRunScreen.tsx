import { useNavigate } from 'react-router';
import type { Activity } from '../../../../electron/contract/views.ts';
import { useMethod } from '../../host/index.ts';
import { useLayout } from '../../state/index.ts';
import { Banner, Button, formatTime, Log, shortDigest } from '../../ui/index.ts';
import styles from './FirstRun.module.css';
import { NetworkStep } from './NetworkStep.tsx';
import { SampleStep } from './SampleStep.tsx';
import { VaultStep } from './VaultStep.tsx';

const lines = 40;

/** Three steps from nothing to a model: create a vault, start the local network, launch the sample job. */
export default function FirstRunScreen() {
  const navigate = useNavigate();
  const state = useMethod('app.state', {});
  const unlocked = state.data?.vault.state === 'unlocked';
  const activity = useMethod('app.activity', { limit: lines }, { enabled: unlocked });
  const skip = useLayout((layout) => layout.skipFirstRun);
  const networkRuns = state.data?.network.state === 'running';
  const current = !unlocked ? 1 : !networkRuns ? 2 : 3;

  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <div>
          <h1>Three steps to a first run</h1>
          <p className="dim">About two minutes. No account, no payment, and nothing leaves this computer.</p>
        </div>
        <span className="grow" />
        {unlocked ? (
          <Button
            variant="quiet"
            onClick={() => {
              skip();
              void navigate('/runs');
            }}
          >
            Skip to the runs
          </Button>
        ) : null}
      </header>
      <Banner kind="simulated">
        The local nodes have no hardware behind them. Formats and checks are real, the trust is not: use sample data
        only.
      </Banner>
      <div className={styles.columns}>
        <VaultStep current={current === 1} />
        <NetworkStep current={current === 2} open={unlocked} />
        <SampleStep current={current === 3} open={unlocked} networkRuns={networkRuns} />
      </div>
      <div className={styles.happening}>
        <span className="label">What is happening</span>
        <Log
          label="What is happening"
          follow
          tracks="66px 150px minmax(0, 1fr)"
          empty={unlocked ? 'Nothing yet. Start the local network.' : 'Nothing yet. Create the vault first.'}
          lines={(activity.data ?? []).toReversed().map((line, index) => ({
            id: `${line.at}-${index}`,
            cells: [formatTime(line.at), shortDigest(line.subject), withoutSubject(line)],
          }))}
        />
      </div>
    </div>
  );
}

/** The sentence of the log without its subject, which stands in the column before it. */
function withoutSubject({ subject, message }: Activity): string {
  return message.startsWith(`${subject} `) ? message.slice(subject.length + 1) : message;
}
