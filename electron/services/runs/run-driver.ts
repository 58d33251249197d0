import { err, ok, type NacreError, type Result } from '../../contract/result.ts';
import type { DirectoryNode } from '../../contract/wire.ts';
import type { SealedDataset } from '../sealing/sealed-dataset.ts';
import { openAttempt } from './run-attempts.ts';
import { isAccepted } from '../../domain/approval/override.ts';
import type { RunPorts, NodeClient } from './ports.ts';
import { waitForApproval } from './release-approval.ts';
import { releaseKey, type SignedOrder } from './release-key.ts';
import { defaultRetry, withRetry } from './retry.ts';
import type { RunState } from './run-state.ts';
import { grantAccess, uploadToNode } from './upload-run.ts';
import type { Attestation, VerifiedAttestation } from './ports.ts';

/** Evidence older than this is asked for again before a key is released: milliseconds, below the challenge's life. */
const freshForReleaseMs = 120_000;

interface Chosen {
  readonly candidate: DirectoryNode;
  readonly client: NodeClient;
  readonly sessionId: string;
  readonly attestation: VerifiedAttestation;
}

/**
 * From a signed order to a node that confirmed the key: verifying, uploading, releasing. On error the run is failed by
 * the caller; whatever was opened here is closed, and a key has left only when the last step was reached.
 */
export async function bringToNode(
  state: RunState,
  order: SignedOrder,
  candidates: readonly DirectoryNode[],
  ports: RunPorts,
  signal: AbortSignal,
): Promise<Result<NodeClient>> {
  const checkpoint = await checkpointOf(state, order, ports);
  if (!checkpoint.ok) return checkpoint;
  state.step('verifying');
  const chosen = await chooseNode(state, candidates, ports, signal);
  if (!chosen.ok) return chosen;
  const { client, candidate } = chosen.value;
  state.change(({ view }) => {
    view.usdPerHour = candidate.usdPerHour;
    openAttempt(state.record).usdPerHour = candidate.usdPerHour;
  }, true);
  const released = await uploadAndRelease(state, order, checkpoint.value, chosen.value, ports, signal);
  if (!released.ok) client.close();
  return released;
}

/** The checkpoint that an order resumes from, as it lies on this desk. Errors: `integrity`, those of opening it. */
async function checkpointOf(
  { record }: RunState,
  { order }: SignedOrder,
  ports: RunPorts,
): Promise<Result<SealedDataset | undefined>> {
  const wanted = order.attempt?.resume;
  if (wanted === undefined) return ok(undefined);
  const artifact = record.artifacts.find(({ sha256 }) => sha256 === wanted.sha256);
  if (artifact === undefined) return err('not_found', `The checkpoint of step ${wanted.step} is not on this desk.`);
  return ports.checkpoint(artifact, record.view.createdAt);
}

/** Tries the candidates in their order; the first that proves itself is taken. */
async function chooseNode(
  state: RunState,
  candidates: readonly DirectoryNode[],
  ports: RunPorts,
  signal: AbortSignal,
): Promise<Result<Chosen>> {
  const failures: NacreError[] = [];
  for (const candidate of candidates) {
    if (signal.aborted) return err('cancelled', 'The run was stopped.');
    const client = ports.nodes.connect(candidate);
    const sessionId = Buffer.from(ports.random(16)).toString('hex');
    const attested = forRelease(await attest(state, candidate, client, sessionId, ports, signal));
    if (attested.ok) return ok({ candidate, client, sessionId, attestation: attested.value });
    client.close();
    failures.push(attested.error);
  }
  const [first] = failures;
  if (first === undefined) return err('unavailable', 'There is no node to run this job on.');
  if (failures.length === 1) return { ok: false, error: first };
  return err(
    'attestation_failed',
    `None of ${failures.length} nodes proved itself. ${failures.map((failure) => failure.message).join(' ')}`.slice(
      0,
      2000,
    ),
    { hint: 'Open the evidence of a node to see which check failed. No key was released.' },
  );
}

/**
 * Asks for evidence in a session and writes what came of it into the run. Needs no vault: an affirming result may still be
 * unsigned. Errors: `attestation_failed` with the node's reason, those of the wire.
 */
export async function attest(
  state: RunState,
  node: { readonly name: string; readonly url: string },
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
  const { verification } = attestation;
  state.event({
    kind: 'evidence',
    trust: verified ? (override === undefined ? 'verified' : 'warning') : 'refused',
    node: node.name,
    digest: attestation.evidenceSha256,
    message: verified
      ? override === undefined
        ? `Node ${node.name} proved itself.`
        : `Node ${node.name} did not pass ${override.checks.join(', ')}; ${override.approvedBy.join(', ')} let it through until ${override.notAfter}.`
      : `Node ${node.name} was refused: ${verification.reasonDetail ?? verification.reason ?? 'its evidence is not affirming'}`,
  });
  if (verified) return ok(attestation);
  return err(
    'attestation_failed',
    `Node ${node.name} was refused: ${verification.reasonDetail ?? verification.reason ?? 'its evidence is not affirming'}`,
    {
      hint: 'No key was released to it. Open its evidence to see every check.',
      details: { node: node.name, reason: verification.reason ?? 'not-affirming', evidenceId: attestation.evidenceId },
    },
  );
}

/** A result that a key can be released on: affirming, signed and logged. Errors: `locked`. */
function forRelease(answer: Result<Attestation>): Result<VerifiedAttestation> {
  if (!answer.ok) return answer;
  const { verified } = answer.value;
  return verified === undefined
    ? err('locked', 'The vault was locked, so the attestation result is not signed and no key is released.', {
        hint: 'Unlock the vault and launch again.',
      })
    : ok({ ...answer.value, verified });
}

async function uploadAndRelease(
  state: RunState,
  order: SignedOrder,
  checkpoint: SealedDataset | undefined,
  chosen: Chosen,
  ports: RunPorts,
  signal: AbortSignal,
): Promise<Result<NodeClient>> {
  const { candidate } = chosen;
  state.step('uploading');
  const dataset = await ports.datasets.open(state.record.view.datasetId);
  if (!dataset.ok) return dataset;
  const attestAgain = () => chooseNode(state, [candidate], ports, signal);
  let uploaded = await uploadToNode(state, dataset.value, chosen, attestAgain, ports, signal);
  if (uploaded.ok && checkpoint !== undefined) {
    uploaded = await uploadToNode(state, checkpoint, uploaded.value, attestAgain, ports, signal, 'checkpoint');
  }
  if (!uploaded.ok) return uploaded;
  const { client, sessionId } = uploaded.value;

  state.step('releasing');
  let { attestation } = uploaded.value;
  if (isOld(attestation, ports)) {
    const again = forRelease(await attest(state, candidate, client, sessionId, ports, signal));
    if (!again.ok) return again;
    attestation = again.value;
  }
  if (signal.aborted) return err('cancelled', 'The run was stopped before the key was released.');
  const leave = await waitForApproval(state, order, attestation.verified, ports, signal);
  if (!leave.ok) return leave;
  // Custodians take their time: what they approved is a measurement, not an old answer to a challenge.
  if (isOld(attestation, ports)) {
    const again = forRelease(await attest(state, candidate, client, sessionId, ports, signal));
    if (!again.ok) return again;
    attestation = again.value;
  }
  if (signal.aborted) return err('cancelled', 'The run was stopped before the key was released.');
  const access = grantAccess(state, client, ports);
  if (!access.ok) return access;
  const release = await releaseKey(attestation.verified, dataset.value, order, leave.value, ports, checkpoint);
  if (!release.ok) return release;
  state.change((record) => {
    state.node(candidate.name).keyReleased = true;
    openAttempt(record).nodes = [candidate.name];
    record.session = {
      node: candidate.name,
      url: candidate.url,
      sessionId,
      signingKey: Buffer.from(attestation.verified.signingKey).toString('base64'),
      tlsSpkiSha256: attestation.verified.tlsSpkiSha256,
      evidence: [{ id: attestation.evidenceId, sha256: attestation.evidenceSha256, at: ports.clock() }],
      ear: attestation.ear,
      notAfter: release.value.notAfter,
      access: access.value,
    };
  }, true);
  // Sending the same submission twice is safe: the node answers the second as it did the first.
  const accepted = await withRetry(ports.retry ?? defaultRetry, signal, () =>
    client.submitJob(release.value.submission, signal),
  );
  if (!accepted.ok) return accepted;
  if (accepted.value.jobId !== order.order.jobId || !release.value.confirms(accepted.value.confirmation)) {
    // The node took the order but does not prove that it holds the key of this very release.
    const stopped = await client.stopJob(order.order.jobId);
    return err('integrity', `Node ${candidate.name} does not confirm the key that was released to it.`, {
      hint: 'Do not retry on this node; look at its evidence.',
      details: { node: candidate.name, reason: 'key-confirmation', stopped: stopped.ok },
    });
  }
  state.event({
    kind: 'release',
    trust: 'verified',
    node: candidate.name,
    digest: attestation.evidenceSha256,
    message: `The dataset key was released to ${candidate.name}, which confirmed it.`,
  });
  return ok(client);
}

function isOld({ verification, verified }: VerifiedAttestation, { clock }: RunPorts): boolean {
  return clock() - Date.parse(verification.verifiedAt) > freshForReleaseMs || clock() > verified.freshUntil;
}
