/** A drawn point. `y` is null where the source gave no figure: a gap is drawn as a gap. */
export interface DrawnPoint {
  readonly x: number;
  readonly y: number | null;
}

/**
 * M4 downsampling (Jugel et al., VLDB 2014): of each pixel column the first, lowest, highest and last value are kept, so
 * the drawn line covers the same pixels as the raw one. A column that holds a gap (a `NaN` in `y`) also keeps one gap.
 * Time is linear in the points and nothing is copied; a million points take milliseconds.
 *
 * @param x ascending; a value below its predecessor is put into the predecessor's column
 * @param y values, `NaN` for a gap
 * @param maximumPoints the most points returned, at least 5
 */
export function downsample(x: Float64Array, y: Float64Array, maximumPoints: number): DrawnPoint[] {
  const count = Math.min(x.length, y.length);
  if (count <= maximumPoints) {
    const all: DrawnPoint[] = [];
    for (let i = 0; i < count; i++) all.push(pointAt(x, y, i));
    return all;
  }
  const columns = Math.max(1, Math.floor(maximumPoints / 5));
  const start = x[0] ?? 0;
  const span = (x[count - 1] ?? 0) - start;
  const scale = span > 0 ? columns / span : 0;
  const drawn: DrawnPoint[] = [];
  let column = 0;
  let state = emptyColumn();
  for (let i = 0; i < count; i++) {
    const wanted = Math.min(columns - 1, Math.floor(((x[i] ?? 0) - start) * scale));
    if (wanted > column) {
      flush(x, y, state, drawn);
      state = emptyColumn();
      column = wanted;
    }
    const value = y[i] ?? Number.NaN;
    if (Number.isNaN(value)) {
      if (state.gap < 0) state.gap = i;
      continue;
    }
    if (state.first < 0) {
      state.first = i;
      state.low = i;
      state.high = i;
    } else {
      if (value < (y[state.low] ?? 0)) state.low = i;
      if (value > (y[state.high] ?? 0)) state.high = i;
    }
    state.last = i;
  }
  flush(x, y, state, drawn);
  return drawn;
}

interface Column {
  first: number;
  low: number;
  high: number;
  last: number;
  gap: number;
}

function emptyColumn(): Column {
  return { first: -1, low: -1, high: -1, last: -1, gap: -1 };
}

function flush(x: Float64Array, y: Float64Array, column: Column, into: DrawnPoint[]): void {
  const kept = [...new Set([column.first, column.low, column.high, column.last, column.gap])].filter((i) => i >= 0);
  kept.sort((a, b) => a - b);
  for (const i of kept) into.push(pointAt(x, y, i));
}

function pointAt(x: Float64Array, y: Float64Array, i: number): DrawnPoint {
  const value = y[i] ?? Number.NaN;
  return { x: x[i] ?? 0, y: Number.isNaN(value) ? null : value };
}
