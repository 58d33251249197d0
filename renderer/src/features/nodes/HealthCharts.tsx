import { ChartCursor, MetricChart } from '../../charts/index.ts';
import { useMethod } from '../../host/index.ts';
import { formatCount } from '../../ui/index.ts';
import styles from './Health.module.css';

const charted = [
  { field: 'DCGM_FI_DEV_GPU_TEMP', title: 'Temperature', axis: '°C' },
  { field: 'DCGM_FI_DEV_GPU_UTIL', title: 'GPU load', axis: '%' },
] as const;

/** The last hours of a node's GPUs: of more than two the first two, since all stand by figure above. */
export function HealthCharts({ node, every }: { readonly node: string; readonly every: number }) {
  const series = useMethod(
    'health.series',
    { node, names: charted.map(({ field }) => field), maximumPoints: 200 },
    { every, keepPrevious: true },
  );
  const gpus = (series.data ?? []).slice(0, 2);
  const xs = gpus.flatMap((gpu) => gpu.series.flatMap(({ points }) => points.map(({ x }) => x)));
  if (xs.length < 2) return null;
  const domain = [Math.min(...xs), Math.max(...xs)] as const;
  return (
    <div className={styles.charts}>
      <ChartCursor>
        {charted.map(({ field, title, axis }, index) => (
          <MetricChart
            key={field}
            title={title}
            axis={axis}
            xKind="time"
            xDomain={domain}
            fromZero
            {...(axis === '%' ? { top: 100 } : {})}
            height={84}
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
    </div>
  );
}
