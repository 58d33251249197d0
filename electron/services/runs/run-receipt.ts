import { createHash } from 'node:crypto';
import { err, ok, type Result } from '../../contract/result.ts';
import { telemetryLane } from '../../domain/job/attempts.ts';
import { decodeBase64 } from '../../domain/encoding/base64.ts';
import { compareReceipt } from '../../domain/receipt/compare.ts';
import { readReceipt } from '../../domain/receipt/receipt.ts';
import type { NodeClient, RunPorts } from './ports.ts';
import { defaultRetry, withRetry } from './retry.ts';
import { evidenceBefore } from './run-follow.ts';
import { sessionsOf, type Session } from './run-record.ts';
import type { RunState } from './run-state.ts';

/**
 * Fetches the receipt of every node, checks each under its attested key against everything this desk saw, and keeps them.
 * That of rank 0, which names the model, is countersigned when the vault is open, else at the next unlock.
 * Errors: `integrity` (not signed by the attested key, or it says something else than what was seen), those of the wire.
 */
export async function takeReceipts(
  state: RunState,
  clients: readonly NodeClient[],
  ports: RunPorts,
  endedAt: number,
  signal: AbortSignal,
): Promise<Result<void>> {
  const { record } = state;
  for (const [rank, session] of sessionsOf(record).entries()) {
    const client = clients[rank];
    if (client === undefined) throw new Error('a receipt comes from a node that is followed');
    const taken = await fetchReceipt(state, session, client, ports, endedAt, signal);
    if (!taken.ok) return taken;
    const { envelope, statement, statementSha256, chain } = taken.value;
    const { heldOut } = statement.predicate.nacre;
    state.change((current) => {
      const worker = current.workers?.[rank - 1];
      if (worker !== undefined) {
        worker.receiptEnvelope = envelope;
        return;
      }
      current.receiptEnvelope = envelope;
      current.view.receipt = { statementSha256, chainHead: chain.head, frames: chain.next };
      if (heldOut !== undefined) current.view.heldOutAccuracy = heldOut.accuracy;
    }, true);
    state.event({
      kind: 'receipt',
      trust: 'verified',
      node: session.node,
      digest: statementSha256,
      message: 'The receipt is signed by the attested key and agrees with what was seen.',
    });
  }
  return ports.signing.unlocked() ? countersign(state, ports) : ok(undefined);
}

async function fetchReceipt(
  { record }: RunState,
  session: Session,
  client: NodeClient,
  ports: RunPorts,
  endedAt: number,
  signal: AbortSignal,
) {
  const { view, order } = record;
  const fetched = await withRetry(ports.retry ?? defaultRetry, signal, () => client.receipt(view.jobId, signal));
  if (!fetched.ok) return fetched;
  const receipt = readReceipt(fetched.value, Buffer.from(session.signingKey, 'base64'), ports.verify);
  if (!receipt.ok) return receipt;
  const chain = ports.telemetry.chain(view.id, telemetryLane(session.node, order.attempt?.number ?? 1));
  if (!chain.ok) return chain;
  const { statement, statementSha256 } = receipt.value;
  const [release] = session.evidence;
  const leads = session === record.session;
  const problems = compareReceipt(statement, {
    order,
    orderSha256: sha256(decodeBase64(record.orderEnvelope.payload) ?? new Uint8Array(0)),
    sessionId: session.sessionId,
    node: session.node,
    simulated: view.simulated,
    evidenceSha256: evidenceBefore(session.evidence, endedAt),
    releaseEvidenceSha256: release?.sha256 ?? '',
    earSha256: sha256(Buffer.from(session.ear, 'utf8')),
    chainHead: chain.value.head,
    frames: chain.value.next,
    ...(view.modelSha256 === undefined || !leads ? {} : { modelSha256: view.modelSha256 }),
  });
  const named = statement.predicate.nacre.worker?.nodes.join(' ');
  if (named !== session.worker?.nodes.join(' ')) problems.push('it names other workers than the key release did');
  if (problems.length > 0) {
    return err('integrity', `The receipt of node ${session.node} does not fit the run: ${problems.join('; ')}.`, {
      hint: 'Do not use this model. The sealed files are kept for an examination.',
      details: { node: session.node, problems },
    });
  }
  return ok({ envelope: fetched.value, statement, statementSha256, chain: chain.value });
}

/** Signs a checked receipt with the organisation's key and logs it. Without a receipt, or when done, nothing happens. */
export function countersign(state: RunState, ports: RunPorts): Result<void> {
  const { receiptEnvelope, view } = state.record;
  if (receiptEnvelope === undefined || view.receipt === undefined) return ok(undefined);
  if (view.receipt.countersignedAt !== undefined) return ok(undefined);
  const signed = ports.signing.countersign(receiptEnvelope);
  if (!signed.ok) return signed;
  const logged = ports.audit(
    'receipt-countersigned',
    view.id,
    { jobId: view.jobId, statementSha256: view.receipt.statementSha256 },
    view.simulated,
  );
  if (!logged.ok) return logged;
  state.change((record) => {
    record.receiptEnvelope = signed.value;
    if (record.view.receipt !== undefined) {
      record.view.receipt.countersignedAt = new Date(ports.clock()).toISOString();
    }
  }, true);
  return ok(undefined);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
