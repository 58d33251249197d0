import { err, ok, type NacreError, type Result } from '../../contract/result.ts';
import type { Frame, JobStatus } from '../../contract/wire.ts';
import { costUsd } from '../../domain/job/estimate.ts';
import { telemetryLane } from '../../domain/job/attempts.ts';
import type { FailureClass } from '../../contract/attempts.ts';
import { openAttempt } from './run-attempts.ts';
import { stretchLane } from './lane.ts';
import type { NodeClient, RunPorts } from './ports.ts';
import { renewEvidence } from './renew-evidence.ts';
import { isCurable, sleep } from './retry.ts';
import type { RunState } from './run-state.ts';
import type { Session } from './run-record.ts';
import type { SealedFiles } from './sealed-files.ts';

/** How long a node may be out of reach before the run is given up: milliseconds. */
const patienceMs = 10_000;
/** How long a silent node may take to answer at its door: milliseconds. */
const knockMs = 3000;
const reconnectMs = 500;
const budgetCheckMs = 1000;
/** Evidence that was answered this shortly before the end may have come after the receipt was made: milliseconds. */
const receiptRaceMs = 2000;

/** How the node says the job ended. */
export type JobEnd = Extract<JobStatus['state'], 'succeeded' | 'failed' | 'stopped'>;

export interface FollowContext {
  readonly state: RunState;
  /** Of the node that is followed; of several workers, rank 0 is the one whose metrics and files are the run's. */
  readonly session: Session;
  readonly client: NodeClient;
  readonly ports: RunPorts;
  readonly files: SealedFiles;
  readonly signal: AbortSignal;
}

/**
 * Watches one node of a running job to its end: telemetry into the run, evidence renewed. Needs no vault.
 * Errors: `integrity` (telemetry that does not follow; trust in the run ends), `unavailable` (node lost), `cancelled`.
 */
export async function followNode(context: FollowContext): Promise<Result<{ end: JobEnd; message?: string }>> {
  const inner = new AbortController();
  const signal = AbortSignal.any([context.signal, inner.signal]);
  const verdict: Verdict = { ended: undefined };
  const heard: Heard = { at: context.ports.clock() };
  const renewal = renewEvidence({ ...context, signal });
  const watchers = [
    renewal.then((error) => {
      verdict.ended ??= error;
      if (error !== undefined) inner.abort();
    }),
    watchSilence({ ...context, signal }, heard, verdict, inner),
  ];
  const answer = await readEvents({ ...context, signal }, heard);
  inner.abort();
  await Promise.all(watchers);
  // What a watcher found counts, also when the node then says that the job ended: it was told to stop.
  return verdict.ended === undefined ? answer : { ok: false, error: verdict.ended };
}

/** What a watcher found that ends the attempt, while telemetry may still come. */
interface Verdict {
  ended: NacreError | undefined;
}

/** Whether a node's figures and files are those of the run. */
function leads({ worker }: Session): boolean {
  return worker === undefined || worker.rank === 0;
}

/** When the last signed frame came: milliseconds. */
interface Heard {
  at: number;
}

/** A node that sends no signed frame is given up, also while its connection stands. While that is unclear, it costs. */
async function watchSilence(
  context: FollowContext,
  heard: Heard,
  verdict: Verdict,
  inner: AbortController,
): Promise<void> {
  const { state, session, ports, signal } = context;
  const patience = ports.silenceMs ?? patienceMs;
  const usdPerMinute = ((session.usdPerHour ?? state.record.view.usdPerHour) / 60).toFixed(4);
  heard.at = ports.clock();
  let unsure = false;
  while (await sleep(reconnectMs, signal)) {
    const silent = ports.clock() - heard.at;
    if (silent <= patience / 2) {
      if (unsure) state.event({ kind: 'state', node: session.node, message: `Node ${session.node} is heard again.` });
      unsure = false;
    } else if (!unsure) {
      unsure = true;
      state.event({
        kind: 'warning',
        trust: 'unknown',
        node: session.node,
        message: `Nothing was heard from node ${session.node} for ${Math.round(silent / 1000)} seconds. While that is unclear it may cost $${usdPerMinute} a minute; after ${Math.round(patience / 1000)} seconds it is given up.`,
      });
    }
    if (silent <= patience) continue;
    const lost = await lostNode(context, session.node, Math.round(silent / 1000));
    if (ports.clock() - heard.at <= patience) continue;
    verdict.ended ??= lost.error;
    inner.abort();
  }
}

/** Whether a silent node still answers at its door says what class of failure it is. */
async function lostNode(context: FollowContext, node: string, seconds: number) {
  const there = await answersAtDoor(context);
  const failureClass: FailureClass = there ? 'node-hung' : 'node-unreachable';
  return err(
    'unavailable',
    there
      ? `Node ${node} hangs: it answers at its door, but no signed telemetry came for ${seconds} seconds.`
      : `Node ${node} is lost: nothing was heard from it for ${seconds} seconds.`,
    { hint: 'Its last sealed checkpoint is kept.', details: { node, failureClass } },
  );
}

/** Whether a node's agent answers within three seconds, under the key that it was attested with. */
export async function answersAtDoor({ client, signal }: Pick<FollowContext, 'client' | 'signal'>): Promise<boolean> {
  return (await client.status(AbortSignal.any([signal, AbortSignal.timeout(knockMs)]))).ok;
}

async function readEvents(context: FollowContext, heard: Heard): Promise<Result<{ end: JobEnd; message?: string }>> {
  const { state, session, client, ports, signal } = context;
  const { id: runId, jobId } = state.record.view;
  const identity = { jobId, node: session.node, signingKey: Buffer.from(session.signingKey, 'base64') };
  const lane = telemetryLane(session.node, state.record.order.attempt?.number ?? 1);
  const before = replay(context, lane);
  if (!before.ok) return before;
  if (before.value !== undefined) return ok(before.value);
  for (;;) {
    if (signal.aborted) return err('cancelled', 'Following the run was stopped.');
    const chain = ports.telemetry.chain(runId, lane);
    if (!chain.ok) return chain;
    let broken: NacreError | undefined;
    let end: { end: JobEnd; message?: string } | undefined;
    const followed = await client.events(
      jobId,
      chain.value.next,
      async (inputs) => {
        const received = await ports.telemetry.receive(runId, identity, inputs, lane);
        broken = received.error;
        if (received.frames.length > 0) heard.at = ports.clock();
        for (const frame of received.frames) end = applyFrame(context, frame) ?? end;
        return broken === undefined && end === undefined;
      },
      signal,
    );
    if (broken !== undefined) return { ok: false, error: broken };
    if (end !== undefined) return ok(end);
    if (!followed.ok && !isCurable(followed.error.code)) return followed;
    if (!(await sleep(reconnectMs, signal))) return err('cancelled', 'Following the run was stopped.');
  }
}

/**
 * A core that died may have stored frames that it did not act on: a file that was announced and not fetched, the end of the
 * job. The node does not send them again. @returns how the job ended when a stored frame says so
 */
function replay(context: FollowContext, lane: string): Result<{ end: JobEnd; message?: string } | undefined> {
  const frames = context.ports.telemetry.frames(context.state.record.view.id, lane);
  if (!frames.ok) return frames;
  let end: { end: JobEnd; message?: string } | undefined;
  for (const frame of frames.value) {
    // Lines of the log and GPU figures are shown already, or a second old.
    if (frame.body.kind !== 'log' && frame.body.kind !== 'gpu') end = applyFrame(context, frame) ?? end;
  }
  return ok(end);
}

/** @returns how the job ended when this frame says so */
function applyFrame(context: FollowContext, frame: Frame): { end: JobEnd; message?: string } | undefined {
  const { state, session, ports, files } = context;
  const { body } = frame;
  const worker = state.record.view.workers?.find(({ node }) => node === session.node);
  // Told with the next change: a frame of figures is none by itself.
  if (worker !== undefined) worker.lastSignedAt = frame.at;
  switch (body.kind) {
    case 'metric':
      if (!leads(session)) return undefined;
      state.change(({ view }) => {
        view.lastStep = Math.max(view.lastStep, body.step);
        openAttempt(state.record).lastStep = view.lastStep;
        view.lastMetrics = { ...view.lastMetrics, ...body.values };
        for (const name of Object.keys(body.nonFinite ?? {})) delete view.lastMetrics[name];
        if (view.progress !== undefined) {
          view.progress.done = view.lastStep;
          view.progress.total = Math.max(view.progress.total, view.lastStep);
        }
        stretchLane(state.node(frame.node).lane, { at: frame.at, step: view.lastStep });
      });
      return undefined;
    case 'gpu':
      if (body.gpu === 0) ports.onGpu(frame.node, body.fields, frame.at);
      return undefined;
    case 'log':
      state.change(({ view }) => void view.log.push({ at: frame.at, node: frame.node, line: body.line }));
      return undefined;
    case 'artifact':
      // What the others leave is named by their own receipts; checkpoints and the model are rank 0's.
      if (leads(session)) files.announce(body.artifact);
      return undefined;
    case 'state':
      if (worker !== undefined) {
        state.change(() => {
          worker.state = body.state;
          if (body.message !== undefined) worker.message = body.message;
        }, true);
      }
      if (body.state === 'accepted' || body.state === 'running') return undefined;
      return { end: body.state, ...(body.message === undefined ? {} : { message: body.message }) };
  }
}

/** Counts the money, and stops the job on all its nodes when its time or money is spent. @returns why it was ended */
export async function keepBudget(
  state: RunState,
  clients: readonly NodeClient[],
  ports: RunPorts,
  signal: AbortSignal,
): Promise<NacreError | undefined> {
  const { order } = state.record;
  while (await sleep(budgetCheckMs, signal)) {
    const spent = updateCost(state, ports.clock());
    const overMoney = spent.usd > order.budget.maximumUsd;
    if (!overMoney && spent.seconds <= order.budget.maximumSeconds) continue;
    const what = overMoney
      ? `its budget of $${order.budget.maximumUsd.toFixed(2)}`
      : `its ${order.budget.maximumSeconds} seconds`;
    const stopped = await Promise.all(clients.map((client) => client.stopJob(order.jobId)));
    return err('denied_by_policy', `The job was stopped: it has spent ${what}.`, {
      hint: 'Its checkpoints are kept. Launch again with a larger budget.',
      details: { nodeStopped: stopped.every((answer) => answer.ok), failureClass: 'budget' },
    }).error;
  }
  return undefined;
}

/** Brings the run's cost up to date. @returns seconds and US dollars of this attempt */
export function updateCost(state: RunState, now: number): { seconds: number; usd: number } {
  const { view } = state.record;
  const attempt = openAttempt(state.record);
  const from = attempt.from ?? view.startedAt;
  const seconds = from === undefined ? 0 : (now - Date.parse(from)) / 1000;
  const usd = costUsd(view.usdPerHour, seconds);
  state.change(() => {
    attempt.costUsd = usd;
    view.costUsd = (view.attempts ?? []).reduce((sum, entry) => sum + entry.costUsd, 0);
  });
  return { seconds, usd };
}

/** Digests that the receipt must name: answered surely before it was made. */
export function evidenceBefore(evidence: readonly { sha256: string; at: number }[], endedAt: number): string[] {
  return evidence.filter(({ at }, i) => i === 0 || at < endedAt - receiptRaceMs).map(({ sha256 }) => sha256);
}
