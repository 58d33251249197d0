import type { HealthAlert, NodeHealth } from '../../../../electron/contract/health.ts';
import { useMethod } from '../../host/index.ts';
import { useNow } from '../../state/index.ts';
import {
  cx,
  ErrorMessage,
  formatAge,
  KeyValue,
  plural,
  Section,
  SimulatedTag,
  Tick,
  TrustMark,
} from '../../ui/index.ts';
import { gpuFigure, gpuFigures, isIdentityAlarm, levelWords, machineRows, sourceWords } from './health-words.ts';
import { HealthCharts } from './HealthCharts.tsx';
import { HealthSources } from './HealthSources.tsx';
import styles from './Health.module.css';

const lookMs = 3000;

/** What exporters tell of a node: alerts first, whether its GPUs are the attested ones, figures, and who says so. */
export function HealthSection({ node }: { readonly node: string }) {
  const now = useNow();
  const health = useMethod('health.node', { node });
  // No stream tells of sources: one may have died since.
  const sources = useMethod('health.sources', {}, { every: lookMs });
  const view = health.data;
  const error = health.error ?? sources.error;
  const age = view?.scrapedAt === undefined ? 'not reported' : formatAge(view.scrapedAt, now);
  const by = (source: string) => sourceWords(source, sources.data ?? []);
  return (
    <Section
      title="Health"
      note={view?.simulated === true ? <SimulatedTag /> : undefined}
      aside={view?.state === 'stale' ? <span className="is-warning">stale, {age}</span> : age}
    >
      {error === null ? null : <ErrorMessage inline error={error.error} />}
      {view === undefined ? null : (
        <>
          <Alerts view={view} />
          <Gpus view={view} by={by(view.source)} />
          {view.state === 'never' ? null : <HealthCharts node={node} every={lookMs} />}
          <Machine
            view={view}
            from={
              view.hostFrom === undefined
                ? undefined
                : `By ${by(view.hostFrom.source)}, ${formatAge(view.hostFrom.scrapedAt, now)}.`
            }
          />
        </>
      )}
      <HealthSources node={node} sources={sources.data ?? []} />
    </Section>
  );
}

function Alerts({ view }: { readonly view: NodeHealth }) {
  if (view.state === 'never') {
    return (
      <p className={styles.line}>
        <TrustMark trust="unknown" /> {view.error?.message ?? 'No exporter has told of it yet.'}
      </p>
    );
  }
  if (view.alerts.length === 0) return <p className={styles.line}>No alerts.</p>;
  return (
    <ul className={styles.alerts} aria-label="Alerts">
      {view.alerts.map((alert) => (
        <li key={`${alert.id}-${alert.gpu ?? ''}-${alert.value ?? ''}`}>
          <AlertMark alert={alert} simulated={view.simulated} />
          <div>
            <b className={cx(alert.level === 'critical' && 'is-refused', alert.level === 'warning' && 'is-warning')}>
              {levelWords[alert.level]}
              {alert.gpu === undefined ? '' : `, GPU ${alert.gpu}`}:
            </b>{' '}
            <b>{alert.title}.</b> <span className="dim">{alert.detail}</span>
          </div>
        </li>
      ))}
    </ul>
  );
}

function AlertMark({ alert, simulated }: { readonly alert: HealthAlert; readonly simulated: boolean }) {
  if (alert.level === 'notice') return <span aria-hidden="true" />;
  return <TrustMark trust={isIdentityAlarm(alert) ? 'refused' : 'warning'} simulated={simulated} />;
}

function Gpus({ view, by }: { readonly view: NodeHealth; readonly by: string }) {
  if (view.state === 'never') return null;
  const missing = [...new Set(view.gpus.flatMap(({ notReported }) => notReported))];
  return (
    <>
      {view.gpus.length === 0 ? (
        <p className={styles.line}>GPUs: not reported.</p>
      ) : (
        <table className={styles.gpus} aria-label="GPUs by their exporter">
          <thead>
            <tr>
              <th scope="col">GPU</th>
              {gpuFigures.map(({ title }) => (
                <th key={title} scope="col">
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {view.gpus.map((gpu) => (
              <tr key={gpu.gpu} className={cx(view.state === 'stale' && 'faint')}>
                <th scope="row">{gpu.gpu}</th>
                {gpuFigures.map((figure) => (
                  <td key={figure.field}>{gpuFigure(gpu, figure) ?? <span className="faint">not reported</span>}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <p className="small faint">By {by}.</p>
      <ul className={styles.checks} aria-label="Are these the attested GPUs?">
        {view.identity.map(({ id, title, outcome }) => (
          <li key={id}>
            {outcome === 'pass' ? <Tick title="yes" /> : null}
            {outcome === 'fail' ? <TrustMark trust="refused" simulated={view.simulated} title="no" /> : null}
            {outcome === 'unknown' ? <TrustMark trust="unknown" simulated={view.simulated} title="not known" /> : null}
            <span>{title}</span>
            <span className={cx(outcome === 'fail' ? 'is-refused' : 'faint')}>
              {{ pass: 'yes', fail: 'NO', unknown: 'not known' }[outcome]}
            </span>
          </li>
        ))}
      </ul>
      {view.gpus.length === 0 ? null : (
        <details className="small faint">
          <summary>
            {`UUID and driver of ${plural(view.gpus.length, 'GPU')}`}
            {missing.length === 0 ? '' : `, ${plural(missing.length, 'field')} not reported`}
          </summary>
          {view.gpus.map(({ gpu, uuid, driver, model }) => (
            <p key={gpu}>
              GPU {gpu}: {model ?? 'model not reported'}, driver {driver ?? 'not reported'},{' '}
              <span className="mono">{uuid ?? 'UUID not reported'}</span>
            </p>
          ))}
          {missing.length === 0 ? null : (
            <p>
              Not reported: <span className="mono">{missing.join(', ')}</span>
            </p>
          )}
        </details>
      )}
    </>
  );
}

function Machine({ view, from }: { readonly view: NodeHealth; readonly from: string | undefined }) {
  if (view.state === 'never') return null;
  const rows = machineRows(view.host);
  return (
    <div className={styles.part}>
      <h3>Machine</h3>
      {rows === undefined ? (
        <p className="small faint">Not reported. A node exporter tells of memory, disk, load and clock.</p>
      ) : (
        <KeyValue items={rows} />
      )}
      {from === undefined ? null : <p className="small faint">{from}</p>}
    </div>
  );
}
