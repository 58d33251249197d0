import { useState } from 'react';
import type { RunView } from '../../../../electron/contract/views.ts';
import { useMethod } from '../../host/index.ts';
import { Button, ErrorMessage, Section, Select } from '../../ui/index.ts';
import { ConnectMlflowDialog } from './ConnectMlflowDialog.tsx';
import { MlflowExport } from './MlflowExport.tsx';
import { MlflowFollow } from './MlflowFollow.tsx';
import styles from './Mlflow.module.css';

interface MlflowSectionProps {
  readonly run: RunView;
  /** Id of the followed run that is drawn beside this one. */
  readonly beside: string | undefined;
  readonly onBeside: (id: string | undefined) => void;
}

/** The way of a run to the user's MLflow server, and of a run there beside this one. */
export function MlflowSection({ run, beside, onBeside }: MlflowSectionProps) {
  const servers = useMethod('mlflow.servers', {});
  const [connecting, setConnecting] = useState(false);
  const [chosen, setChosen] = useState<string>();
  const server = servers.data?.find(({ id }) => id === chosen) ?? servers.data?.[0];
  const connect = () => setConnecting(true);
  return (
    <Section title="MLflow" aside={run.simulated && server !== undefined ? 'SIMULATED is said in its tags' : undefined}>
      {servers.error === null ? null : <ErrorMessage inline error={servers.error.error} />}
      {server === undefined ? (
        <>
          <p className="small dim">
            Figures, hyperparameters and digests of this run can go to an MLflow server of yours; a run there can be
            followed beside it, read-only.
          </p>
          <div className={styles.acts}>
            <Button onClick={connect}>Connect an MLflow server</Button>
          </div>
        </>
      ) : (
        <div className={styles.ways}>
          <div>
            <h3>This run, sent there</h3>
            <Select
              name="Server"
              value={server.id}
              onValue={setChosen}
              {...(server.accepted.length === 0 ? {} : { caution: 'Unencrypted by your leave.' })}
              options={(servers.data ?? []).map(({ id, url }) => ({ value: id, label: url }))}
            />
            <MlflowExport key={server.id} run={run} server={server} onConnect={connect} />
          </div>
          <div>
            <h3>A run there, beside this one</h3>
            <MlflowFollow key={server.id} server={server.id} beside={beside} onBeside={onBeside} />
          </div>
        </div>
      )}
      <ConnectMlflowDialog open={connecting} onClose={() => setConnecting(false)} />
    </Section>
  );
}
