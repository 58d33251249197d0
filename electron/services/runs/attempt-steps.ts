import { err, ok, type NacreError, type Result } from '../../contract/result.ts';
import { failureClassOf } from '../../domain/job/attempts.ts';
import type { NodeClient, RunPorts } from './ports.ts';
import { sleep } from './retry.ts';
import { nodeAtFault, openAttempt, type AttemptSteps } from './run-attempts.ts';
import { bringToNodes } from './run-driver.ts';
import { updateCost } from './run-follow.ts';
import { takeReceipts } from './run-receipt.ts';
import { sessionsOf } from './run-record.ts';
import type { RunState } from './run-state.ts';
import { followRun } from './run-workers.ts';
import { createSealedFiles } from './sealed-files.ts';
import { tellToStop } from './sessions.ts';
import { watchCluster } from './watch-cluster.ts';

/** How long a scheduler may take to see what the nodes have signed: milliseconds. */
const schedulerMs = 8000;

/** A run that this core works on. */
export interface LiveRun {
  readonly state: RunState;
  readonly abort: AbortController;
  /** Connections to the nodes that work, by rank; empty while none does. */
  clients: readonly NodeClient[];
  /** The core closes: the run is left as it stands. */
  closing: boolean;
}

/** Bugs and store errors, for the log on disk. */
type OnTrouble = (runId: string, problem: unknown) => void;

/** What an attempt of this run is made of. */
export function attemptSteps(entry: LiveRun, ports: RunPorts, onTrouble: OnTrouble): AttemptSteps {
  const { state, abort } = entry;
  const follow = async (clients: readonly NodeClient[]) => {
    const ended = await withNodes(entry, clients, ports);
    entry.clients = [];
    if (!entry.closing) for (const client of clients) client.close();
    return ended;
  };
  return {
    follow,
    async bring(order, candidates) {
      const brought = await bringToNodes(state, order, candidates, ports, abort.signal);
      if (!brought.ok) return brought;
      takenByNode(state, ports, onTrouble);
      return follow(brought.value);
    },
    async arrived(clients) {
      const answers = await Promise.all(
        clients.map((client) => client.jobStatus(state.record.order.jobId, abort.signal)),
      );
      const failed = answers.find((answer) => !answer.ok && answer.error.code !== 'not_found');
      return failed?.ok === false ? failed : ok(answers.every((answer) => answer.ok));
    },
    taken: () => takenByNode(state, ports, onTrouble),
    tellToStop: (except) => tellToStop(state.record, ports, except),
    closing: () => entry.closing,
  };
}

/** From a job that is on its nodes to its end. */
async function withNodes(entry: LiveRun, clients: readonly NodeClient[], ports: RunPorts): Promise<Result<void>> {
  const { state, abort } = entry;
  const [leader] = clients;
  if (leader === undefined) throw new Error('a run that is followed has a node');
  entry.clients = clients;
  const { signal } = abort;
  const fetching = new AbortController();
  const files = createSealedFiles(state, leader, ports, AbortSignal.any([signal, fetching.signal]));
  const watching = new AbortController();
  const notStarted = Promise.withResolvers<NacreError>();
  const cluster = watchCluster(state, ports, notStarted.resolve, AbortSignal.any([signal, watching.signal]));
  const followed = await followRun(state, clients, ports, files, notStarted.promise, signal);
  const endedAt = ports.clock();
  updateCost(state, endedAt);
  if (!followed.ok || followed.value.end !== 'succeeded') watching.abort();
  if (!followed.ok) {
    if (entry.closing) return followed;
    // A dead node cannot be asked: what it has not sent by now does not come.
    if (isNodeLost(followed.error) && nodeAtFault(state.record, followed.error) === leader.node) fetching.abort();
    await cluster;
    return settled(followed, await files.settle());
  }
  const { end, message } = followed.value;
  if (end === 'stopped') {
    await Promise.all([files.settle(), cluster]);
    return err('cancelled', message ?? 'The run was stopped on request.');
  }
  if (end === 'failed') {
    await Promise.all([files.settle(), cluster]);
    return err('unavailable', `The job failed on the node: ${message ?? 'no reason was given'}`, {
      hint: 'The log of the run has its last lines. Data, keys and checkpoints are kept.',
      details: { failureClass: 'job-failed' },
    });
  }
  if (state.record.view.state === 'running') state.step('collecting');
  const here = await files.settle();
  if (here.ok && state.record.view.modelSha256 === undefined) {
    watching.abort();
    return err('integrity', 'The node says that the job succeeded, but its signed telemetry announced no model.');
  }
  const taken = here.ok ? await takeReceipts(state, clients, ports, endedAt, signal) : here;
  // The scheduler is a moment behind the nodes.
  await Promise.race([cluster, sleep(schedulerMs, signal)]);
  watching.abort();
  await cluster;
  return taken;
}

/** Writes that the nodes work on the run from now on. */
function takenByNode(state: RunState, ports: RunPorts, onTrouble: OnTrouble): void {
  const { view } = state.record;
  state.step('running');
  const workers = sessionsOf(state.record).flatMap(({ node, worker }) =>
    worker === undefined ? [] : [{ rank: worker.rank, node, state: 'accepted' as const }],
  );
  state.change(() => {
    openAttempt(state.record).from = new Date(ports.clock()).toISOString();
    if (workers.length > 0) view.workers = workers;
  }, true);
  const started = ports.audit('run-started', view.id, { jobId: view.jobId }, view.simulated);
  // The key is out and its release is logged; the run goes on, and the log on disk tells of the missing entry.
  if (!started.ok) onTrouble(view.id, started.error);
}

function isNodeLost(error: NacreError): boolean {
  const failureClass = failureClassOf(error);
  return failureClass === 'node-unreachable' || failureClass === 'node-hung';
}

/** Trouble with the files matters more than a stop, less than the first failure. */
function settled(first: Result<never>, second: Result<void>): Result<never> {
  if (!first.ok && first.error.code === 'cancelled' && !second.ok) return second;
  return first;
}
