import { failureClasses, type FailureClass } from '../../contract/attempts.ts';
import type { NacreError } from '../../contract/result.ts';

/** Whose fault another node can make good. Nothing that the program or the data did is among them. */
const curedByAnotherNode: ReadonlySet<FailureClass> = new Set<FailureClass>([
  'node-unreachable',
  'node-hung',
  'evidence-refused',
  'evidence-gap',
  'worker-not-started',
]);

/** The class of an error that ended an attempt: the one it carries, else what its code stands for. */
export function failureClassOf(error: NacreError): FailureClass {
  const named = failureClasses.find((name) => name === error.details?.['failureClass']);
  if (named !== undefined) return named;
  switch (error.code) {
    case 'cancelled':
      return 'stopped';
    case 'attestation_failed':
      return 'evidence-refused';
    case 'unavailable':
    case 'timeout':
    case 'not_found':
    case 'not_permitted':
      return 'node-unreachable';
    case 'denied_by_policy':
      return 'budget';
    case 'integrity':
      // The agent behind this address was started anew: its session, and with it the job, is gone.
      return error.details?.['reason'] === 'tls-key-mismatch' ? 'node-unreachable' : 'data-integrity';
    default:
      return 'job-failed';
  }
}

export interface EndedAttempt {
  readonly failureClass: FailureClass;
  /** 1 for the first. */
  readonly number: number;
  /** A node got the key, in this attempt. Before that the first attempt is only a launch that failed. */
  readonly released: boolean;
  readonly maximumAttempts: number;
  /** Nodes of the first order, best first. */
  readonly candidates: readonly string[];
  /** Nodes that got the key and were lost, in any attempt. */
  readonly lost: readonly string[];
  /** Nodes that must work together at least; absent: one. */
  readonly minimum?: number;
}

export type AfterFailure =
  | { readonly retry: true; readonly nodes: readonly string[]; readonly delayMs: number }
  | {
      readonly retry: false;
      readonly why: 'not-cured-by-another-node' | 'not-started' | 'attempts-spent' | 'no-node-left';
    };

export interface BackOff {
  readonly firstDelayMs: number;
  readonly maximumDelayMs: number;
}

/** Whether a run goes on, on which nodes, and after what pause. */
export function afterFailure(ended: EndedAttempt, backOff: BackOff): AfterFailure {
  if (!curedByAnotherNode.has(ended.failureClass)) return { retry: false, why: 'not-cured-by-another-node' };
  if (!ended.released && ended.number === 1) return { retry: false, why: 'not-started' };
  if (ended.number >= ended.maximumAttempts) return { retry: false, why: 'attempts-spent' };
  const nodes = remainingNodes(ended.candidates, ended.lost);
  if (nodes.length < (ended.minimum ?? 1)) return { retry: false, why: 'no-node-left' };
  const delayMs = Math.min(backOff.maximumDelayMs, backOff.firstDelayMs * 2 ** (ended.number - 1));
  return { retry: true, nodes, delayMs };
}

/** Never a lost node again, unless the order names no other: then it may prove itself anew. */
export function remainingNodes(candidates: readonly string[], lost: readonly string[]): readonly string[] {
  return candidates.length === 1 ? candidates : candidates.filter((node) => !lost.includes(node));
}

/** Steps that were trained and are in no checkpoint on the desk. */
export function lostSteps(lastStep: number, checkpointStep: number): number {
  return Math.max(0, lastStep - checkpointStep);
}

/** The chain of one node in one attempt: a node that is used again begins a new one. */
export function telemetryLane(node: string, attempt: number): string {
  return attempt <= 1 ? node : `${node}#${attempt}`;
}
