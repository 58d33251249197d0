import type { RunNode } from '../../contract/views.ts';

type LaneState = RunNode['lane'][number]['state'];

export interface LanePoint {
  readonly at: string;
  readonly step: number;
}

/**
 * Writes the newest finding into a node's attestation lane. Evidence speaks for the time it was given at: a stretch
 * without any stays a gap for good, also when later evidence is fine.
 */
export function extendLane(lane: RunNode['lane'], state: LaneState, now: LanePoint, evidenceId?: string): void {
  const last = lane.at(-1);
  if (last !== undefined) {
    last.until = now.at;
    last.untilStep = now.step;
  }
  if (last?.state === state && state !== 'verified' && state !== 'overridden') return;
  lane.push({
    from: now.at,
    until: now.at,
    fromStep: now.step,
    untilStep: now.step,
    state,
    ...(evidenceId === undefined ? {} : { evidenceId }),
  });
}

/** Draws the open end of the lane up to now, without a new finding. */
export function stretchLane(lane: RunNode['lane'], now: LanePoint): void {
  const last = lane.at(-1);
  if (last === undefined) return;
  last.until = now.at;
  last.untilStep = now.step;
}
