import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { extentOf, lastValue, linearScale, linePath, logScale, logTicks, nearestPoint, niceTicks } from './scale.ts';

describe('scales', () => {
  it('go there and back', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.001, max: 1e6, noNaN: true }),
        fc.double({ min: 1.1, max: 1000, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (low, ratio, share) => {
          const high = low * ratio;
          const value = low + (high - low) * share;
          for (const scale of [linearScale([low, high], [100, 700]), logScale([low, high], [240, 0])]) {
            expect(scale.value(scale.at(value)) / value).toBeCloseTo(1, 6);
          }
        },
      ),
    );
  });

  it('put a value without a logarithm below the axis instead of nowhere', () => {
    const scale = logScale([0.1, 1], [240, 0]);
    expect(scale.at(0)).toBe(480);
    expect(Number.isFinite(scale.at(-3))).toBe(true);
  });
});

describe('ticks', () => {
  it('are round and inside', () => {
    expect(niceTicks(0, 24_000, 6)).toEqual([0, 5000, 10_000, 15_000, 20_000]);
    expect(niceTicks(0.5, 0.9, 4)).toEqual([0.5, 0.6, 0.7, 0.8, 0.9]);
    expect(niceTicks(3, 3, 4)).toEqual([3]);
    expect(logTicks(0.27, 0.72)).toEqual([0.4, 0.6]);
    expect(logTicks(0.01, 1)).toEqual([0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1]);
    expect(logTicks(0, 1)).toEqual([]);
  });

  it('are in order, inside the domain and not too many', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        fc.double({ min: 0.001, max: 1e6, noNaN: true }),
        fc.integer({ min: 1, max: 12 }),
        (low, span, count) => {
          const ticks = niceTicks(low, low + span, count);
          expect(ticks.length).toBeLessThanOrEqual(count + 1);
          for (const [index, tick] of ticks.entries()) {
            expect(tick).toBeGreaterThanOrEqual(low - span * 1e-6);
            expect(tick).toBeLessThanOrEqual(low + span * (1 + 1e-6));
            if (index > 0) expect(tick).toBeGreaterThan(ticks[index - 1] ?? Number.NEGATIVE_INFINITY);
          }
        },
      ),
    );
  });
});

describe('points', () => {
  const points = [
    { x: 0, y: 1 },
    { x: 10, y: 0.5, low: 0.4, high: 0.9 },
    { x: 20, y: null },
    { x: 30, y: 0.2 },
    { x: 40, y: null },
  ];

  it('finds the nearest, the last and the extent', () => {
    expect(nearestPoint(points, 14)?.x).toBe(10);
    expect(nearestPoint(points, 999)?.x).toBe(40);
    expect(nearestPoint([], 1)).toBeUndefined();
    expect(lastValue(points)?.x).toBe(30);
    expect(extentOf([points], false)).toEqual([0.2, 1]);
    expect(extentOf([[{ x: 0, y: -1 }]], true)).toBeUndefined();
  });

  it('lifts the line at a gap and never bridges it', () => {
    const scale = linearScale([0, 40], [0, 40]);
    expect(linePath(points, scale, linearScale([0, 1], [1, 0]))).toBe('M0.0 0.0L10.0 0.5M30.0 0.8');
  });
});
