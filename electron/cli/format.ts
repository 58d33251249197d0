import type { RunTransfer } from '../contract/transfers.ts';
import type { CommandIo } from './command.ts';

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** `61.4 GiB`; three significant figures. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** `4 min 05 s` */
export function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')} min`;
}

/** Columns padded to their widest cell; the last one is not padded. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, at) => (widths[at] = Math.max(widths[at] ?? 0, cell.length)));
  return rows
    .map(
      (row) => `${row.map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at] ?? 0))).join('  ')}\n`,
    )
    .join('');
}

/** `estimated 12 s and $0.03, took 14 s and $0.03 (2.10 GiB sent, 3 breaks)`, and what the estimate rested on. */
export function transferWords({ estimated, actual }: RunTransfer): string {
  const expected = `estimated ${timeAndMoney(estimated.seconds, estimated.usd)}`;
  if (actual === undefined) return `${expected}. ${estimated.note}`;
  const breaks = actual.breaks === 0 ? '' : `, ${actual.breaks} ${actual.breaks === 1 ? 'break' : 'breaks'}`;
  const present = actual.bytesPresent === 0 ? '' : `, ${formatBytes(actual.bytesPresent)} was there already`;
  const took = `took ${timeAndMoney(actual.seconds, actual.usd)} (${formatBytes(actual.bytesSent)} sent${present}${breaks})`;
  return `${expected}, ${took}. ${estimated.note}`;
}

function timeAndMoney(seconds: number, usd: number | undefined): string {
  const time = seconds < 10 ? `${seconds.toFixed(1)} s` : formatSeconds(seconds);
  return usd === undefined ? time : `${time} and $${usd < 0.01 ? usd.toPrecision(2) : usd.toFixed(2)}`;
}

/** Text from a node or a pack as it may be shown on a terminal: no control characters that could redraw it. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\uFFFD');
}

/** Shows a line that replaces itself on a terminal, and every changed line elsewhere. */
export function createProgress(io: CommandIo): { show(line: string): void; end(): void } {
  let last = '';
  let open = false;
  return {
    show(line) {
      if (line === last) return;
      last = line;
      open = io.redraws;
      io.note(io.redraws ? `\r\u001B[2K${line}` : `${line}\n`);
    },
    end() {
      if (open) io.note('\n');
      open = false;
    },
  };
}
