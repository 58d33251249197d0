import type { NodeHealth } from '../../../../electron/contract/health.ts';
import { ChartCursor, MetricChart } from '../../charts/index.ts';
import { useMethod } from '../../host/index.ts';
import { useNow } from '../../state/index.ts';
import { Banner, ErrorMessage, formatAge, formatCount, KeyValue, plural, Section } from '../../ui/index.ts';

const charted = [
  { field: 'DCGM_FI_DEV_GPU_TEMP', title: 'Temperature', axis: '°C' },
  { field: 'DCGM_FI_DEV_GPU_UTIL', title: 'GPU utilisation', axis: '%' },
] as const;
const levelWords = { critical: 'Critical', warning: 'Warning', notice: 'Notice' } as const;
const identityWords = { pass: 'yes', fail: 'NO', unknown: 'not known' } as const;
const lookMs = 3000;

/** What exporters tell of a node's GPUs: alerts first, whether they are the attested ones, and the last hours. */
export function HealthSection({ node }: { readonly node: string }) {
  const now = useNow();
  const health = useMethod('health.node', { node });
  const series = useMethod(
    'health.series',
    { node, names: charted.map(({ field }) => field), maximumPoints: 200 },
    { every: lookMs, keepPrevious: true },
  );
  const view = health.data;
  if (view === undefined) {
    return health.error === null ? null : <ErrorMessage inline error={health.error.error} />;
  }
  // At most two lines in a plot: of more GPUs the first two, and all of them by figure above.
  const gpus = (series.data ?? []).slice(0, 2);
  const xs = gpus.flatMap((gpu) => gpu.series.flatMap(({ points }) => points.map(({ x }) => x)));
  const domain = [Math.min(...xs), Math.max(...xs)] as const;
  return (
    <Section title="Health" aside={view.scrapedAt === undefined ? 'not reported' : formatAge(view.scrapedAt, now)}>
      {view.alerts.map((alert) => {
        const title = `${levelWords[alert.level]}${alert.gpu === undefined ? '' : `, GPU ${alert.gpu}`}: ${alert.title}.`;
        const key = `${alert.id}-${alert.gpu ?? ''}-${alert.value ?? ''}`;
        return alert.level === 'notice' ? (
          <p key={key} className="small">
            <b>{title}</b> {alert.detail}
          </p>
        ) : (
          <Banner key={key} kind="warning" title={title}>
            {alert.detail}
          </Banner>
        );
      })}
      {view.state === 'never' ? (
        <p className="small faint">{view.error?.message ?? 'No exporter has told of it yet.'}</p>
      ) : null}
      {view.state !== 'never' && view.alerts.length === 0 ? <p className="small">No alerts.</p> : null}
      <Facts view={view} />
      {xs.length < 2 ? null : (
        <ChartCursor>
          {charted.map(({ field, title, axis }, index) => (
            <MetricChart
              key={field}
              title={title}
              axis={axis}
              xKind="time"
              xDomain={domain}
              fromZero
              height={96}
              format={(value) => formatCount(value)}
              showX={index === charted.length - 1}
              series={gpus.map((gpu, place) => ({
                name: `GPU ${gpu.gpu}`,
                kind: place === 0 ? ('line' as const) : ('compare' as const),
                points: gpu.series.find(({ name }) => name === field)?.points ?? [],
              }))}
              empty="Not reported."
            />
          ))}
        </ChartCursor>
      )}
      {view.simulated ? <p className="small faint">SIMULATED: these figures were not measured.</p> : null}
    </Section>
  );
}

function Facts({ view }: { readonly view: NodeHealth }) {
  const missing = [...new Set(view.gpus.flatMap(({ notReported }) => notReported))];
  return (
    <>
      <KeyValue items={view.identity.map(({ title, outcome }) => ({ name: title, value: identityWords[outcome] }))} />
      {view.gpus.map(({ gpu, uuid, driver }) => (
        <p key={gpu} className="small">
          GPU {gpu}, driver {driver ?? 'not reported'}
          <br />
          <span className="mono faint">{uuid ?? 'UUID not reported'}</span>
        </p>
      ))}
      {missing.length === 0 ? null : (
        <details className="small faint">
          <summary>{plural(missing.length, 'field')} not reported</summary>
          <span className="mono">{missing.join(', ')}</span>
        </details>
      )}
    </>
  );
}
