import type { RunNode, RunView } from '../../../../electron/contract/views.ts';
import type { ClusterJob, WorkerView } from '../../../../electron/contract/workers.ts';

/** One worker: what its node signed, and beside it what a scheduler says of it. */
export interface WorkerRow {
  readonly rank: number;
  readonly node: string;
  readonly trust: RunNode['trust'];
  readonly signed: Omit<WorkerView, 'rank' | 'node'> | undefined;
  readonly said: ClusterJob['nodes'][number] | undefined;
}

/** The workers of the attempt that goes on, or of the last one, by rank; none in a run on one node that the desk started. */
export function workerRows({ workers, cluster, nodes }: RunView): WorkerRow[] {
  const known: readonly Pick<WorkerView, 'rank' | 'node'>[] =
    workers ?? cluster?.nodes.map(({ node }, rank) => ({ rank, node })) ?? [];
  return known.map(({ rank, node }) => ({
    rank,
    node,
    trust: nodes.find(({ name }) => name === node)?.trust ?? 'unknown',
    signed: workers?.find((worker) => worker.rank === rank),
    said: cluster?.nodes.find((seen) => seen.node === node),
  }));
}

const words: Readonly<Record<WorkerView['state'], string>> = {
  accepted: 'Has the key, waits to begin',
  running: 'Runs',
  succeeded: 'Succeeded',
  failed: 'Failed',
  stopped: 'Stopped',
  lost: 'Lost: fell silent',
};

/** What a worker's node signed last. */
export function signedWords(signed: WorkerRow['signed']): string {
  if (signed === undefined) return 'Nothing signed yet';
  return signed.message === undefined ? words[signed.state] : `${words[signed.state]}: ${signed.message}`;
}

/** What the scheduler says of the whole job, in its own words. */
export function claimWords({ status, message }: ClusterJob): string {
  if (status === 'unknown') {
    return 'Ray’s dashboard does not answer. The workers go on without it; what they sign is what counts.';
  }
  const line = message?.trim().split('\n').at(-1)?.replace(/\.$/, '') ?? '';
  const said = line === '' ? '' : ` (${line})`;
  return `Ray says ${status.toLowerCase()}${said}. That is its claim; what the nodes sign is what counts.`;
}
