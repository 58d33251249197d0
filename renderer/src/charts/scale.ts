/** Axis arithmetic: pure, so that the lanes, the overlays and the drawn lines agree to the pixel. */

export interface Scale {
  readonly domain: readonly [number, number];
  /** Value to pixels. */
  readonly at: (value: number) => number;
  /** Pixels to value. */
  readonly value: (pixels: number) => number;
}

export function linearScale(domain: readonly [number, number], range: readonly [number, number]): Scale {
  const [low, high] = domain;
  const [start, end] = range;
  const span = high === low ? 1 : high - low;
  const length = end - start === 0 ? 1 : end - start;
  return {
    domain,
    at: (value) => start + ((value - low) / span) * (end - start),
    value: (pixels) => low + ((pixels - start) / length) * span,
  };
}

/** Both ends of the domain must be above zero. */
export function logScale(domain: readonly [number, number], range: readonly [number, number]): Scale {
  const inner = linearScale([Math.log(domain[0]), Math.log(domain[1])], range);
  return {
    domain,
    // A value that has no logarithm stands at the foot of the axis instead of leaving the plot.
    at: (value) => inner.at(Math.log(Math.max(value, domain[0] / 10))),
    value: (pixels) => Math.exp(inner.value(pixels)),
  };
}

/** Round figures (1, 2, 5 times a power of ten) that cover `low` to `high`, about `count` of them, none outside. */
export function niceTicks(low: number, high: number, count: number): ReadonlyArray<number> {
  if (!(high > low) || count < 1) return Number.isFinite(low) ? [low] : [];
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= raw * 0.999) ?? 10) * power;
  const ticks: number[] = [];
  for (let index = Math.ceil(low / step - 1e-9); index * step <= high + step * 1e-9; index += 1) {
    // Rounded to the step's own decimals: 3 * 0.1 is not 0.3 in binary.
    ticks.push(Number((index * step).toPrecision(12)));
    if (ticks.length > 100) break;
  }
  return ticks;
}

/** Ticks of a log axis: powers of ten with 2 and 5, or, over less than a decade, round linear figures. */
export function logTicks(low: number, high: number): ReadonlyArray<number> {
  if (!(low > 0) || !(high > low)) return [];
  if (high / low < 10) return niceTicks(low, high, 4);
  const ticks: number[] = [];
  const factors = high / low > 1000 ? [1] : [1, 2, 5];
  for (let power = Math.floor(Math.log10(low)); 10 ** power <= high; power += 1) {
    for (const factor of factors) {
      const tick = Number((factor * 10 ** power).toPrecision(6));
      if (tick >= low && tick <= high) ticks.push(tick);
    }
  }
  return ticks;
}

export interface Point {
  readonly x: number;
  /** `null` is a gap: the line breaks there and nothing is drawn across. */
  readonly y: number | null;
  readonly low?: number | undefined;
  readonly high?: number | undefined;
}

/** Smallest and largest value of all series with their bands; undefined when there is none. */
export function extentOf(
  series: ReadonlyArray<ReadonlyArray<Point>>,
  positiveOnly: boolean,
): [number, number] | undefined {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const points of series) {
    for (const point of points) {
      if (point.y === null) continue;
      for (const value of [point.y, point.low ?? point.y, point.high ?? point.y]) {
        if (!Number.isFinite(value) || (positiveOnly && value <= 0)) continue;
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
    }
  }
  return low > high ? undefined : [low, high];
}

/** The point whose x is nearest, by bisection; points are in order of x. */
export function nearestPoint(points: ReadonlyArray<Point>, x: number): Point | undefined {
  let first = 0;
  let last = points.length - 1;
  while (last - first > 1) {
    const middle = (first + last) >> 1;
    if ((points[middle]?.x ?? 0) <= x) first = middle;
    else last = middle;
  }
  const left = points[first];
  const right = points[last];
  if (left === undefined || right === undefined) return undefined;
  return Math.abs(left.x - x) <= Math.abs(right.x - x) ? left : right;
}

/** The last point that has a value. */
export function lastValue(points: ReadonlyArray<Point>): Point | undefined {
  return points.findLast((point) => point.y !== null);
}

/** An SVG path that is lifted at each gap. */
export function linePath(points: ReadonlyArray<Point>, x: Scale, y: Scale): string {
  let path = '';
  let down = false;
  for (const point of points) {
    if (point.y === null) {
      down = false;
      continue;
    }
    path += `${down ? 'L' : 'M'}${x.at(point.x).toFixed(1)} ${y.at(point.y).toFixed(1)}`;
    down = true;
  }
  return path;
}
