import type { AttemptView, FailureClass } from '../../contract/attempts.ts';
import { defaultMaximumAttempts, type JobOrder } from '../../contract/job.ts';
import { err, ok, type ErrorCode, type NacreError, type Result } from '../../contract/result.ts';
import type { DirectoryNode } from '../../contract/wire.ts';
import { afterFailure, failureClassOf, lostSteps, remainingNodes, telemetryLane } from '../../domain/job/attempts.ts';
import { costUsd } from '../../domain/job/estimate.ts';
import { summariseChain } from '../../domain/telemetry/chain-summary.ts';
import { issueFailureReceipts } from './failure-receipt.ts';
import { extendLane } from './lane.ts';
import { buildNextOrder } from './next-order.ts';
import type { NodeClient, RunPorts } from './ports.ts';
import type { SignedOrder } from './release-key.ts';
import { isCurable, sleep } from './retry.ts';
import { newestCheckpoint, sessionsOf } from './run-record.ts';
import type { RunState } from './run-state.ts';

/** Pauses between attempts: milliseconds. */
const backOff = { firstDelayMs: 1000, maximumDelayMs: 30_000 } as const;
/** How often is looked whether the vault was unlocked, or the network came up; and how long the network is waited for. */
const lookMs = 500;
const networkMs = 120_000;
/** How long a node that is given up may take to say that it has stopped: milliseconds. */
const stopMs = 5000;

export type Start =
  | { readonly kind: 'order'; readonly order: SignedOrder; readonly candidates: readonly DirectoryNode[] }
  | { readonly kind: 'session'; readonly clients: readonly NodeClient[] }
  /** The key was released on the log; whether it was sent before the core died, only the nodes can say. */
  | { readonly kind: 'released'; readonly clients: readonly NodeClient[] }
  /** The last attempt has ended and the next has not begun. */
  | { readonly kind: 'between' };

export interface AttemptSteps {
  bring(order: SignedOrder, candidates: readonly DirectoryNode[]): Promise<Result<void>>;
  /** By rank. */
  follow(clients: readonly NodeClient[]): Promise<Result<void>>;
  /** Whether every node has the job. Errors: those of the wire. */
  arrived(clients: readonly NodeClient[]): Promise<Result<boolean>>;
  /** Writes that the nodes work on the run from now on. */
  taken(): void;
  /** Best effort, when nodes are given up: all but one that cannot be asked. An error where one did not answer. */
  tellToStop(except?: string): Promise<Result<void>>;
  /** The core closes: the run is left as it stands. */
  closing(): boolean;
}

/** An attempt that nothing has happened in. */
export function newAttempt(order: JobOrder, usdPerHour: number): AttemptView {
  const resume = order.attempt?.resume;
  return {
    number: order.attempt?.number ?? 1,
    jobId: order.jobId,
    nodes: [],
    outcome: 'open',
    ...(resume === undefined ? {} : { resumedFrom: { step: resume.step, sha256: resume.sha256 } }),
    firstStep: resume?.step ?? 0,
    lastStep: resume?.step ?? 0,
    usdPerHour,
    costUsd: 0,
  };
}

/**
 * A run from one attempt to the next until one succeeds, one fails for good, or there is nothing left to try. What an
 * attempt leaves is written before the next begins, so that a core that dies finds its place again.
 */
export async function runAttempts(
  state: RunState,
  start: Start,
  steps: AttemptSteps,
  ports: RunPorts,
  signal: AbortSignal,
): Promise<Result<void>> {
  for (let next = start; ;) {
    if (next.kind === 'released') {
      const arrived = await steps.arrived(next.clients);
      if (steps.closing()) return err('cancelled', 'Nacre was closed.');
      if (arrived.ok && !arrived.value) {
        // No node's fault: nothing was sent, so there is no failure to put on record.
        await withinTime(
          steps.tellToStop().then(({ ok: told }) => told),
          stopMs,
        );
        for (const client of next.clients) client.close();
        state.change(leaveNodes, true);
        if ((state.record.attempts ?? []).length === 0) return notStarted();
        if (state.record.view.state !== 'preparing') state.step('preparing');
        next = { kind: 'between' };
      } else steps.taken();
    }
    if (next.kind !== 'between') {
      const ended = await (next.kind === 'order'
        ? steps.bring(next.order, next.candidates)
        : steps.follow(next.clients));
      if (steps.closing()) return ended;
      if (ended.ok) {
        closeAttempt(state, ports, undefined);
        return ended;
      }
      const going = await endAttempt(state, ended.error, steps, ports);
      if (!going) return ended;
    }
    const prepared = await prepareNext(state, ports, signal);
    if (!prepared.ok) return prepared;
    next = prepared.value;
  }
}

/** The node that ended an attempt: the one that the error names, else that of rank 0; undefined when none had the key. */
export function nodeAtFault(record: RunState['record'], { details }: NacreError): string | undefined {
  const named = sessionsOf(record).find(({ node }) => node === details?.['node']);
  return named?.node ?? record.session?.node;
}

/** @returns whether the node at fault, or all where it is none's, said that the job has stopped */
async function stopNodes(
  { record }: RunState,
  failureClass: FailureClass,
  lostNode: string | undefined,
  steps: AttemptSteps,
): Promise<boolean> {
  const alone = record.workers === undefined;
  const gone = failureClass === 'node-unreachable';
  if (alone && (gone || failureClass === 'stopped' || failureClass === 'job-failed')) return false;
  // The others hold the key and wait for a peer that does not come: they are stopped, so that they can be used again.
  const told = await withinTime(
    steps.tellToStop(gone ? lostNode : undefined).then(({ ok }) => ok),
    stopMs,
  );
  return told && !gone;
}

/** Writes how an attempt ended. @returns whether the run goes on */
async function endAttempt(state: RunState, error: NacreError, steps: AttemptSteps, ports: RunPorts): Promise<boolean> {
  const { record } = state;
  const { session } = record;
  const failureClass = failureClassOf(error);
  const lostNode = nodeAtFault(record, error);
  const stopConfirmed = session !== undefined && (await stopNodes(state, failureClass, lostNode, steps));
  closeAttempt(state, ports, { failureClass, cause: error.message, stopConfirmed, lostNode });
  const decided = decide(state, failureClass);
  if (session !== undefined && decided.retry) {
    state.event({
      kind: 'warning',
      trust: failureClass === 'evidence-refused' ? 'refused' : 'unknown',
      node: lostNode ?? session.node,
      message: `Attempt ${record.attempts?.length ?? 1} on ${lostNode ?? session.node} ended (${failureClass}): ${error.message} ${lostWords(record.view.attempts?.at(-1))}`,
    });
  }
  const issued = issueFailureReceipts(state, ports);
  if (!issued.ok) state.event({ kind: 'warning', message: `No failure receipt: ${issued.error.message}` });
  if (!decided.retry) return false;
  const since = new Date(ports.clock()).toISOString();
  state.change(({ view }) => {
    leaveNodes(record);
    view.recovery = {
      since,
      attempt: (record.attempts?.length ?? 0) + 1,
      lostNode: lostNode ?? '',
      waitsFor: 'back-off',
      operatorUsdPerMinute: session === undefined || stopConfirmed ? 0 : view.usdPerHour / 60,
      operatorMayBillUntil: record.order.notAfter,
    };
  }, true);
  state.step('preparing');
  return true;
}

/** The nodes of an attempt are given up; what they signed is kept with the attempt. */
function leaveNodes(record: RunState['record']): void {
  delete record.session;
  delete record.workers;
  delete record.view.cluster;
  delete record.view.workers;
  delete record.view.upload;
  delete record.view.approval;
}

function lostWords(attempt: AttemptView | undefined): string {
  const lost = attempt?.lostSteps ?? 0;
  return lost === 0 ? 'No step was lost.' : `${lost} steps after the last checkpoint are trained again.`;
}

function decide({ record }: RunState, failureClass: FailureClass) {
  const closed = record.attempts ?? [];
  return afterFailure(
    {
      failureClass,
      number: closed.length,
      released: closed.at(-1)?.session !== undefined,
      maximumAttempts: record.view.draft.maximumAttempts ?? defaultMaximumAttempts,
      candidates: firstOrder(record).nodes,
      lost: lostNodes(closed),
      minimum: firstOrder(record).workers?.minimum ?? 1,
    },
    backOff,
  );
}

/** Records of earlier versions name no lost node: there it was the one that worked. */
function lostNodes(closed: NonNullable<RunState['record']['attempts']>): string[] {
  return closed.flatMap(({ session, lostNode }) => lostNode ?? (session === undefined ? [] : [session.node]));
}

function firstOrder(record: RunState['record']): JobOrder {
  return record.attempts?.[0]?.order ?? record.order;
}

interface Failure {
  readonly failureClass: FailureClass;
  readonly cause: string;
  readonly stopConfirmed: boolean;
  readonly lostNode: string | undefined;
}

/** Brings the open attempt to its end: steps and cost as its signed telemetry shows them, not as the desk waited. */
function closeAttempt(state: RunState, ports: RunPorts, failure: Failure | undefined): void {
  const { record } = state;
  const { session, view } = record;
  const until = new Date(ports.clock()).toISOString();
  const attempt = openAttempt(record);
  const frames =
    session === undefined ? undefined : ports.telemetry.frames(view.id, telemetryLane(session.node, attempt.number));
  const summary = frames?.ok === true ? summariseChain(frames.value) : undefined;
  const checkpoint = newestCheckpoint(record);
  state.change(() => {
    attempt.until = until;
    attempt.outcome = failure === undefined ? 'succeeded' : 'failed';
    attempt.firstStep = summary?.firstStep ?? attempt.firstStep;
    attempt.lastStep = Math.max(attempt.lastStep, summary?.lastStep ?? 0);
    if (summary?.heartbeat.last !== undefined) attempt.lastSignedAt = summary.heartbeat.last;
    if (failure === undefined) return;
    attempt.failureClass = failure.failureClass;
    attempt.cause = failure.cause;
    attempt.lostSteps = lostSteps(attempt.lastStep, checkpoint?.step ?? 0);
    if (session !== undefined) {
      attempt.stopConfirmed = failure.stopConfirmed;
      attempt.costUsd = costUsd(attempt.usdPerHour, summary?.seconds ?? 0);
      if (failure.failureClass === 'node-unreachable' || failure.failureClass === 'node-hung') {
        const lost = failure.lostNode ?? session.node;
        extendLane(state.node(lost).lane, 'lost', { at: until, step: view.lastStep });
        for (const worker of view.workers ?? []) if (worker.node === lost) worker.state = 'lost';
      }
    }
    view.costUsd = (view.attempts ?? []).reduce((sum, entry) => sum + entry.costUsd, 0);
    const { order, orderEnvelope } = record;
    record.attempts = [
      ...(record.attempts ?? []),
      {
        number: attempt.number,
        order,
        orderEnvelope,
        ...(session === undefined ? {} : { session }),
        ...(record.workers === undefined ? {} : { workers: record.workers }),
        ...(failure.lostNode === undefined ? {} : { lostNode: failure.lostNode }),
        ...(checkpoint === undefined ? {} : { checkpoint: { step: checkpoint.step ?? 0, sha256: checkpoint.sha256 } }),
      },
    ];
  }, true);
}

/** The attempt that goes on now; a run of an earlier version gets its one. */
export function openAttempt(record: RunState['record']): AttemptView {
  record.view.attempts ??= [newAttempt(record.order, record.view.usdPerHour)];
  const last = record.view.attempts.at(-1);
  if (last === undefined) throw new Error('a run has an attempt');
  return last;
}

/** Waits for what the next attempt needs, and signs its order. Errors: `cancelled`, `unavailable`, those of the order. */
async function prepareNext(state: RunState, ports: RunPorts, signal: AbortSignal): Promise<Result<Start>> {
  const { record } = state;
  const closed = record.attempts ?? [];
  // What a core that died as an attempt ended has not written any more.
  if (record.session !== undefined) state.change(leaveNodes, true);
  // An order that was signed when the core died, and never brought to a node: another takes its place.
  if (record.view.attempts?.at(-1)?.outcome === 'open') state.change(({ view }) => void view.attempts?.pop());
  const last = record.view.attempts?.at(-1);
  const decided = decide(state, last?.failureClass ?? 'node-unreachable');
  if (!decided.retry) {
    const cause = last?.cause ?? 'There is no node left to run this job on.';
    return err(codeOf(last?.failureClass), cause, { details: { failureClass: last?.failureClass ?? '' } });
  }
  if (!(await sleep(decided.delayMs, signal))) return stopped();
  if (!ports.signing.unlocked()) {
    waitFor(state, 'unlock');
    state.event({
      kind: 'warning',
      trust: 'unknown',
      message: 'The vault is locked: the lost node is not replaced. The run goes on when the vault is unlocked.',
    });
    while (!ports.signing.unlocked()) if (!(await sleep(lookMs, signal))) return stopped();
  }
  const issued = issueFailureReceipts(state, ports);
  if (!issued.ok) return issued;
  const names = remainingNodes(firstOrder(record).nodes, lostNodes(closed));
  let candidates = await candidatesOf(record, names, ports, signal);
  for (
    const until = ports.clock() + networkMs;
    !candidates.ok;
    candidates = await candidatesOf(record, names, ports, signal)
  ) {
    if (candidates.error.code !== 'unavailable' || ports.clock() > until) return candidates;
    if (record.view.recovery?.waitsFor !== 'network') waitFor(state, 'network');
    if (!(await sleep(lookMs, signal))) return stopped();
  }
  const order = await buildNextOrder(
    state,
    candidates.value.map(({ name }) => name),
    ports,
  );
  if (!order.ok) return order;
  const { order: signed, envelope } = order.value;
  const logged = ports.audit('order-signed', record.view.id, { jobId: signed.jobId }, record.view.simulated);
  if (!logged.ok) return logged;
  state.change(({ view }) => {
    record.order = signed;
    record.orderEnvelope = envelope;
    delete view.recovery;
    view.jobId = signed.jobId;
    const usdPerHour = candidates.ok ? (candidates.value[0]?.usdPerHour ?? view.usdPerHour) : view.usdPerHour;
    view.attempts?.push(newAttempt(signed, usdPerHour));
    view.lastStep = signed.attempt?.resume?.step ?? 0;
    if (view.progress !== undefined) view.progress.done = view.lastStep;
  }, true);
  const from = signed.attempt?.resume;
  state.event({
    kind: 'state',
    digest: signed.jobId,
    message: `Attempt ${closed.length + 1}: ${from === undefined ? 'there was no checkpoint yet, training begins anew' : `goes on from the sealed checkpoint of step ${from.step}`}.`,
  });
  return ok({ kind: 'order', order: order.value, candidates: candidates.value });
}

/** What is left of the order's nodes; on a cluster, of those that its scheduler still has. */
async function candidatesOf(
  record: RunState['record'],
  names: readonly string[],
  ports: RunPorts,
  signal: AbortSignal,
): Promise<Result<DirectoryNode[]>> {
  const { workers } = firstOrder(record);
  const network = workers?.scheduler?.network;
  const members = network === undefined ? undefined : await ports.clusters.members(network, signal);
  if (members?.ok === false) {
    return isCurable(members.error.code) ? err('unavailable', members.error.message) : members;
  }
  const there = members === undefined ? names : names.filter((name) => members.value.includes(name));
  if (there.length < (workers?.minimum ?? 1)) {
    return err('not_found', `Too few nodes are left: ${there.length === 0 ? 'none' : there.join(', ')}.`);
  }
  return ports.nodes.candidates(there);
}

/** For an attempt that is over for good, and whose end the core did not live to write down. */
function codeOf(failureClass: FailureClass | undefined): ErrorCode {
  switch (failureClass) {
    case 'stopped':
      return 'cancelled';
    case 'budget':
      return 'denied_by_policy';
    case 'data-integrity':
      return 'integrity';
    default:
      return 'unavailable';
  }
}

function waitFor(state: RunState, what: 'unlock' | 'network'): void {
  state.change(({ view }) => {
    if (view.recovery !== undefined) view.recovery.waitsFor = what;
  }, true);
}

/** A run that was closed before any node had its key. */
export function notStarted(): { readonly ok: false; readonly error: NacreError } {
  return err('unavailable', 'Nacre was closed before the node had confirmed the key, so this run did not start.', {
    hint: 'Launch it again; the sealed dataset is kept.',
  });
}

function stopped(): Result<never> {
  return err('cancelled', 'The run was stopped between two attempts; no further key was released.');
}

async function withinTime(work: Promise<boolean>, ms: number): Promise<boolean> {
  const late = new AbortController();
  const answer = await Promise.race([work.catch(() => false), sleep(ms, late.signal).then(() => false)]);
  late.abort();
  return answer;
}
