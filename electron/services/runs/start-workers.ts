import type { JobOrder } from '../../contract/job.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import type { NodeClient, RunPorts } from './ports.ts';
import type { RunState } from './run-state.ts';

/**
 * Lets workers that hold the key begin: by the scheduler that the order names, or, on networks without one, by the desk.
 * Errors: those of the scheduler and of the nodes.
 */
export async function startWorkers(
  state: RunState,
  order: JobOrder,
  workers: readonly { readonly client: NodeClient }[],
  ticket: string,
  ports: RunPorts,
  signal: AbortSignal,
): Promise<Result<void>> {
  const nodes = workers.map(({ client }) => client.node);
  const scheduler = order.workers?.scheduler;
  if (scheduler === undefined) {
    let masterPort: number | undefined;
    for (const { client } of workers) {
      const port = masterPort === undefined ? {} : { masterPort };
      const started = await client.startWorker(order.jobId, { ticket, ...port }, signal);
      if (!started.ok) return started;
      masterPort ??= started.value.masterPort;
    }
    return ok(undefined);
  }
  const digest = ports.clusters.driverSha256(scheduler.network);
  if (!digest.ok) return digest;
  if (digest.value !== scheduler.driverSha256) {
    return err('integrity', 'The order names another program for the scheduler than this desk has; launch again.');
  }
  const submitted = await ports.clusters.submit(scheduler.network, { jobId: order.jobId, nodes, ticket }, signal);
  if (!submitted.ok) {
    return err('unavailable', `Ray did not take the workers: ${submitted.error.message}`, {
      hint: 'No worker has begun. Look at the cluster under Networks.',
      details: { failureClass: 'worker-not-started' },
    });
  }
  const { network } = scheduler;
  state.change(({ view }) => {
    view.cluster = {
      network,
      submissionId: submitted.value,
      status: 'PENDING',
      nodes: nodes.map((node) => ({ node, state: 'unknown' })),
    };
  }, true);
  state.event({
    kind: 'state',
    message: `Ray is asked to start ${nodes.length} workers on ${nodes.join(', ')}; it has neither key nor data.`,
  });
  return ok(undefined);
}
