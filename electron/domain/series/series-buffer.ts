import { downsample, type DrawnPoint } from './downsample.ts';

export interface SeriesBuffer {
  /** Appends one point; `NaN` (or an infinity, which no axis can show) is a gap. */
  push(x: number, y: number): void;
  readonly length: number;
  /** See `downsample`. */
  draw(maximumPoints: number): DrawnPoint[];
}

/** A growing pair of typed arrays: 16 bytes a point, doubled when full. */
export function createSeriesBuffer(capacity = 256): SeriesBuffer {
  let x = new Float64Array(capacity);
  let y = new Float64Array(capacity);
  let length = 0;
  return {
    push(atX, value) {
      if (length === x.length) {
        x = doubled(x);
        y = doubled(y);
      }
      x[length] = atX;
      y[length] = Number.isFinite(value) ? value : Number.NaN;
      length += 1;
    },
    get length() {
      return length;
    },
    draw: (maximumPoints) => downsample(x.subarray(0, length), y.subarray(0, length), maximumPoints),
  };
}

function doubled(array: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const next = new Float64Array(Math.max(16, array.length * 2));
  next.set(array);
  return next;
}
