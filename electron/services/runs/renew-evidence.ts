import { err, type NacreError } from '../../contract/result.ts';
import type { FailureClass } from '../../contract/attempts.ts';
import { askEvidence, tellProof } from './ask-evidence.ts';
import { extendLane } from './lane.ts';
import type { NodeClient, RunPorts } from './ports.ts';
import { isCurable, sleep } from './retry.ts';
import type { Session } from './run-record.ts';
import type { RunState } from './run-state.ts';

/** Renewals in a row that may stay without an answer from a node that works on. */
const missedRenewals = 3;
/** An answer that takes longer is told of while it is waited for: milliseconds. */
const lateMs = 8000;
/** A node spends at most this share of its time on proving itself: the wait is so many times what the last answer took. */
const restShare = 3;

export interface RenewalContext {
  readonly state: RunState;
  readonly session: Session;
  readonly client: NodeClient;
  readonly ports: RunPorts;
  readonly signal: AbortSignal;
}

/**
 * Fresh nonce, same keys, every `evidenceRenewSeconds`, one at a time; what comes of it is drawn in the lane. A node whose
 * answers take long is asked less often, and that is said. Runs until the signal comes.
 * @returns why trust in the node ended: `attestation_failed` with its failure class
 */
export async function renewEvidence(context: RenewalContext): Promise<NacreError | undefined> {
  const { state, session, client, ports, signal } = context;
  const lane = () => state.node(session.node).lane;
  const laneState = () => (state.node(session.node).override === undefined ? 'verified' : 'overridden');
  const now = () => ({ at: new Date(ports.clock()).toISOString(), step: state.record.view.lastStep });
  const end = (failureClass: FailureClass, message: string) =>
    err('attestation_failed', message, { details: { node: session.node, failureClass } }).error;
  if (lane().length === 0) {
    state.change(() => extendLane(lane(), laneState(), now(), session.evidence[0]?.id), true);
  }
  const everyMs = state.record.order.evidenceRenewSeconds * 1000;
  let missed = 0;
  let pauseMs = everyMs;
  while (await sleep(pauseMs, signal)) {
    const asked = ports.clock();
    const answered = new AbortController();
    const telling = tellOfLateAnswer(context, answered.signal);
    const answer = await askEvidence(
      state,
      { name: session.node, url: session.url },
      client,
      session.sessionId,
      ports,
      signal,
    );
    answered.abort();
    await telling;
    if (signal.aborted) return undefined;
    const sameKeys =
      answer.ok &&
      answer.value.keys?.tlsSpkiSha256 === session.tlsSpkiSha256 &&
      answer.value.keys.signingKey === session.signingKey;
    if (answer.ok && sameKeys) {
      const { evidenceId, evidenceSha256 } = answer.value;
      const at = ports.clock();
      state.change(() => {
        session.evidence.push({ id: evidenceId, sha256: evidenceSha256, at });
        extendLane(lane(), laneState(), now(), evidenceId);
      }, true);
      // Told when it had failed to: otherwise its lane says so.
      if (missed > 0) tellProof(state, session.node, answer.value);
      missed = 0;
      pauseMs = pauseAfter(context, everyMs, pauseMs, at - asked);
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
    missed += 1;
    if (refused) {
      const why = answer.ok ? 'It shows other keys than its session had.' : answer.error.message;
      return end('evidence-refused', `Node ${session.node} failed to prove itself again while it worked. ${why}`);
    }
    if (missed >= missedRenewals) {
      return end('evidence-gap', `Node ${session.node} gave no evidence ${missed} times in a row while it worked.`);
    }
    pauseMs = everyMs;
  }
  return undefined;
}

/** From the end of one answer to the next challenge: milliseconds. */
function pauseAfter({ state, session }: RenewalContext, everyMs: number, before: number, tookMs: number): number {
  const took = Math.max(0, tookMs);
  const rest = took * restShare;
  const pause = Math.max(everyMs - took, rest);
  if (pause === rest && rest > everyMs && before <= everyMs) {
    const seconds = Math.round(took / 1000);
    state.event({
      kind: 'warning',
      node: session.node,
      message: `Node ${session.node} takes ${seconds} seconds to prove itself: it is asked every ${Math.round((pause + took) / 1000)} seconds, not every ${everyMs / 1000}.`,
    });
  }
  return pause;
}

/** While an answer is late, what the node does is unknown, and costs. */
async function tellOfLateAnswer({ state, session, ports, signal }: RenewalContext, answered: AbortSignal) {
  if (!(await sleep(lateMs, AbortSignal.any([signal, answered])))) return;
  const { view } = state.record;
  const usdPerMinute = ((session.usdPerHour ?? view.usdPerHour) / 60).toFixed(4);
  const at = new Date(ports.clock()).toISOString();
  state.change(() => extendLane(state.node(session.node).lane, 'gap', { at, step: view.lastStep }), true);
  state.event({
    kind: 'warning',
    trust: 'unknown',
    node: session.node,
    message: `Node ${session.node} has not proved itself again for ${lateMs / 1000} seconds. While that is unclear it costs $${usdPerMinute} a minute; it is waited for.`,
  });
}
