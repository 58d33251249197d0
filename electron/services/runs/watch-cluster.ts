import type { RunPorts } from './ports.ts';
import type { RunState } from './run-state.ts';

/**
 * Shows what the scheduler says of a run until the signal comes: its state, its nodes, its log. It decides nothing; the run
 * is what the nodes sign. Afterwards the scheduler is told to stop what it still has.
 */
export async function watchCluster(state: RunState, ports: RunPorts, signal: AbortSignal): Promise<void> {
  const { cluster } = state.record.view;
  if (cluster === undefined) return;
  const { network, submissionId } = cluster;
  const nodes = cluster.nodes.map(({ node }) => node);
  await ports.clusters.watch(
    network,
    { submissionId, nodes },
    ({ status, message, nodes: seen, lines }) => {
      const before = state.record.view.cluster;
      const at = new Date(ports.clock()).toISOString();
      state.change(({ view }) => {
        view.cluster = {
          network,
          submissionId,
          status,
          ...(message === undefined ? {} : { message }),
          nodes: [...seen],
        };
        for (const line of lines) view.log.push({ at, node: 'ray', line });
      });
      for (const { node, state: now, message: why } of seen) {
        if (now === 'alive' || before?.nodes.find((known) => known.node === node)?.state === now) continue;
        if (now === 'unknown') continue;
        state.event({ kind: 'warning', node, message: `Ray says that its node beside ${node} is dead: ${why ?? ''}` });
      }
      if (before?.status === status) return;
      const said =
        status === 'unknown' ? 'Ray’s dashboard does not answer; the workers go on without it.' : `Ray: ${status}.`;
      state.event({ kind: status === 'unknown' || status === 'FAILED' ? 'warning' : 'state', message: said });
    },
    signal,
  );
  const last = state.record.view.cluster?.status;
  if (last === 'PENDING' || last === 'RUNNING' || last === 'unknown') await ports.clusters.stop(network, submissionId);
}
