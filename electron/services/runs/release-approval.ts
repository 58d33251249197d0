import { err, type Result } from '../../contract/result.ts';
import { approvedNodeOf } from '../../domain/approval/fingerprint.ts';
import type { Approved } from '../approvals/approved.ts';
import type { VerifiedNode } from '../evidence/verified-node.ts';
import type { RunPorts } from './ports.ts';
import type { SignedOrder } from './release-key.ts';
import type { RunState } from './run-state.ts';

/** How often expiry is looked at while nothing else happens: milliseconds. */
const lookMs = 1000;

/**
 * Leave to release the key of this order to this node: at once where no rule asks for approval, else when the quorum is
 * there. The run shows what it waits for. Errors: `approval_missing` (refused, expired, withdrawn, rule changed),
 * `cancelled`, `locked`, those of log and disk.
 */
export async function waitForApproval(
  state: RunState,
  order: SignedOrder,
  node: VerifiedNode,
  ports: RunPorts,
  signal: AbortSignal,
): Promise<Result<Approved<'key-release'>>> {
  const { approvals } = ports;
  const subject = {
    order: order.order,
    policy: state.record.policy,
    nodes: [approvedNodeOf(node.verification, node.evidenceSha256)],
  };
  const first = approvals.authorise('key-release', subject);
  if (first.ok || first.error.code !== 'approval_missing') return first;
  const requestId = first.error.details?.['requestId'];
  if (typeof requestId !== 'string') return first;

  let shown = '';
  for (;;) {
    const request = approvals.get(requestId);
    if (!request.ok) return request;
    const { state: phase, approvals: count, expiresAt } = request.value;
    if (phase === 'granted' && ports.signing.unlocked()) {
      state.change(({ view }) => delete view.approval, true);
      state.event({ kind: 'release', message: `${count.have} of ${count.need} custodians approved the release.` });
      return approvals.authorise('key-release', subject);
    }
    if (phase !== 'waiting' && phase !== 'granted') {
      state.change(({ view }) => delete view.approval, true);
      return ended(requestId, phase, count);
    }
    const line = `Waiting for approval: ${count.have} of ${count.need}. Request ${requestId.slice(0, 12)}, until ${expiresAt.slice(0, 19).replace('T', ' ')} UTC.`;
    if (line !== shown) {
      shown = line;
      state.change(({ view }) => {
        view.approval = { requestId, ...count, expiresAt };
      }, true);
      state.event({ kind: 'release', trust: 'unknown', message: line });
    }
    await change(approvals, signal);
    if (signal.aborted) {
      return err('cancelled', 'The run was stopped while it waited for approval; no key was released.');
    }
  }
}

function ended(requestId: string, phase: string, count: { have: number; need: number }): Result<never> {
  return err(
    'approval_missing',
    `No key was released: the request for approval is ${phase}, with ${count.have} of ${count.need} approvals.`,
    { hint: 'Launch the job again to ask anew.', details: { requestId, ...count, reason: phase } },
  );
}

/** Until something about approvals changed, a second went by, or the run was stopped. */
function change(approvals: RunPorts['approvals'], signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      stop();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, lookMs);
    const stop = approvals.onChange(done);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}
