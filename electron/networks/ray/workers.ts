import { setTimeout as delay } from 'node:timers/promises';
import type { ClusterJob } from '../../contract/workers.ts';
import type { Result } from '../../contract/result.ts';
import type { RayClient, RayNode } from './ray-client.ts';

const lookMs = 1500;
/** Of a driver's log, in one look. */
const linesAtOnce = 200;
const lineCharacters = 2000;

export interface WorkersPlan {
  readonly jobId: string;
  /** By rank: the node, and the port of the agent beside it. */
  readonly workers: readonly { readonly node: string; readonly port: number }[];
  /** Opens nothing: whoever reads it in the package can only say "begin". */
  readonly ticket: string;
}

export interface WorkersSight extends Pick<ClusterJob, 'status' | 'message' | 'nodes'> {
  readonly lines: readonly string[];
}

/**
 * Submits the driver (assets/python/ray_driver.py) as a Ray job that starts the workers of one order.
 * @returns its submission id. Errors: those of `upload` and `submit`.
 */
export async function submitWorkers(
  client: Pick<RayClient, 'upload' | 'submit'>,
  driver: Uint8Array,
  plan: WorkersPlan,
  signal?: AbortSignal,
): Promise<Result<string>> {
  const files = [
    { path: 'ray_driver.py', bytes: driver },
    { path: 'plan.json', bytes: new TextEncoder().encode(JSON.stringify(plan)) },
  ];
  const uploaded = await client.upload(files, signal);
  if (!uploaded.ok) return uploaded;
  const submissionId = `nacre-${plan.jobId.slice(0, 16)}`;
  const entrypoint = 'python ray_driver.py';
  return client.submit({ entrypoint, submissionId, workingDirectory: uploaded.value.uri }, signal);
}

/** Nodes of Nacre by the labels of Ray's: claims, that point at an agent and give it no trust. */
export function nodesByLabel(nodes: readonly RayNode[]): ReadonlyMap<string, RayNode> {
  const found = new Map<string, RayNode>();
  for (const node of nodes) {
    const name = node.labels['nacre-node'];
    // A node that was started again under the same name has a dead twin in Ray's list.
    if (name !== undefined && !node.head && found.get(name)?.state !== 'ALIVE') found.set(name, node);
  }
  return found;
}

/** Looks at the job, its nodes and its log until it has ended or the signal comes. A dashboard that is away is `unknown`. */
export async function watchWorkers(
  client: Pick<RayClient, 'job' | 'nodes' | 'tail'>,
  job: { readonly submissionId: string; readonly nodes: readonly string[] },
  onSight: (sight: WorkersSight) => void,
  signal: AbortSignal,
): Promise<void> {
  const lines = lineBuffer();
  let tail: Promise<unknown> | undefined;
  while (!signal.aborted) {
    const [found, listed] = await Promise.all([client.job(job.submissionId, signal), client.nodes(signal)]);
    if (signal.aborted) break;
    const status = found.ok ? found.value.status : 'unknown';
    if (found.ok && status !== 'PENDING') tail ??= client.tail(job.submissionId, lines.push, signal);
    const ended = status === 'SUCCEEDED' || status === 'FAILED' || status === 'STOPPED';
    if (ended) await tail;
    const known = nodesByLabel(listed.ok ? listed.value : []);
    const nodes = job.nodes.map((node): ClusterJob['nodes'][number] => {
      const seen = known.get(node);
      if (seen === undefined) return { node, state: 'unknown' };
      const { state, message } = seen;
      return { node, state: state === 'ALIVE' ? 'alive' : 'dead', ...(message === undefined ? {} : { message }) };
    });
    const message = found.ok ? found.value.message : found.error.message;
    onSight({
      status,
      ...(message === undefined ? {} : { message: message.slice(-1000) }),
      nodes,
      lines: lines.take(),
    });
    if (ended) return;
    await delay(lookMs, undefined, { signal }).catch(() => undefined);
  }
}

/** What came of a log, as whole lines and bounded: of more than is looked at, the beginning stays. */
function lineBuffer() {
  let whole: string[] = [];
  let open = '';
  return {
    push(text: string) {
      const pieces = (open + text).split('\n');
      open = (pieces.pop() ?? '').slice(0, lineCharacters);
      for (const line of pieces) if (whole.length < linesAtOnce) whole.push(line.slice(0, lineCharacters));
    },
    take() {
      const taken = whole;
      whole = [];
      return taken;
    },
  };
}
