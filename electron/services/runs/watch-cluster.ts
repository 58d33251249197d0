import { err, type NacreError } from '../../contract/result.ts';
import type { ClusterSighting, RunPorts } from './ports.ts';
import type { RunState } from './run-state.ts';

/** How long a scheduler may take until every worker has signed that it runs: milliseconds. */
const startMs = 60_000;
/** A worker that began and ended at once may be told of by the scheduler before its own frames are here: milliseconds. */
const framesMs = 2500;

/** What the driver (assets/python/ray_driver.py) says of a worker that it could not start. */
const couldNotBegin = /^rank \d+ on (\S+) could not begin: (.+)$/;

/**
 * Shows what the scheduler says of a run until the signal comes: its state, its nodes, its log. It decides nothing; the run
 * is what the nodes sign. Afterwards the scheduler is told to stop what it still has.
 * @param onNotStarted told once when the scheduler has given up, or has had its time, and a worker has not signed that it runs
 */
export async function watchCluster(
  state: RunState,
  ports: RunPorts,
  onNotStarted: (error: NacreError) => void,
  signal: AbortSignal,
): Promise<void> {
  const { cluster } = state.record.view;
  if (cluster === undefined) return;
  const { network, submissionId } = cluster;
  const nodes = cluster.nodes.map(({ node }) => node);
  const late = setTimeout(() => tellIfWaiting(state, undefined, onNotStarted, signal), startMs);
  let ended: NodeJS.Timeout | undefined;
  let said: RegExpExecArray | undefined;
  await ports.clusters.watch(
    network,
    { submissionId, nodes },
    (sighting) => {
      show(state, ports, { network, submissionId }, sighting);
      for (const line of sighting.lines) said = couldNotBegin.exec(line) ?? said;
      const { status } = sighting;
      if (status === 'FAILED' || status === 'STOPPED' || status === 'SUCCEEDED') {
        ended ??= setTimeout(() => tellIfWaiting(state, said, onNotStarted, signal), framesMs);
      }
    },
    signal,
  );
  if (ended !== undefined || signal.aborted) clearTimeout(late);
  signal.addEventListener('abort', () => clearTimeout(late), { once: true });
  const last = state.record.view.cluster?.status;
  if (last === 'PENDING' || last === 'RUNNING' || last === 'unknown') await ports.clusters.stop(network, submissionId);
}

function show(
  state: RunState,
  ports: RunPorts,
  cluster: { readonly network: string; readonly submissionId: string },
  { status, message, nodes, lines }: ClusterSighting,
): void {
  const before = state.record.view.cluster;
  const at = new Date(ports.clock()).toISOString();
  state.change(({ view }) => {
    view.cluster = { ...cluster, status, ...(message === undefined ? {} : { message }), nodes: [...nodes] };
    for (const line of lines) view.log.push({ at, node: 'ray', line });
  });
  for (const { node, state: now, message: why } of nodes) {
    if (now === 'alive' || before?.nodes.find((known) => known.node === node)?.state === now) continue;
    if (now === 'unknown') continue;
    state.event({ kind: 'warning', node, message: `Ray says that its node beside ${node} is dead: ${why ?? ''}` });
  }
  if (before?.status === status) return;
  const said =
    status === 'unknown' ? 'Ray’s dashboard does not answer; the workers go on without it.' : `Ray: ${status}.`;
  state.event({ kind: status === 'unknown' || status === 'FAILED' ? 'warning' : 'state', message: said });
}

/** By what the nodes signed: a worker that holds the key and has not said that it runs was not started. */
function tellIfWaiting(
  { record: { view } }: RunState,
  said: RegExpExecArray | undefined,
  onNotStarted: (error: NacreError) => void,
  signal: AbortSignal,
): void {
  const waiting = (view.workers ?? []).filter(({ state }) => state === 'accepted').map(({ node }) => node);
  const [first] = waiting;
  if (first === undefined || signal.aborted) return;
  const [, named = '', reason] = said ?? [];
  const node = waiting.includes(named) ? named : first;
  const { status = 'unknown', message } = view.cluster ?? {};
  const why = reason ?? message ?? (status === 'unknown' ? 'its dashboard does not answer' : `the job is ${status}`);
  onNotStarted(
    err('unavailable', `Ray did not start the worker on ${node}. Ray says: ${why}`.slice(0, 2000), {
      hint: 'The node proved itself and holds the key; what is missing is a place in the cluster.',
      details: { node, failureClass: 'worker-not-started' },
    }).error,
  );
}
