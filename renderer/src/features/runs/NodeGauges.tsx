import { useQueries } from '@tanstack/react-query';
import { Multiples, type MultipleColumn, type Point } from '../../charts/index.ts';
import type { RunView, Series } from '../../../../electron/contract/views.ts';
import { methodQuery, useHost } from '../../host/index.ts';
import { SimulatedTag, formatDuration } from '../../ui/index.ts';
import { isActive } from './run-words.ts';
import styles from './Runs.module.css';

const mibPerGib = 1024;

/** Small multiples under DCGM names; memory is reported in MiB and shown in GiB. */
const columns: ReadonlyArray<MultipleColumn & { readonly scale?: number }> = [
  { id: 'DCGM_FI_DEV_GPU_UTIL', title: 'GPU utilisation, %', unit: '%', top: 100 },
  { id: 'DCGM_FI_DEV_FB_USED', title: 'GPU memory, GiB', unit: 'GiB', decimals: 1, scale: 1 / mibPerGib },
  { id: 'DCGM_FI_DEV_GPU_TEMP', title: 'Temperature, °C', unit: '°C', top: 100, limit: 85 },
  { id: 'DCGM_FI_DEV_POWER_USAGE', title: 'Power, W', unit: 'W' },
];

/** The GPUs of a run, one row a node. A figure that was not reported says so and is never 0. */
export function NodeGauges({ run }: { readonly run: RunView }) {
  const host = useHost();
  const answers = useQueries({
    queries: run.nodes.map((node) => ({
      ...methodQuery(host, 'runs.series', {
        id: run.id,
        names: columns.map((column) => column.id),
        node: node.name,
        maximumPoints: 150,
      }),
      refetchInterval: isActive(run) ? 2000 : 60_000,
    })),
  });
  const rows = run.nodes.map((node, index) => ({
    node: node.name,
    series: pointsByColumn(answers[index]?.data ?? []),
  }));
  const xs = rows.flatMap((row) => Object.values(row.series).flatMap((points) => points.map((point) => point.x)));
  if (xs.length === 0) return null;
  const domain = [xs.reduce((low, x) => Math.min(low, x)), xs.reduce((high, x) => Math.max(high, x))] as const;
  return (
    <section aria-label="GPU telemetry">
      {run.simulated ? (
        <p className={styles.simulated}>
          <SimulatedTag /> These figures are made up by the local network.
        </p>
      ) : null}
      <Multiples
        span={`last ${formatDuration((domain[1] - domain[0]) / 1000)}`}
        columns={columns}
        rows={rows}
        xDomain={domain}
      />
    </section>
  );
}

function pointsByColumn(series: readonly Series[]): Readonly<Record<string, readonly Point[]>> {
  return Object.fromEntries(
    series
      .filter((each) => each.points.length > 0)
      .map((each) => {
        const scale = columns.find((column) => column.id === each.name)?.scale ?? 1;
        return [each.name, each.points.map((point) => ({ x: point.x, y: point.y === null ? null : point.y * scale }))];
      }),
  );
}
