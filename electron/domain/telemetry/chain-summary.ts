import { heartbeatGapMs, listedGaps, type Heartbeat } from '../../contract/failure-receipt.ts';
import type { Frame } from '../../contract/wire.ts';

export interface ChainSummary {
  readonly heartbeat: Heartbeat;
  /** Smallest and largest step of a metric; absent when no metric came. */
  readonly firstStep?: number;
  readonly lastStep?: number;
  readonly lastFrame?: Frame;
  /** From the first to the last frame, by the node's clock. */
  readonly seconds: number;
}

/** What a chain of frames says about when the node lived and how far it came. The frames are believed: check them first. */
export function summariseChain(frames: readonly Frame[]): ChainSummary {
  const gaps: { from: string; until: string }[] = [];
  let firstStep: number | undefined;
  let lastStep: number | undefined;
  frames.forEach((frame, i) => {
    const before = frames[i - 1];
    if (before !== undefined && Date.parse(frame.at) - Date.parse(before.at) > heartbeatGapMs) {
      gaps.push({ from: before.at, until: frame.at });
    }
    if (frame.body.kind !== 'metric') return;
    firstStep = Math.min(firstStep ?? frame.body.step, frame.body.step);
    lastStep = Math.max(lastStep ?? 0, frame.body.step);
  });
  const first = frames[0];
  const last = frames.at(-1);
  const milliseconds = first === undefined || last === undefined ? 0 : Date.parse(last.at) - Date.parse(first.at);
  return {
    heartbeat: {
      frames: frames.length,
      ...(first === undefined || last === undefined ? {} : { first: first.at, last: last.at }),
      gapCount: gaps.length,
      gaps: gaps.slice(0, listedGaps),
    },
    ...(firstStep === undefined ? {} : { firstStep }),
    ...(lastStep === undefined ? {} : { lastStep }),
    ...(last === undefined ? {} : { lastFrame: last }),
    // A clock that was set back is no negative time.
    seconds: Number.isFinite(milliseconds) ? Math.max(0, milliseconds / 1000) : 0,
  };
}
