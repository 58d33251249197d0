import type { Series } from '../../contract/views.ts';
import type { MetricPoint } from '../../domain/mlflow/export-points.ts';
import { createSeriesBuffer } from '../../domain/series/series-buffer.ts';
import { ok, type Result } from '../../contract/result.ts';
import type { MlflowReader } from './ports.ts';

/** Of one followed run; more is left out and said. */
const metricMaximum = 200;
const pointMaximum = 1_000_000;

interface Metric {
  readonly points: { step: number; value: number }[];
  /** Where the last page began, and how many of its points are known: the API has no "since". */
  token: string | undefined;
  inPage: number;
  seen: string;
}

/** The figures of one run of another server, as far as they were read. */
export interface FollowedSeries {
  /** Reads what is new. @returns whether anything was */
  read(
    reader: MlflowReader,
    runId: string,
    latest: readonly MetricPoint[],
    stop: () => boolean,
  ): Promise<Result<boolean>>;
  /** Forgets all, to read it again: points may have come in between earlier ones. */
  reset(): void;
  names(): string[];
  points(): number;
  truncated(): boolean;
  draw(names: readonly string[], maximumPoints: number): Series[];
}

export function createFollowedSeries(): FollowedSeries {
  const metrics = new Map<string, Metric>();
  let total = 0;
  let truncated = false;

  const readMetric = async (
    reader: MlflowReader,
    runId: string,
    key: string,
    metric: Metric,
  ): Promise<Result<void>> => {
    for (;;) {
      const page = await reader.history(runId, key, metric.token);
      if (!page.ok) return page;
      const { items, next } = page.value;
      for (const { step, value } of items.slice(metric.inPage)) {
        if (total >= pointMaximum) {
          truncated = true;
          return ok(undefined);
        }
        metric.points.push({ step, value });
        total += 1;
      }
      metric.inPage = items.length;
      // The same page again would never end.
      if (next === undefined || next === metric.token) return ok(undefined);
      metric.token = next;
      metric.inPage = 0;
    }
  };

  return {
    async read(reader, runId, latest, stop) {
      let any = false;
      for (const point of latest) {
        const { key } = point;
        const seen = `${point.timestamp}/${point.step}/${point.value}`;
        let metric = metrics.get(key);
        if (metric?.seen === seen) continue;
        if (metric === undefined) {
          truncated ||= metrics.size >= metricMaximum;
          if (metrics.size >= metricMaximum) continue;
          metric = { points: [], token: undefined, inPage: 0, seen: '' };
          metrics.set(key, metric);
        }
        const read = await readMetric(reader, runId, key, metric);
        if (!read.ok) return read;
        metric.seen = seen;
        any = true;
        if (stop()) break;
      }
      return ok(any);
    },
    reset() {
      metrics.clear();
      total = 0;
      truncated = false;
    },
    names: () => [...metrics.keys()].toSorted(),
    points: () => total,
    truncated: () => truncated,
    draw: (names, maximumPoints) =>
      names.map((name) => {
        const points = metrics.get(name)?.points ?? [];
        const buffer = createSeriesBuffer(Math.max(16, points.length));
        for (const { step, value } of points.toSorted((a, b) => a.step - b.step)) buffer.push(step, value);
        return { name, unit: '', x: 'step', points: buffer.draw(maximumPoints), raw: points.length };
      }),
  };
}
