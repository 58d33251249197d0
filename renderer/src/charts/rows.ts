import type { Series } from '../../../electron/contract/views.ts';

/** One x with the values that recharts draws there. `null` breaks a line: a gap stays a gap. */
export interface ChartRow {
  readonly x: number;
  readonly value?: number | null;
  /** Lowest and highest raw value of the drawn column. */
  readonly band?: readonly [number, number];
  readonly validation?: number;
}

/**
 * Rows of one plot from the training series and its validation series. On a logarithmic axis values that are not
 * above zero have no place, so they become gaps.
 */
export function chartRows(train: Series | undefined, validation: Series | undefined, logarithmic: boolean): ChartRow[] {
  const drawable = (y: number | null): number | null => (y === null || (logarithmic && y <= 0) ? null : y);
  const rows = new Map<number, ChartRow>();
  for (const point of train?.points ?? []) {
    const { low, high } = point;
    const hasBand = low !== undefined && high !== undefined && (!logarithmic || low > 0);
    rows.set(point.x, { x: point.x, value: drawable(point.y), ...(hasBand ? { band: [low, high] as const } : {}) });
  }
  for (const point of validation?.points ?? []) {
    const y = drawable(point.y);
    if (y === null) continue;
    rows.set(point.x, { ...(rows.get(point.x) ?? { x: point.x }), validation: y });
  }
  return [...rows.values()].sort((a, b) => a.x - b.x);
}

/** The row nearest to `x`; undefined when there are none. */
export function nearestRow(rows: readonly ChartRow[], x: number): ChartRow | undefined {
  return rows.reduce<ChartRow | undefined>(
    (best, row) => (best === undefined || Math.abs(row.x - x) < Math.abs(best.x - x) ? row : best),
    undefined,
  );
}

/** The last value that was drawn, for the right end of the line. */
export function lastValue(series: Series | undefined): { readonly x: number; readonly y: number } | undefined {
  const point = series?.points.findLast((candidate) => candidate.y !== null);
  return point === undefined || point.y === null ? undefined : { x: point.x, y: point.y };
}

const steps = [1, 2, 2.5, 5, 10];

/** About `count` round tick values from 0 to `maximum`. */
export function roundTicks(maximum: number, count: number): number[] {
  if (!(maximum > 0)) return [0];
  const rough = maximum / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, (steps.find((candidate) => candidate * power >= rough) ?? 10) * power);
  return Array.from({ length: Math.floor(maximum / step) + 1 }, (_, index) => index * step);
}
