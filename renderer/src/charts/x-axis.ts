import { formatCount, formatTime } from '../ui/index.ts';
import { niceTicks } from './scale.ts';

/** The x axis of charts and lanes: round places, and labels that never cover one another. Pure. */

export type XKind = 'step' | 'time';

/** How a place on the x axis is written: `11,980` or `12:13:38`. Time is in ms since the epoch. */
export function formatX(x: number, kind: XKind): string {
  return kind === 'step' ? formatCount(Math.round(x)) : formatTime(x);
}

/** Room for names at the left and last values at the right: the same in every chart and lane of one width. */
export function gutters(width: number): { readonly left: number; readonly right: number } {
  return width < 480 ? { left: 52, right: 72 } : { left: 104, right: 104 };
}

/** Pixels between two labels, and of one character of the axis type (11 px, tabular figures: 6.4 at most). */
const clear = 10;
const character = 6.5;

export function labelWidth(text: string): number {
  return text.length * character;
}

/** How many characters of a word fit into that many pixels: letters are narrower than figures. */
export function charactersIn(pixels: number): number {
  return Math.max(0, Math.floor(pixels / 6));
}

/** What a clock or a calendar calls round: seconds, minutes, hours, then days. */
const clockSteps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200].map(
  (seconds) => seconds * 1000,
);
const day = 86_400_000;

/** Round times (UTC) inside the domain, at most `count` and one; times are in ms since the epoch. */
export function timeTicks(low: number, high: number, count: number): ReadonlyArray<number> {
  if (!(high > low) || count < 1) return Number.isFinite(low) ? [low] : [];
  const raw = (high - low) / count;
  const days = Math.ceil(raw / day);
  const step = clockSteps.find((candidate) => candidate >= raw) ?? days * day;
  const ticks: number[] = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high; tick += step) ticks.push(tick);
  return ticks;
}

/** Ticks as many as there is room for in `pixels`, six at most. */
export function xTicks(domain: readonly [number, number], kind: XKind, pixels: number): ReadonlyArray<number> {
  const widest = labelWidth(formatX(domain[1], kind));
  const count = Math.max(1, Math.min(6, Math.floor(pixels / (widest + clear))));
  const ticks = (kind === 'time' ? timeTicks : niceTicks)(domain[0], domain[1], count);
  // A span that no round place falls into has its own beginning.
  return ticks.length === 0 && Number.isFinite(domain[0]) ? [domain[0]] : ticks;
}

export interface AxisLabel {
  readonly value: number;
  readonly text: string;
  /** Pixels: middle of the text, and its ends. */
  readonly middle: number;
  readonly from: number;
  readonly until: number;
}

function labelAt(value: number, kind: XKind, at: number, left: number, right: number): AxisLabel {
  const text = formatX(value, kind);
  const half = labelWidth(text) / 2;
  const middle = Math.min(Math.max(at, left + half), right - half);
  return { value, text, middle, from: middle - half, until: middle + half };
}

/**
 * Places labels under their ticks between `left` and `right`. Those of `first` (the cursor, the present) stand before all
 * others; whatever would touch one that stands is left out.
 */
export function placeLabels(
  ticks: ReadonlyArray<number>,
  first: ReadonlyArray<number>,
  kind: XKind,
  at: (value: number) => number,
  left: number,
  right: number,
): ReadonlyArray<AxisLabel> {
  const placed: AxisLabel[] = [];
  for (const value of [...first, ...ticks]) {
    const label = labelAt(value, kind, at(value), left, right);
    if (placed.every((other) => label.from >= other.until + clear || label.until <= other.from - clear)) {
      placed.push(label);
    }
  }
  return placed;
}
