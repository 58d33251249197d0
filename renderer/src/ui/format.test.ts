import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  describeProgress,
  formatAge,
  formatBytes,
  formatClock,
  formatCount,
  formatDateTime,
  formatDuration,
  formatMetric,
  formatPercent,
  formatTime,
  formatUsd,
  formatUsdPerHour,
  plural,
  shortDigest,
} from './format.ts';

describe('format', () => {
  it('writes sizes in binary units', () => {
    expect(formatBytes(0)).toBe('0 B');
    expect(formatBytes(1023)).toBe('1,023 B');
    expect(formatBytes(1024)).toBe('1.00 KiB');
    expect(formatBytes(61.4 * 1024 ** 3)).toBe('61.4 GiB');
    expect(formatBytes(1024 ** 2 - 1)).toBe('1.00 MiB');
    expect(formatBytes(-1)).toBe('unknown size');
  });

  it('never writes a four digit figure before a unit above bytes', () => {
    fc.assert(
      fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (bytes) => {
        const [figure, unit] = formatBytes(bytes).split(' ');
        expect(unit === 'B' || unit === 'PiB' || Number(figure) < 1024).toBe(true);
        expect(figure).not.toContain('e');
      }),
    );
  });

  it('writes money with its unit', () => {
    expect(formatUsdPerHour(10.32)).toBe('$10.32 / h');
    expect(formatUsd(1234.5)).toBe('$1,234.50');
    expect(formatUsd(0)).toBe('$0.00');
    expect(formatUsd(0.00042)).toBe('$0.00042');
    expect(formatUsd(-3)).toBe('-$3.00');
  });

  it('writes spans in two units and carries at the border', () => {
    expect(formatDuration(0.85)).toBe('850 ms');
    expect(formatDuration(4.2)).toBe('4.2 s');
    expect(formatDuration(59.6)).toBe('1 m 00 s');
    expect(formatDuration(322)).toBe('5 m 22 s');
    expect(formatDuration(7320)).toBe('2 h 02 m');
    expect(formatDuration(86_400 * 3 + 4 * 3600)).toBe('3 d 04 h');
    expect(formatDuration(Number.NaN)).toBe('unknown time');
  });

  it('writes clocks, ages and UTC times', () => {
    expect(formatClock(252)).toBe('4:12');
    expect(formatClock(3729)).toBe('1:02:09');
    const now = Date.parse('2026-11-22T14:05:56Z');
    expect(formatAge('2026-11-22T14:02:51Z', now)).toBe('3:05 old');
    expect(formatAge('2026-11-20T10:02:51Z', now)).toBe('2 d 04 h old');
    expect(formatAge('2026-11-22T14:06:00Z', now)).toBe('0:00 old');
    expect(formatAge(undefined, now)).toBe('age unknown');
    expect(formatTime('2026-11-22T14:02:51.250Z')).toBe('14:02:51');
    expect(formatDateTime('2026-11-22T14:02:51Z')).toBe('2026-11-22 14:02:51 UTC');
    expect(formatTime('yesterday')).toBe('unknown time');
  });

  it('writes counts, shares, metrics and digests', () => {
    expect(formatCount(15_480)).toBe('15,480');
    expect(formatPercent(0.314)).toBe('31.4 %');
    expect(formatMetric(0.28714)).toBe('0.2871');
    expect(formatMetric(0.0000123)).toBe('1.23e-5');
    expect(formatMetric(Number.NaN)).toBe('NaN');
    expect(shortDigest('4813494d13aabbccddee7677b2')).toBe('4813494d…7677b2');
    expect(shortDigest('short')).toBe('short');
    expect(plural(1, 'node')).toBe('1 node');
    expect(plural(4, 'node')).toBe('4 nodes');
  });

  it('says rate and time left', () => {
    expect(
      describeProgress({
        done: 20 * 1024 ** 3,
        total: 61.4 * 1024 ** 3,
        unit: 'bytes',
        ratePerSecond: 1024 ** 2,
        secondsLeft: 620,
      }),
    ).toBe('20.0 GiB of 61.4 GiB, 1.00 MiB/s, 10 m 20 s left');
    expect(describeProgress({ done: 12, total: 400, unit: 'steps' })).toBe('12 of 400 steps');
  });
});
