import type { SealProgress } from '../contract/sealed.ts';
import type { Progress } from '../contract/views.ts';
import type { CommandIo } from './command.ts';
import { createProgress, formatBytes, formatSeconds } from './format.ts';

const barWidth = 24;
/** Milliseconds between plain lines, where nothing can be redrawn. */
const plainInterval = 2000;

/** Shows progress as one bar on a terminal, and as a plain line every two seconds elsewhere. */
export function createSealProgress(io: CommandIo): { onProgress(progress: SealProgress): void; end(): void } {
  const progress = createProgress(io);
  let shown = Number.NEGATIVE_INFINITY;
  return {
    onProgress(state) {
      const now = performance.now();
      if (!io.redraws && now - shown < plainInterval) return;
      shown = now;
      progress.show(io.redraws ? `${bar(state)} ${describe(state)}` : describe(state));
    },
    end: () => progress.end(),
  };
}

/** The same for transfers and other tasks that count bytes, after the name of what runs. */
export function createTransferProgress(io: CommandIo): { show(title: string, progress: Progress): void; end(): void } {
  const progress = createProgress(io);
  let shown = Number.NEGATIVE_INFINITY;
  return {
    show(title, { done, total, ratePerSecond = 0, secondsLeft }) {
      const now = performance.now();
      if (!io.redraws && now - shown < plainInterval && done < total) return;
      shown = now;
      const state = { bytes: done, total, ratePerSecond, ...(secondsLeft === undefined ? {} : { secondsLeft }) };
      progress.show(`${title} ${io.redraws ? `${bar(state)} ` : ''}${describe(state)}`);
    },
    end: () => progress.end(),
  };
}

function bar({ bytes, total }: SealProgress): string {
  const filled = total === 0 ? barWidth : Math.round((bytes / total) * barWidth);
  return `[${'#'.repeat(filled)}${'-'.repeat(barWidth - filled)}]`;
}

function describe({ bytes, total, ratePerSecond, secondsLeft }: SealProgress): string {
  const share = total === 0 ? 100 : Math.floor((bytes / total) * 100);
  const left = secondsLeft === undefined ? '' : `, ${formatSeconds(secondsLeft)} left`;
  const rate = ratePerSecond === 0 ? '' : `, ${formatBytes(ratePerSecond)}/s${left}`;
  return `${share} % of ${formatBytes(total)}${rate}`;
}
