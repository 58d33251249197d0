import type { RunView, Series } from '../../../../electron/contract/views.ts';
import { Sparkline } from '../../charts/index.ts';
import { useMethod } from '../../host/index.ts';
import { SimulatedTag, formatCount } from '../../ui/index.ts';
import { isActive } from './run-words.ts';
import styles from './Runs.module.css';

/** DCGM field, its column head, how a value is written, and the least top of the shared scale. */
const gauges = [
  {
    name: 'DCGM_FI_DEV_GPU_UTIL',
    title: 'GPU utilisation, %',
    top: 100,
    write: (value: number) => `${formatCount(value)} %`,
  },
  {
    name: 'DCGM_FI_DEV_FB_USED',
    title: 'GPU memory, GiB',
    top: 1024,
    write: (value: number) => `${formatCount(value / 1024, 1)} GiB`,
  },
  {
    name: 'DCGM_FI_DEV_GPU_TEMP',
    title: 'Temperature, °C',
    top: 100,
    write: (value: number) => `${formatCount(value)} °C`,
  },
  { name: 'DCGM_FI_DEV_POWER_USAGE', title: 'Power, W', top: 100, write: (value: number) => `${formatCount(value)} W` },
] as const;

const names = gauges.map((gauge) => gauge.name);

/** Small multiples of the GPUs, one row a node; a figure that was not reported says so and is never 0. */
export function NodeGauges({ run }: { readonly run: RunView }) {
  if (run.nodes.length === 0) return null;
  return (
    <section className={styles.gauges} aria-label="GPU telemetry">
      <div className={styles.gaugeRow}>
        <span className="label">{run.simulated ? <SimulatedTag /> : 'this run'}</span>
        {gauges.map((gauge) => (
          <span key={gauge.name} className="label">
            {gauge.title}
          </span>
        ))}
      </div>
      {run.nodes.map((node) => (
        <NodeRow key={node.name} run={run} node={node.name} />
      ))}
    </section>
  );
}

function NodeRow({ run, node }: { readonly run: RunView; readonly node: string }) {
  const series = useMethod(
    'runs.series',
    { id: run.id, names, node, maximumPoints: 150 },
    { every: isActive(run) ? 2000 : 60_000, keepPrevious: true },
  );
  const named = (name: string): Series | undefined => series.data?.find((candidate) => candidate.name === name);
  return (
    <div className={styles.gaugeRow}>
      <span className="mono clip">{node}</span>
      {gauges.map((gauge) => {
        const drawn = named(gauge.name);
        const values = (drawn?.points ?? []).flatMap((point) => (point.y === null ? [] : [point.y]));
        const last = values.at(-1);
        return (
          <span key={gauge.name} className={styles.gauge}>
            {last === undefined ? (
              <span className="faint small">not reported</span>
            ) : (
              <>
                <Sparkline
                  series={drawn}
                  maximum={Math.max(gauge.top, ...values)}
                  label={`${gauge.title} of ${node}, last ${gauge.write(last)}`}
                />
                <b>{gauge.write(last)}</b>
              </>
            )}
          </span>
        );
      })}
    </div>
  );
}
