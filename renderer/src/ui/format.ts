/**
 * How figures are written (GUIDE §8): units always, thousands commas, UTC times with seconds, ages, money.
 * Pure: a function that needs the present time takes it.
 */

const KIB = 1024;
const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** 1234567 → `1,234,567`. Decimals are kept only when asked for. */
export function formatCount(value: number, decimals = 0): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

/** Bytes in binary units with three significant figures: `61.4 GiB`, `512 B`. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes) || bytes < 0) return 'unknown size';
  let value = bytes;
  let unit = 0;
  // 999.5 of a unit would be written with four digits, so it is carried into the next one; bytes stay whole.
  while (value >= (unit === 0 ? KIB : 999.5) && unit < byteUnits.length - 1) {
    value /= KIB;
    unit += 1;
  }
  const decimals = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${formatCount(value, decimals)} ${byteUnits[unit] ?? 'B'}`;
}

/** `1.62 GiB/s`. */
export function formatByteRate(bytesPerSecond: number): string {
  return `${formatBytes(bytesPerSecond)}/s`;
}

/** US dollars with cents; amounts under a cent keep two significant figures so that they are not shown as nothing. */
export function formatUsd(usd: number): string {
  const sign = usd < 0 ? '-' : '';
  const amount = Math.abs(usd);
  if (amount > 0 && amount < 0.01) return `${sign}$${amount.toPrecision(2)}`;
  return `${sign}$${formatCount(amount, 2)}`;
}

/** `$10.32 / h`. */
export function formatUsdPerHour(usd: number): string {
  return `${formatUsd(usd)} / h`;
}

const two = (value: number) => String(Math.floor(value)).padStart(2, '0');

/** A span of time in words of two units: `850 ms`, `4.2 s`, `5 m 22 s`, `2 h 02 m`, `3 d 04 h`. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return 'unknown time';
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} m ${two(whole % 60)} s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${two((whole % 3600) / 60)} m`;
  return `${Math.floor(whole / 86_400)} d ${two((whole % 86_400) / 3600)} h`;
}

/** A countdown or age as a clock: `4:12`, `1:02:09`. */
export function formatClock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${two(whole % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}

/** Seconds between a UTC instant and `now` (ms since the epoch); undefined when the instant cannot be read. */
export function secondsSince(at: string | undefined, now: number): number | undefined {
  if (at === undefined) return undefined;
  const then = Date.parse(at);
  return Number.isNaN(then) ? undefined : (now - then) / 1000;
}

/** The age of evidence: `3:05 old`, under a day as a clock, then `2 d 04 h old`. Never "just now". */
export function formatAge(at: string | undefined, now: number): string {
  const seconds = secondsSince(at, now);
  if (seconds === undefined) return 'age unknown';
  const age = Math.max(0, seconds);
  return `${age < 86_400 ? formatClock(age) : formatDuration(age)} old`;
}

/** `14:02:51`, UTC. Evidence times always have seconds. */
export function formatTime(at: string | number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? 'unknown time' : date.toISOString().slice(11, 19);
}

/** `2026-11-22 14:02:51 UTC`. */
export function formatDateTime(at: string | number): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return 'unknown time';
  const iso = date.toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
}

/** A share of a whole: 0.314 → `31.4 %`. */
export function formatPercent(share: number, decimals = 1): string {
  return `${formatCount(share * 100, decimals)} %`;
}

/** A training value (loss, accuracy) with four decimals, or three significant figures when it is tiny or huge. */
export function formatMetric(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.001 || size >= 10_000)) return value.toExponential(2);
  return size >= 100 ? formatCount(value, 1) : value.toFixed(4);
}

/** First and last characters of a digest around `…`; short values stay whole. */
export function shortDigest(digest: string, first = 8, last = 6): string {
  return digest.length <= first + last + 1 ? digest : `${digest.slice(0, first)}…${digest.slice(-last)}`;
}

/** "1 node", "4 nodes": the one place where a plural is made. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** What is left and how fast, in one sentence: `19.5 of 61.4 GiB, 580 MiB/s, 10 m 20 s left`. */
export function describeProgress(progress: {
  readonly done: number;
  readonly total: number;
  readonly unit: 'bytes' | 'steps' | 'nodes' | 'datasets';
  readonly ratePerSecond?: number | undefined;
  readonly secondsLeft?: number | undefined;
}): string {
  const { done, total, unit, ratePerSecond, secondsLeft } = progress;
  const amount =
    unit === 'bytes'
      ? `${formatBytes(done)} of ${formatBytes(total)}`
      : `${formatCount(done)} of ${formatCount(total)} ${unit}`;
  const rate =
    ratePerSecond === undefined
      ? undefined
      : unit === 'bytes'
        ? formatByteRate(ratePerSecond)
        : `${formatCount(ratePerSecond, ratePerSecond < 10 ? 2 : 0)} ${unit}/s`;
  const left = secondsLeft === undefined ? undefined : `${formatDuration(secondsLeft)} left`;
  return [amount, rate, left].filter((part) => part !== undefined).join(', ');
}

/** `NVIDIA H100 80GB HBM3` → `H100`. */
export function shortGpu(model: string): string {
  return /\b([HBA]\d{2,3}|GB\d{3})\b/u.exec(model)?.[1] ?? model;
}

const abbreviations = /\b(crl|gpu|id|ocsp|qe|rim|tcb)\b/gu;

/** `tcb-below-minimum` → `TCB below minimum`: reason codes are written for people by the core, shortened for a column. */
export function reasonWords(reason: string | undefined): string {
  return (reason ?? '').replace(/[-_]/gu, ' ').replace(abbreviations, (word) => word.toUpperCase());
}

const runStates = {
  preparing: 'Preparing',
  verifying: 'Verifying nodes',
  uploading: 'Sending sealed parts',
  releasing: 'Releasing the key',
  running: 'Running',
  collecting: 'Collecting the model',
  succeeded: 'Succeeded',
  failed: 'Failed',
  stopped: 'Stopped',
} as const;

/** What a run is at, in the words of every list that shows runs. */
export function runStateWord(state: keyof typeof runStates): string {
  return runStates[state];
}

/** With a capital at the start, as an answer begins. */
export function sentenceCase(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
