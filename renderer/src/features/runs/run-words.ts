import type { RunEvent, RunView } from '../../../../electron/contract/views.ts';
import { formatDuration, formatUsd, runStateWord, type Trust } from '../../ui/index.ts';

export function stateWord(run: Pick<RunView, 'state' | 'approval'>): string {
  const { approval } = run;
  if (approval !== undefined) return `Waiting for approval ${approval.have} of ${approval.need}`;
  return runStateWord(run.state);
}

export function isActive(run: Pick<RunView, 'endedAt'>): boolean {
  return run.endedAt === undefined;
}

/** The mark of an event: only statements about evidence have one, and errors. */
export function eventTrust(event: RunEvent): Trust | undefined {
  if (event.trust !== undefined) return event.trust;
  if (event.kind === 'error') return 'refused';
  return event.kind === 'warning' ? 'warning' : undefined;
}

/**
 * Trust of a run: of the nodes that got its key. A candidate that was refused before that touched nothing; where no node
 * passed, its refusal is what there is to say. Verified only when every one of them was.
 */
export function runTrust(run: RunView): Trust {
  const holders = run.nodes.filter((node) => node.keyReleased);
  if (holders.length === 0) return run.nodes.some((node) => node.trust === 'refused') ? 'refused' : 'unknown';
  if (holders.some((node) => node.trust === 'refused')) return 'refused';
  // Let through by custodians, so at best a warning.
  if (holders.some((node) => node.override !== undefined)) return 'warning';
  if (holders.some((node) => node.trust === 'warning' || node.lane.at(-1)?.state === 'gap')) return 'warning';
  return holders.every((node) => node.trust === 'verified') ? 'verified' : 'unknown';
}

/** `14 s and $0.03`; money that rounds to nothing is said as less than a cent. */
export function timeAndMoney({
  seconds,
  usd,
}: {
  readonly seconds: number;
  readonly usd?: number | undefined;
}): string {
  const time = seconds < 1 ? 'less than a second' : formatDuration(seconds);
  if (usd === undefined) return `${time}, no price named`;
  return `${time} and ${usd > 0 && usd < 0.01 ? 'less than $0.01' : formatUsd(usd)}`;
}

/** Steps of the lane that had no fresh evidence. */
export function gapSteps(run: RunView): number {
  return run.nodes
    .flatMap((node) => node.lane)
    .filter((block) => block.state === 'gap')
    .reduce((sum, block) => sum + (block.untilStep - block.fromStep), 0);
}
