import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { downsample } from './downsample.ts';
import { createSeriesBuffer } from './series-buffer.ts';

const values = fc.array(
  fc.oneof(
    { weight: 9, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }) },
    { weight: 1, arbitrary: fc.constant(Number.NaN) },
  ),
  { maxLength: 600 },
);

describe('downsample', () => {
  it('never exceeds its limit, keeps order, and invents no point', () => {
    fc.assert(
      fc.property(values, fc.integer({ min: 5, max: 200 }), (ys, limit) => {
        const x = Float64Array.from(ys, (_, i) => i);
        const drawn = downsample(x, Float64Array.from(ys), limit);
        expect(drawn.length).toBeLessThanOrEqual(limit);
        let before = -1;
        for (const point of drawn) {
          expect(point.x).toBeGreaterThan(before);
          before = point.x;
          const raw = ys[point.x] ?? Number.NaN;
          expect(point.y).toBe(Number.isNaN(raw) ? null : raw);
        }
      }),
    );
  });

  it('keeps the ends, the extremes, and every gap column', () => {
    fc.assert(
      fc.property(values, fc.integer({ min: 5, max: 100 }), (ys, limit) => {
        const drawn = downsample(
          Float64Array.from(ys, (_, i) => i),
          Float64Array.from(ys),
          limit,
        );
        const finite = ys.filter((y) => !Number.isNaN(y));
        const kept = drawn.map((point) => point.y).filter((y) => y !== null);
        if (finite.length > 0) {
          expect(kept).toContain(finite.reduce((a, b) => Math.min(a, b)));
          expect(Math.max(...kept)).toBe(finite.reduce((a, b) => Math.max(a, b)));
          expect(kept[0]).toBe(finite[0]);
          expect(kept.at(-1)).toBe(finite.at(-1));
        }
        expect(drawn.some((point) => point.y === null)).toBe(finite.length < ys.length);
      }),
    );
  });

  it('stands a value of x that goes back, and a span of zero', () => {
    const x = Float64Array.from({ length: 100 }, (_, i) => (i < 50 ? i : 10));
    const drawn = downsample(
      x,
      Float64Array.from(x, (_, i) => i),
      20,
    );
    expect(drawn.at(-1)).toEqual({ x: 10, y: 99 });
    expect(downsample(new Float64Array(100), new Float64Array(100), 10).length).toBeLessThanOrEqual(10);
  });

  it('draws a million points within 100 ms', () => {
    const buffer = createSeriesBuffer();
    for (let i = 0; i < 1_000_000; i++) buffer.push(i, Math.sin(i / 1000) + (i === 777_777 ? 10 : 0));
    const started = performance.now();
    const drawn = buffer.draw(400);
    expect(performance.now() - started).toBeLessThan(100);
    expect(drawn.length).toBeGreaterThan(200);
    expect(drawn.some((point) => point.x === 777_777)).toBe(true);
  });
});
