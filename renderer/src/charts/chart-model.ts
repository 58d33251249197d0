import { formatX, type XKind } from './x-axis.ts';
import { lastValue, type Point } from './scale.ts';

/** What a chart of figures is made of, before any of it is drawn. Pure. */

export interface ChartSeries {
  /** Stands in the key, the readout and the table: "train", "validation". */
  readonly name: string;
  /** `line`: this run, over its min to max band. `dots`: hollow dots. `compare`: another run, dashed. */
  readonly kind: 'line' | 'dots' | 'compare';
  /** In order of x, at most 400 (the core downsamples); `null` is a gap. */
  readonly points: ReadonlyArray<Point>;
}

export interface ChartMarker {
  readonly x: number;
  readonly label: string;
}

/** A span without data or without fresh evidence. */
export interface ChartGap {
  readonly from: number;
  readonly until: number;
}

/** Turns what was measured into a domain: padded, never of zero height, zero-based where asked. */
export function yDomain(
  extent: [number, number] | undefined,
  log: boolean,
  fromZero: boolean,
  top: number | undefined,
): [number, number] {
  if (extent === undefined) return log ? [0.1, 1] : [0, top ?? 1];
  const [low, high] = extent;
  if (log) return [low * 0.94, Math.max(high * 1.06, low * 1.2)];
  const span = high - low === 0 ? Math.abs(high) || 1 : high - low;
  return [fromZero ? 0 : low - span * 0.06, top ?? high + span * 0.06];
}

/** The text alternative: last value of each series, gaps and scale. */
export function describeChart(
  chart: {
    readonly title: string;
    readonly axis: string;
    readonly series: ReadonlyArray<ChartSeries>;
    readonly xKind: XKind;
    readonly log: boolean;
    readonly gaps: ReadonlyArray<ChartGap>;
  },
  format: (value: number) => string,
): string {
  const { title, axis, series, xKind, log, gaps } = chart;
  const parts = series.map((entry) => {
    const last = lastValue(entry.points);
    return last === undefined || last.y === null
      ? `${entry.name}: no value yet`
      : `${entry.name} ${format(last.y)} at ${xKind === 'step' ? 'step ' : ''}${formatX(last.x, xKind)}`;
  });
  return `${title}: ${axis} by ${xKind}${log ? ', log scale' : ''}. ${parts.join('; ')}.${
    gaps.length === 0 ? '' : ` ${gaps.length} ${gaps.length === 1 ? 'gap' : 'gaps'}.`
  }`;
}

/** Figures of one linear axis with the same number of decimals; on a log axis each has its own. */
export function tickText(tick: number, ticks: ReadonlyArray<number>): string {
  const decimals = Math.max(0, ...ticks.map((value) => (String(value).split('.')[1] ?? '').length));
  return tick.toLocaleString('en-US', {
    minimumFractionDigits: Math.min(decimals, 6),
    maximumFractionDigits: Math.min(decimals, 6),
  });
}

/** The last value of a series, at the right end of its line. */
export interface LineEnd {
  readonly name: string;
  readonly kind: ChartSeries['kind'];
  readonly value: number;
  readonly y: number;
}

/** Pixels from one line of text to the next. */
const lineHeight = 13;

/** Moves last values apart until none covers another, and up where they would reach into the plot below. */
export function placeEnds(ends: ReadonlyArray<LineEnd>, lowest: number): ReadonlyArray<LineEnd> {
  const placed: LineEnd[] = [];
  for (const end of ends.toSorted((left, right) => left.y - right.y)) {
    const above = placed.at(-1);
    placed.push(above !== undefined && end.y - above.y < lineHeight ? { ...end, y: above.y + lineHeight } : end);
  }
  const over = (placed.at(-1)?.y ?? 0) - lowest;
  return over > 0
    ? placed.map((end, index) => ({ ...end, y: Math.min(end.y, lowest - (placed.length - 1 - index) * lineHeight) }))
    : placed;
}

/** A name beside a last value, as many characters of it as there is room for; whole it stands in the key. */
export function endName(name: string, room: number): string {
  if (name.length <= room) return name;
  return room < 3 ? '' : `${name.slice(0, room - 1).trimEnd()}…`;
}
