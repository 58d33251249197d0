import { err, ok, type NacreError, type Result } from '../../contract/result.ts';
import type { Frame, JobStatus } from '../../contract/wire.ts';
import { costUsd } from '../../domain/job/estimate.ts';
import { attest } from './run-driver.ts';
import { extendLane, stretchLane } from './lane.ts';
import type { NodeClient, RunPorts } from './ports.ts';
import { isCurable, sleep } from './retry.ts';
import type { RunState } from './run-state.ts';
import type { SealedFiles } from './sealed-files.ts';

/** How long a node may be out of reach before the run is given up: milliseconds. */
const patienceMs = 45_000;
const reconnectMs = 500;
const budgetCheckMs = 1000;
/** Evidence that was answered this shortly before the end may have come after the receipt was made: milliseconds. */
const receiptRaceMs = 2000;

/** How the node says the job ended. */
export type JobEnd = Extract<JobStatus['state'], 'succeeded' | 'failed' | 'stopped'>;

export interface FollowContext {
  readonly state: RunState;
  readonly client: NodeClient;
  readonly ports: RunPorts;
  readonly files: SealedFiles;
  readonly signal: AbortSignal;
}

/**
 * Watches a running job to its end: telemetry into the run, evidence renewed, budget kept. Needs no vault.
 * Errors: `integrity` (telemetry that does not follow; trust in the run ends), `unavailable` (node lost),
 * `denied_by_policy` (budget spent), `cancelled`.
 */
export async function followRun(context: FollowContext): Promise<Result<{ end: JobEnd; message?: string }>> {
  const inner = new AbortController();
  const signal = AbortSignal.any([context.signal, inner.signal]);
  const budget = { spent: undefined as NacreError | undefined };
  const watchers = [renewEvidence({ ...context, signal }), keepBudget({ ...context, signal }, budget, inner)];
  const answer = await readEvents({ ...context, signal });
  inner.abort();
  await Promise.all(watchers);
  return budget.spent === undefined ? answer : { ok: false, error: budget.spent };
}

async function readEvents(context: FollowContext): Promise<Result<{ end: JobEnd; message?: string }>> {
  const { state, client, ports, signal } = context;
  const session = state.record.session;
  if (session === undefined) throw new Error('a run is followed only after release');
  const { id: runId, jobId } = state.record.view;
  const identity = { jobId, node: session.node, signingKey: Buffer.from(session.signingKey, 'base64') };
  let lastHeard = ports.clock();
  for (;;) {
    if (signal.aborted) return err('cancelled', 'Following the run was stopped.');
    const chain = ports.telemetry.chain(runId, session.node);
    if (!chain.ok) return chain;
    let broken: NacreError | undefined;
    let end: { end: JobEnd; message?: string } | undefined;
    const followed = await client.events(
      jobId,
      chain.value.next,
      (input) => {
        const frame = ports.telemetry.ingest(runId, identity, input);
        if (!frame.ok) {
          broken = frame.error;
          return false;
        }
        lastHeard = ports.clock();
        end = applyFrame(context, frame.value);
        return end === undefined;
      },
      signal,
    );
    if (broken !== undefined) return { ok: false, error: broken };
    if (end !== undefined) return ok(end);
    if (!followed.ok && !isCurable(followed.error.code)) return followed;
    if (ports.clock() - lastHeard > patienceMs) return lost(context, session.node);
    if (!(await sleep(reconnectMs, signal))) return err('cancelled', 'Following the run was stopped.');
  }
}

function lost({ state, ports }: FollowContext, node: string) {
  const now = { at: new Date(ports.clock()).toISOString(), step: state.record.view.lastStep };
  state.change(() => extendLane(state.node(node).lane, 'lost', now), true);
  return err('unavailable', `Node ${node} is lost: nothing was heard from it for ${patienceMs / 1000} seconds.`, {
    hint: 'Its last sealed checkpoint is kept. Launch again on another node.',
    details: { node },
  });
}

/** @returns how the job ended when this frame says so */
function applyFrame(context: FollowContext, frame: Frame): { end: JobEnd; message?: string } | undefined {
  const { state, ports, files } = context;
  const { body } = frame;
  switch (body.kind) {
    case 'metric':
      state.change(({ view }) => {
        view.lastStep = Math.max(view.lastStep, body.step);
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
      files.announce(body.artifact);
      return undefined;
    case 'state':
      if (body.state === 'accepted' || body.state === 'running') return undefined;
      return { end: body.state, ...(body.message === undefined ? {} : { message: body.message }) };
  }
}

/** Fresh nonce, same keys, every `evidenceRenewSeconds`; what comes of it is drawn in the lane. */
async function renewEvidence(context: FollowContext): Promise<void> {
  const { state, client, ports, signal } = context;
  const session = state.record.session;
  if (session === undefined) return;
  const lane = () => state.node(session.node).lane;
  const laneState = () => (state.node(session.node).override === undefined ? 'verified' : 'overridden');
  const now = () => ({ at: new Date(ports.clock()).toISOString(), step: state.record.view.lastStep });
  if (lane().length === 0) {
    state.change(() => extendLane(lane(), laneState(), now(), session.evidence[0]?.id), true);
  }
  while (await sleep(state.record.order.evidenceRenewSeconds * 1000, signal)) {
    const answer = await attest(
      state,
      { name: session.node, url: session.url },
      client,
      session.sessionId,
      ports,
      signal,
    );
    if (signal.aborted) return;
    const sameKeys =
      answer.ok &&
      answer.value.keys?.tlsSpkiSha256 === session.tlsSpkiSha256 &&
      answer.value.keys.signingKey === session.signingKey;
    if (answer.ok && sameKeys) {
      const { evidenceId, evidenceSha256 } = answer.value;
      const asked = ports.clock();
      state.change((record) => {
        record.session?.evidence.push({ id: evidenceId, sha256: evidenceSha256, at: asked });
        extendLane(lane(), laneState(), now(), evidenceId);
      }, true);
      continue;
    }
    const refused = answer.ok || !isCurable(answer.error.code);
    state.change(() => extendLane(lane(), refused ? 'refused' : 'gap', now()), true);
    if (answer.ok) {
      state.change(() => {
        const node = state.node(session.node);
        node.trust = 'refused';
        node.reason = 'session-keys-changed';
      }, true);
    }
    state.event({
      kind: 'warning',
      trust: refused ? 'refused' : 'unknown',
      node: session.node,
      message: refused
        ? `Node ${session.node} failed to prove itself again; no further key goes to it.`
        : `Node ${session.node} gave no evidence in time; this stretch stays a gap.`,
    });
  }
}

/** Counts the money, and stops the job when its time or money is spent. */
async function keepBudget(
  context: FollowContext,
  budget: { spent: NacreError | undefined },
  inner: AbortController,
): Promise<void> {
  const { state, client, ports, signal } = context;
  const { order } = state.record;
  while (await sleep(budgetCheckMs, signal)) {
    const spent = updateCost(state, ports.clock());
    const overMoney = spent.usd > order.budget.maximumUsd;
    if (!overMoney && spent.seconds <= order.budget.maximumSeconds) continue;
    const what = overMoney
      ? `its budget of $${order.budget.maximumUsd.toFixed(2)}`
      : `its ${order.budget.maximumSeconds} seconds`;
    const stopped = await client.stopJob(order.jobId);
    const failure = err('denied_by_policy', `The job was stopped: it has spent ${what}.`, {
      hint: 'Its checkpoints are kept. Launch again with a larger budget.',
      details: { nodeStopped: stopped.ok },
    });
    budget.spent = failure.error;
    inner.abort();
  }
}

/** Brings the run's cost up to date. @returns seconds and US dollars since the node took the job */
export function updateCost(state: RunState, now: number): { seconds: number; usd: number } {
  const { view } = state.record;
  const seconds = view.startedAt === undefined ? 0 : (now - Date.parse(view.startedAt)) / 1000;
  const usd = costUsd(view.usdPerHour, seconds);
  state.change(() => {
    view.costUsd = usd;
  });
  return { seconds, usd };
}

/** Digests that the receipt must name: answered surely before it was made. */
export function evidenceBefore(evidence: readonly { sha256: string; at: number }[], endedAt: number): string[] {
  return evidence.filter(({ at }, i) => i === 0 || at < endedAt - receiptRaceMs).map(({ sha256 }) => sha256);
}
