import type { FailureStatement } from '../../contract/failure-receipt.ts';
import type { JobOrder } from '../../contract/job.ts';
import type { Frame } from '../../contract/wire.ts';
import { canonicalJson } from '../dsse/dsse.ts';
import { costUsd } from '../job/estimate.ts';
import { lostSteps } from '../job/attempts.ts';
import { equalBytes } from '../merkle/merkle.ts';
import { summariseChain } from '../telemetry/chain-summary.ts';
import { chainStart, frameHash } from '../telemetry/frame-chain.ts';
import { whoSays } from './who-says.ts';

/** What is known of a failed attempt from documents that were checked; its failure receipt must say the same. */
export interface FailureFacts {
  readonly runId: string;
  readonly number: number;
  readonly order: JobOrder;
  readonly orderSha256: string;
  /** Of the attempt that came after it: what it resumed from, and what was left of the budget. Absent: none came. */
  readonly next?: JobOrder;
  /** Steps of the checkpoints that nodes signed up to then, by the hex SHA-256 of the sealed file. */
  readonly checkpoints: ReadonlyMap<string, number>;
  readonly session: {
    readonly node: string;
    readonly simulated: boolean;
    readonly sessionId: string;
    /** Raw Ed25519 key that the evidence binds, base64. */
    readonly signingKey: string;
    readonly earSha256: string;
    /** Hex SHA-256 of each evidence answer of this session, the release's first. */
    readonly evidenceSha256: readonly string[];
    /** Its whole chain, checked. */
    readonly frames: readonly Frame[];
  };
  /** Rank 0, which signs the metrics of all: the same as the session where one node trained. */
  readonly leader: Pick<FailureFacts['session'], 'node' | 'signingKey' | 'frames'>;
}

/** A figure in US dollars is the same when it differs by less: rounding of binary fractions. */
const usdTolerance = 1e-9;
/** Budgets are sums of such figures. */
const budgetTolerance = 1e-6;

/**
 * One sentence for each point where a failure receipt says something else than orders, evidence and signed telemetry show;
 * empty when it agrees. Class, cause and price are the desk's word: what they rest on is compared, where it leaves a trace.
 */
export function compareFailure({ predicate, subject }: FailureStatement, facts: FailureFacts): string[] {
  const { order, session, number } = facts;
  const { heartbeat, lastFrame, seconds } = summariseChain(session.frames);
  const problems: string[] = [];
  const same = (what: string, found: unknown, expected: unknown): void => {
    if (!equalBytes(canonicalJson(found ?? null), canonicalJson(expected ?? null))) {
      problems.push(`its ${what} is ${show(found)}, the documents show ${show(expected)}`);
    }
  };
  same('run', predicate.runId, facts.runId);
  same('attempt', predicate.attempt, number);
  same('job id', predicate.jobId, order.jobId);
  same('first job id', predicate.firstJobId, order.attempt?.firstJobId ?? order.jobId);
  same('order digest', predicate.orderSha256, facts.orderSha256);
  same('subject', subject[0]?.digest.sha256, facts.orderSha256);
  same('dataset root', predicate.datasetRoot, order.dataset.root);
  same('policy digest', predicate.policyDigest, order.policyDigest);
  same('node', predicate.node.name, session.node);
  same('SIMULATED mark', predicate.node.simulated, session.simulated);
  same('session', predicate.node.sessionId, session.sessionId);
  same('signing key', predicate.node.signingKey, session.signingKey);
  same('EAR digest', predicate.node.earSha256, session.earSha256);
  same('first evidence digest', predicate.node.evidenceSha256[0], session.evidenceSha256[0]);
  for (const digest of predicate.node.evidenceSha256) {
    if (!session.evidenceSha256.includes(digest)) problems.push(`it names evidence ${digest} that is not there`);
  }
  same('chain head', predicate.chainHead, headOf(session.frames));
  same('heartbeat', predicate.heartbeat, heartbeat);
  same('last signed frame', predicate.lastFrame, lastFrame);
  same('account of who says so', predicate.says, whoSays(heartbeat.last, predicate.from, predicate.observedAt));
  same('time on the node', predicate.cost.seconds, seconds);
  same('end of billing', predicate.cost.operatorMayBillUntil, order.notAfter);
  const usd = costUsd(predicate.cost.usdPerHour, seconds);
  if (Math.abs(predicate.cost.usd - usd) > usdTolerance) same('cost', predicate.cost.usd, usd);
  // One node's cost is what the next order has less to spend; of several nodes this receipt counts only the lost one.
  const spent = facts.next === undefined ? undefined : order.budget.maximumUsd - facts.next.budget.maximumUsd;
  if (spent !== undefined && order.workers === undefined && Math.abs(predicate.cost.usd - spent) > budgetTolerance) {
    same('cost', predicate.cost.usd, `what the next order leaves of the budget: $${spent} less`);
  }
  return [...classProblems(predicate, facts), ...stepProblems(predicate, facts), ...problems];
}

/** Lost is what the metric chain shows beyond the checkpoint that the next attempt really went on from. */
function stepProblems(
  { steps }: FailureStatement['predicate'],
  { order, leader, next, session, checkpoints }: FailureFacts,
): string[] {
  const problems: string[] = [];
  // Where nothing came after it, what could have been resumed from must at least have been signed by a node.
  const kept = steps.checkpoint;
  const nextResume = next === undefined && kept !== undefined ? announced(kept, checkpoints) : next?.attempt?.resume;
  const resumedFrom = order.attempt?.resume?.step ?? 0;
  const last = Math.max(resumedFrom, summariseChain(leader.frames).lastStep ?? 0);
  const from = nextResume?.step ?? 0;
  if (steps.resumedFrom !== resumedFrom) {
    problems.push(`it resumed from step ${steps.resumedFrom}, its order says ${resumedFrom}`);
  }
  if (steps.last !== last) problems.push(`its last step is ${steps.last}, the metric chain ends at ${last}`);
  if (steps.checkpoint?.sha256 !== nextResume?.sha256 || (steps.checkpoint?.step ?? 0) !== from) {
    problems.push(
      next === undefined
        ? 'its checkpoint was not announced by a node'
        : `its checkpoint is not the one that the next attempt resumed from (step ${from})`,
    );
  }
  const { node, signingKey, frames } = leader;
  const metrics = node === session.node ? null : { node, signingKey, chainHead: headOf(frames) };
  if (!equalBytes(canonicalJson(steps.metrics ?? null), canonicalJson(metrics))) {
    problems.push(`it takes its steps from other metrics than those of ${node}`);
  }
  const lost = lostSteps(last, from);
  if (steps.lost !== lost) problems.push(`it counts ${steps.lost} lost steps, the metric chain shows ${lost}`);
  return problems;
}

function announced(
  { step, sha256 }: { readonly step: number; readonly sha256: string },
  checkpoints: ReadonlyMap<string, number>,
): { readonly step: number; readonly sha256: string } | undefined {
  return checkpoints.get(sha256) === step ? { step, sha256 } : undefined;
}

/** A failure that is the node's doing leaves a chain without an end; a node that signed an end did not fall silent. */
function classProblems({ failure }: FailureStatement['predicate'], { session }: FailureFacts): string[] {
  const end = session.frames
    .map(({ body }) => (body.kind === 'state' ? body.state : undefined))
    .find((state) => state === 'succeeded' || state === 'failed' || state === 'stopped');
  const silent = failure.class === 'node-unreachable' || failure.class === 'node-hung';
  // A node that is given up is told to stop, and may sign that it did; it cannot sign more while it is silent.
  return end !== undefined && (silent || end !== 'stopped')
    ? [`its class is ${failure.class}, but the node signed that the job ${end}`]
    : [];
}

function headOf(frames: readonly Frame[]): string {
  const last = frames.at(-1);
  return last === undefined ? chainStart.head : frameHash(last);
}

function show(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'absent');
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
