import { err, ok, type Result } from '../../contract/result.ts';
import { isAccepted } from '../../domain/approval/override.ts';
import type { Attestation, NodeClient, RunPorts } from './ports.ts';
import type { RunState } from './run-state.ts';

/**
 * Asks for evidence in a session and writes what came of it into the run. Needs no vault: an affirming result may still be
 * unsigned. Errors: `attestation_failed` with the node's reason, those of the wire.
 */
export async function attest(
  state: RunState,
  node: AskedNode,
  client: NodeClient,
  sessionId: string,
  ports: RunPorts,
  signal: AbortSignal,
): Promise<Result<Attestation>> {
  const answer = await askEvidence(state, node, client, sessionId, ports, signal);
  if (answer.ok) tellProof(state, node.name, answer.value);
  return answer;
}

interface AskedNode {
  readonly name: string;
  readonly url: string;
}

/** The same without a word about success: a node at work proves itself every few seconds, and its lane shows each time. */
export async function askEvidence(
  state: RunState,
  node: AskedNode,
  client: NodeClient,
  sessionId: string,
  ports: RunPorts,
  signal: AbortSignal,
): Promise<Result<Attestation>> {
  const { order, policy } = state.record;
  const answer = await ports.attest({
    client,
    node: node.name,
    sessionId,
    jobId: order.jobId,
    policy,
    policyDigest: order.policyDigest,
    signal,
  });
  if (!answer.ok) {
    state.change(() => {
      const entry = state.node(node.name);
      entry.reason = answer.error.code;
      if (answer.error.code === 'attestation_failed') entry.trust = 'refused';
    });
    state.event({ kind: 'evidence', trust: 'unknown', node: node.name, message: answer.error.message });
    return answer;
  }
  const attestation = answer.value;
  const { override } = attestation.verification;
  const verified = isAccepted(attestation.verification);
  state.change((record) => {
    record.evidenceIds.push(attestation.evidenceId);
    const entry = state.node(node.name);
    entry.trust = verified ? (override === undefined ? 'verified' : 'warning') : 'refused';
    if (override === undefined) delete entry.override;
    else entry.override = override;
    if (verified && override === undefined) delete entry.reason;
    else entry.reason = attestation.verification.reason ?? 'not-affirming';
    if (attestation.verification.simulated) record.view.simulated = true;
  }, true);
  if (verified) return ok(attestation);
  const { verification } = attestation;
  const message = `Node ${node.name} was refused: ${verification.reasonDetail ?? verification.reason ?? 'its evidence is not affirming'}`;
  state.event({
    kind: 'evidence',
    trust: 'refused',
    node: node.name,
    digest: attestation.evidenceSha256,
    message,
  });
  return err('attestation_failed', message, {
    hint: 'No key was released to it. Open its evidence to see every check.',
    details: { node: node.name, reason: verification.reason ?? 'not-affirming', evidenceId: attestation.evidenceId },
  });
}

/** Says that a node proved itself, or who let it through. */
export function tellProof(state: RunState, node: string, { verification, evidenceSha256 }: Attestation): void {
  const { override } = verification;
  state.event({
    kind: 'evidence',
    trust: override === undefined ? 'verified' : 'warning',
    node,
    digest: evidenceSha256,
    message:
      override === undefined
        ? `Node ${node} proved itself.`
        : `Node ${node} did not pass ${override.checks.join(', ')}; ${override.approvedBy.join(', ')} let it through until ${override.notAfter}.`,
  });
}
