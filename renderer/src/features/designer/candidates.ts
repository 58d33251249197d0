import type { JobDraft } from '../../../../electron/contract/job.ts';
import type { NetworkView } from '../../../../electron/contract/networks.ts';
import type { NodeView } from '../../../../electron/contract/views.ts';
import { reasonWords } from '../../ui/index.ts';

/** A row of the node step. */
export interface Candidate {
  readonly name: string;
  /** Absent for a node of a cluster beside which this desk knows no agent. */
  readonly node?: NodeView;
  /** Why it cannot be taken; absent when it can. */
  readonly off?: string;
}

/** Nodes of the directory, or of a Ray cluster where one is chosen: its workers, with the agent that stands beside each. */
export function candidatesOf(
  nodes: readonly NodeView[],
  network: NetworkView | undefined,
  letThrough: ReadonlySet<string>,
): Candidate[] {
  const own = (node: NodeView, name = node.name): Candidate => {
    const off = letThrough.has(node.name) ? undefined : whyNot(node);
    return { name, node, ...(off === undefined ? {} : { off }) };
  };
  if (network === undefined) return nodes.map((node) => own(node));
  const workers = network.nodes.filter(({ head }) => !head);
  return workers.flatMap((worker) => {
    const label = worker.labels['nacre-node'];
    // A node that was started again has a dead twin in Ray's list.
    const again = workers.some(({ labels, state }) => state === 'alive' && labels['nacre-node'] === label);
    if (worker.state === 'dead') {
      const said = `Ray says dead${worker.message === undefined ? '' : `: ${worker.message}`}`;
      return label !== undefined && again ? [] : [{ name: label ?? worker.id.slice(0, 12), off: said }];
    }
    const node = nodes.find(({ name }) => name === worker.agent?.node);
    if (node !== undefined) return [own(node)];
    return [{ name: label ?? worker.id.slice(0, 12), off: 'no agent that this desk knows stands beside it' }];
  });
}

/** Why a node would get no key by what is known of it now. */
function whyNot({ trust, reason, reachable }: NodeView): string | undefined {
  switch (trust) {
    case 'verified':
      return undefined;
    case 'refused':
      return reason === undefined ? 'its evidence was refused' : reasonWords(reason);
    case 'warning':
      return reason === undefined ? 'it passed with a warning' : reasonWords(reason);
    case 'checking':
      return 'it is being asked';
    case 'unknown':
      return reachable === 'no' ? 'no agent answers there' : 'it was not asked for evidence yet';
  }
}

/** Workers that an order wants: all, and the fewest it goes on with. */
export function workersOf({ workers }: JobDraft): { readonly count: number; readonly minimum: number } {
  return workers ?? { count: 1, minimum: 1 };
}

/** What a chosen node is for: a rank, or to take the place of one that fails. Ranks go out in the order of choosing. */
export function placeOf(draft: JobDraft, name: string): string {
  const at = draft.nodes.indexOf(name);
  const { count } = workersOf(draft);
  if (at < 0) return '';
  if (at >= count) return `spare ${at - count + 1}`;
  return count === 1 ? 'trains' : `rank ${at}`;
}

/** The draft's nodes with one more, at the end, or one less. */
export function toggled(nodes: readonly string[], name: string): string[] {
  return nodes.includes(name) ? nodes.filter((other) => other !== name) : [...nodes, name];
}

/** The same nodes with this one first: it gets rank 0. */
export function toFront(nodes: readonly string[], name: string): string[] {
  return [name, ...nodes.filter((other) => other !== name)];
}

/** Another number of workers; `workers` stands in a draft only when they are several. */
export function withWorkers(count: number, minimum: number): Pick<JobDraft, 'workers'> {
  return { workers: count === 1 ? undefined : { count, minimum: Math.min(count, minimum) } };
}

/** Another network: its nodes that can be taken, as many as train, the cheapest first. */
export function onNetwork(
  draft: JobDraft,
  network: string | undefined,
  candidates: readonly Candidate[],
): Pick<JobDraft, 'network' | 'nodes'> {
  const able = candidates.flatMap(({ node, off }) => (node === undefined || off !== undefined ? [] : [node]));
  const cheapest = able.toSorted((a, b) => a.usdPerHour - b.usdPerHour).slice(0, workersOf(draft).count);
  return { network, nodes: cheapest.map(({ name }) => name) };
}
