import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endName } from './chart-model.ts';
import { charactersIn, gutters, placeLabels, timeTicks, xTicks } from './x-axis.ts';
import { linearScale } from './scale.ts';

const noon = Date.UTC(2026, 10, 22, 12, 0, 7);
const texts = (from: number, until: number, width: number, first: readonly number[] = []) => {
  const { left, right } = gutters(width);
  const x = linearScale([from, until], [left, width - right]);
  const ticks = xTicks([from, until], 'time', width - left - right);
  return placeLabels(ticks, first, 'time', x.at, left, width).map(({ text }) => text);
};

describe('times on an axis', () => {
  it('are round on the clock, as many as fit a side panel or a page', () => {
    expect(texts(noon, noon + 60_000, 384)).toEqual(['12:00:15', '12:00:30', '12:00:45', '12:01:00']);
    expect(texts(noon, noon + 60_000, 960)).toEqual([
      '12:00:10',
      '12:00:20',
      '12:00:30',
      '12:00:40',
      '12:00:50',
      '12:01:00',
    ]);
    expect(texts(noon, noon + 3 * 3_600_000, 384)).toEqual(['13:00:00', '14:00:00', '15:00:00']);
    expect(timeTicks(noon, noon + 5 * 86_400_000, 6).map((tick) => new Date(tick).getUTCHours())).toEqual([
      0, 0, 0, 0, 0,
    ]);
  });

  it('make room for the cursor and the present', () => {
    const at = noon + 31_000;
    expect(texts(noon, noon + 60_000, 384, [at])).toEqual(['12:00:38', '12:00:15', '12:01:00']);
    expect(texts(noon, noon + 60_000, 384, [at, at + 1000])).toEqual(['12:00:38', '12:00:15', '12:01:00']);
  });

  it('have one where the span is shorter than a second or nothing', () => {
    expect(xTicks([noon + 100, noon + 300], 'time', 300)).toEqual([noon + 100]);
    expect(xTicks([1, 1_001_003], 'step', 76)).toEqual([1]);
    expect(timeTicks(noon, noon, 4)).toEqual([noon]);
    expect(timeTicks(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 4)).toEqual([]);
  });
});

describe('labels', () => {
  it('never touch, never leave the axis, and are in the domain, in any window and for any span', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('step' as const, 'time' as const),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: 1, max: 40 * 86_400_000 }),
        fc.integer({ min: 240, max: 2400 }),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 2 }),
        (kind, share, span, width, marks) => {
          // Milliseconds since the epoch, or steps of a run.
          const low = Math.floor(share * (kind === 'time' ? 2e12 : 1e9));
          const { left, right } = gutters(width);
          const domain = [low, low + span] as const;
          const x = linearScale(domain, [left, width - right]);
          const ticks = xTicks(domain, kind, width - left - right);
          expect(ticks.length).toBeLessThanOrEqual(7);
          const first = marks.map((mark) => low + span * mark);
          const labels = placeLabels(ticks, first, kind, x.at, left, width);
          expect(labels.length).toBeGreaterThan(0);
          const sorted = labels.toSorted((a, b) => a.from - b.from);
          for (const [index, label] of sorted.entries()) {
            expect(label.from).toBeGreaterThanOrEqual(left - 1e-6);
            expect(label.until).toBeLessThanOrEqual(width + 1e-6);
            expect(label.value).toBeGreaterThanOrEqual(low - span * 1e-6);
            expect(label.value).toBeLessThanOrEqual(low + span * (1 + 1e-6));
            if (index > 0) expect(label.from - (sorted[index - 1]?.until ?? 0)).toBeGreaterThanOrEqual(9.99);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('names beside last values', () => {
  it('are cut to the room there is, and left out where none is', () => {
    expect(['held out', 'train', 'GPU 10'].map((name) => endName(name, 6))).toEqual(['held…', 'train', 'GPU 10']);
    expect(endName('train', 2)).toBe('');
    expect(charactersIn(-4)).toBe(0);
  });
});
