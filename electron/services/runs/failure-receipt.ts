import { createHash } from 'node:crypto';
import type { FailureClass } from '../../contract/attempts.ts';
import { failurePredicateType, type FailureStatement } from '../../contract/failure-receipt.ts';
import { statementType } from '../../contract/receipt.ts';
import { ok, type Result } from '../../contract/result.ts';
import { chainStart, frameHash } from '../../domain/telemetry/frame-chain.ts';
import { summariseChain } from '../../domain/telemetry/chain-summary.ts';
import { canonicalJson } from '../../domain/dsse/dsse.ts';
import { decodeBase64 } from '../../domain/encoding/base64.ts';
import { lostSteps, telemetryLane } from '../../domain/job/attempts.ts';
import { whoSays } from '../../domain/receipt/who-says.ts';
import type { RunPorts } from './ports.ts';
import { sessionsOf } from './run-record.ts';
import type { RunState } from './run-state.ts';

/** Classes that are the node's doing, its operator's or its scheduler's: what a receipt is made for. */
const nodesDoing: ReadonlySet<FailureClass> = new Set<FailureClass>([
  'node-unreachable',
  'node-hung',
  'evidence-refused',
  'evidence-gap',
  'worker-not-started',
  'data-integrity',
]);

/** Whether an attempt that ended so gets a failure receipt. */
export function isNodesDoing(failureClass: FailureClass | undefined): boolean {
  return failureClass !== undefined && nodesDoing.has(failureClass);
}

/**
 * Signs a failure receipt for each attempt that a node ended and that has none yet, and logs it. While the vault is
 * locked nothing is signed; it is made up for at unlock. Errors: those of log, disk and vault.
 */
export function issueFailureReceipts(state: RunState, ports: RunPorts): Result<void> {
  if (!ports.signing.unlocked()) return ok(undefined);
  for (const [at, closed] of (state.record.attempts ?? []).entries()) {
    if (closed.failureReceipt !== undefined || closed.session === undefined) continue;
    const statement = statementOf(state, at, ports);
    if (!statement.ok) return statement;
    if (statement.value === undefined) continue;
    const signed = ports.signing.signFailure(statement.value);
    if (!signed.ok) return signed;
    const { jobId, failure, attempt } = statement.value.predicate;
    const statementSha256 = sha256(canonicalJson(statement.value));
    const logged = ports.audit(
      'failure-receipt',
      state.record.view.id,
      { jobId, attempt, failureClass: failure.class, node: statement.value.predicate.node.name, statementSha256 },
      state.record.view.simulated,
    );
    if (!logged.ok) return logged;
    state.change((record) => {
      const entry = record.attempts?.[at];
      if (entry !== undefined) entry.failureReceipt = signed.value;
      const shown = record.view.attempts?.[at];
      if (shown !== undefined) shown.failureReceiptSha256 = statementSha256;
    }, true);
    state.event({
      kind: 'receipt',
      node: statement.value.predicate.node.name,
      digest: statementSha256,
      message: `The failure of attempt ${attempt} on ${statement.value.predicate.node.name} is put on record, signed by this organisation.`,
    });
  }
  return ok(undefined);
}

function statementOf(state: RunState, at: number, ports: RunPorts): Result<FailureStatement | undefined> {
  const { record } = state;
  const closed = record.attempts?.[at];
  const shown = record.view.attempts?.[at];
  if (closed?.session === undefined || shown?.failureClass === undefined) return ok(undefined);
  if (!isNodesDoing(shown.failureClass)) return ok(undefined);
  const { order, number } = closed;
  const leader = closed.session;
  const session = sessionsOf(closed).find(({ node }) => node === closed.lostNode) ?? leader;
  const frames = ports.telemetry.frames(record.view.id, telemetryLane(session.node, number));
  if (!frames.ok) return frames;
  const { heartbeat, lastFrame, seconds } = summariseChain(frames.value);
  // Of several workers rank 0 signs the metrics: its chain says how far all of them came.
  const metrics = ports.telemetry.frames(record.view.id, telemetryLane(leader.node, number));
  if (!metrics.ok) return metrics;
  const { lastStep, lastFrame: metricFrame } = summariseChain(metrics.value);
  const resumedFrom = order.attempt?.resume?.step ?? 0;
  const last = Math.max(resumedFrom, lastStep ?? 0);
  const { checkpoint } = closed;
  const observedAt = shown.until ?? '';
  const usdPerHour = session.usdPerHour ?? shown.usdPerHour;
  return ok({
    _type: statementType,
    subject: [{ name: `order of attempt ${number}`, digest: { sha256: orderSha256(closed.orderEnvelope.payload) } }],
    predicateType: failurePredicateType,
    predicate: {
      runId: record.view.id,
      attempt: number,
      jobId: order.jobId,
      firstJobId: order.attempt?.firstJobId ?? order.jobId,
      orderSha256: orderSha256(closed.orderEnvelope.payload),
      datasetRoot: order.dataset.root,
      policyDigest: order.policyDigest,
      node: {
        name: session.node,
        simulated: record.view.simulated,
        sessionId: session.sessionId,
        signingKey: session.signingKey,
        evidenceSha256: session.evidence.map((item) => item.sha256),
        earSha256: sha256(Buffer.from(session.ear, 'utf8')),
      },
      failure: { class: shown.failureClass, cause: (shown.cause ?? '').slice(0, 2048) },
      from: shown.from ?? observedAt,
      observedAt,
      says: whoSays(heartbeat.last, shown.from ?? observedAt, observedAt),
      chainHead: lastFrame === undefined ? chainStart.head : frameHash(lastFrame),
      heartbeat,
      ...(lastFrame === undefined ? {} : { lastFrame }),
      steps: {
        resumedFrom,
        last,
        ...(checkpoint === undefined ? {} : { checkpoint }),
        lost: lostSteps(last, checkpoint?.step ?? 0),
        ...(session === leader
          ? {}
          : {
              metrics: {
                node: leader.node,
                signingKey: leader.signingKey,
                chainHead: metricFrame === undefined ? chainStart.head : frameHash(metricFrame),
              },
            }),
      },
      cost: {
        usd: (usdPerHour * seconds) / 3600,
        usdPerHour,
        seconds,
        priceSource: record.view.simulated ? 'directory of the local network, SIMULATED' : 'directory of the network',
        operatorMayBillUntil: order.notAfter,
        stopConfirmed: shown.stopConfirmed ?? false,
      },
    },
  });
}

function orderSha256(payload: string): string {
  return sha256(decodeBase64(payload) ?? new Uint8Array(0));
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
