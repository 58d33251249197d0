import { describe, expect, it } from 'vitest';
import { sparkPath } from './Sparkline.tsx';
import { chartRows, lastValue, nearestRow, roundTicks } from './rows.ts';

const series = (points: ReadonlyArray<readonly [number, number | null]>) => ({
  name: 'loss',
  unit: '',
  x: 'step' as const,
  raw: points.length,
  points: points.map(([x, y]) => ({ x, y })),
});

describe('chart rows', () => {
  it('keeps a gap as a gap and puts validation at its own step', () => {
    const rows = chartRows(
      series([
        [0, 1],
        [10, null],
        [20, 0.5],
      ]),
      series([[15, 0.7]]),
      false,
    );
    expect(rows).toEqual([
      { x: 0, value: 1 },
      { x: 10, value: null },
      { x: 15, validation: 0.7 },
      { x: 20, value: 0.5 },
    ]);
  });

  it('has no place for zero on a logarithmic axis', () => {
    expect(chartRows(series([[0, 0]]), undefined, true)).toEqual([{ x: 0, value: null }]);
  });

  it('finds the nearest row and the last value', () => {
    const rows = chartRows(
      series([
        [0, 1],
        [10, 2],
      ]),
      undefined,
      false,
    );
    expect(nearestRow(rows, 7)?.x).toBe(10);
    expect(nearestRow([], 7)).toBeUndefined();
    expect(
      lastValue(
        series([
          [0, 1],
          [10, null],
        ]),
      ),
    ).toEqual({ x: 0, y: 1 });
  });

  it('sets the pen down anew after a gap', () => {
    const path = sparkPath(
      [
        { x: 0, y: 0 },
        { x: 1, y: 1 },
        { x: 2, y: null },
        { x: 3, y: 1 },
      ],
      1,
    );
    expect(path.match(/[ML]/g)?.join('')).toBe('MLM');
  });

  it('makes round ticks', () => {
    expect(roundTicks(24_000, 6)).toEqual([0, 5000, 10_000, 15_000, 20_000]);
    expect(roundTicks(0, 6)).toEqual([0]);
  });
});
