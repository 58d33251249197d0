import { createHash } from 'node:crypto';
import { err, ok, type NacreError, type Result } from '../../contract/result.ts';
import type { DirectoryNode } from '../../contract/wire.ts';
import type { WorkerPlace } from '../../contract/workers.ts';
import type { SealedDataset } from '../sealing/sealed-dataset.ts';
import { openAttempt } from './run-attempts.ts';
import { attest } from './ask-evidence.ts';
import type { Attestation, NodeClient, RunPorts, VerifiedAttestation } from './ports.ts';
import { waitForApproval } from './release-approval.ts';
import { releaseKey, type SignedOrder } from './release-key.ts';
import { defaultRetry, withRetry } from './retry.ts';
import type { Session } from './run-record.ts';
import type { RunState } from './run-state.ts';
import { startWorkers } from './start-workers.ts';
import { grantAccess, uploadToNode } from './upload-run.ts';

/** Evidence older than this is asked for again before a key is released: milliseconds, below the challenge's life. */
const freshForReleaseMs = 120_000;

interface Chosen {
  readonly candidate: DirectoryNode;
  readonly client: NodeClient;
  readonly sessionId: string;
  readonly attestation: VerifiedAttestation;
}

/** What all workers of an attempt have in common. */
interface Work {
  readonly order: SignedOrder;
  readonly dataset: SealedDataset;
  readonly checkpoint: SealedDataset | undefined;
}

/**
 * From a signed order to nodes that confirmed the key, by rank: verifying, uploading, releasing, starting. On error the run
 * is failed by the caller; whatever was opened here is closed, and no key has left before the first release.
 */
export async function bringToNodes(
  state: RunState,
  order: SignedOrder,
  candidates: readonly DirectoryNode[],
  ports: RunPorts,
  signal: AbortSignal,
): Promise<Result<readonly NodeClient[]>> {
  const checkpoint = await checkpointOf(state, order, ports);
  if (!checkpoint.ok) return checkpoint;
  state.step('verifying');
  const { workers } = order.order;
  const found = await chooseNodes(state, candidates, workers ?? { count: 1, minimum: 1 }, ports, signal);
  if (!found.ok) return found;
  const chosen = [...found.value];
  state.change(({ view }) => {
    view.usdPerHour = chosen.reduce((sum, { candidate }) => sum + candidate.usdPerHour, 0);
    openAttempt(state.record).usdPerHour = view.usdPerHour;
  }, true);
  const brought = await bring(state, order, checkpoint.value, chosen, ports, signal);
  if (!brought.ok) for (const { client } of chosen) client.close();
  return brought.ok ? ok(chosen.map(({ client }) => client)) : brought;
}

/** The steps after verifying; a connection that had to be made anew takes its place in `chosen`. */
async function bring(
  state: RunState,
  order: SignedOrder,
  checkpoint: SealedDataset | undefined,
  chosen: Chosen[],
  ports: RunPorts,
  signal: AbortSignal,
): Promise<Result<void>> {
  state.step('uploading');
  const dataset = await ports.datasets.open(state.record.view.datasetId);
  if (!dataset.ok) return dataset;
  const work: Work = { order, dataset: dataset.value, checkpoint };
  for (const [rank, one] of chosen.entries()) {
    const uploaded = await upload(state, work, one, ports, signal);
    if (!uploaded.ok) return uploaded;
    chosen[rank] = uploaded.value;
  }
  state.step('releasing');
  const ticket = Buffer.from(ports.random(32));
  const places = placesOf(order, chosen, ticket);
  for (const [rank, one] of chosen.entries()) {
    const released = await release(state, work, one, places?.[rank], ports, signal);
    if (!released.ok) return released;
  }
  if (places === undefined) return ok(undefined);
  return startWorkers(state, order.order, chosen, ticket.toString('hex'), ports, signal);
}

/** Where each worker stands; undefined where one node works alone and begins at once. */
function placesOf({ order }: SignedOrder, chosen: readonly Chosen[], ticket: Uint8Array): WorkerPlace[] | undefined {
  const [first] = chosen;
  if (order.workers === undefined || first === undefined) return undefined;
  const nodes = chosen.map(({ candidate }) => candidate.name);
  const startSha256 = createHash('sha256').update(ticket).digest('hex');
  // The desk names it, from the address that it attested: a scheduler would send the gradients to where it likes.
  const masterAddress = new URL(first.candidate.url).hostname;
  return nodes.map((_, rank) => ({ rank, nodes, masterAddress, startSha256 }));
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

/** Tries the candidates in their order, until as many as wanted have proved themselves; fewer do, down to the minimum. */
async function chooseNodes(
  state: RunState,
  candidates: readonly DirectoryNode[],
  wanted: { readonly count: number; readonly minimum: number },
  ports: RunPorts,
  signal: AbortSignal,
): Promise<Result<readonly Chosen[]>> {
  const failures: NacreError[] = [];
  const chosen: Chosen[] = [];
  const giveUp = () => chosen.forEach(({ client }) => client.close());
  for (const candidate of candidates) {
    if (signal.aborted) {
      giveUp();
      return err('cancelled', 'The run was stopped.');
    }
    const client = ports.nodes.connect(candidate);
    const sessionId = Buffer.from(ports.random(16)).toString('hex');
    const attested = forRelease(await attest(state, candidate, client, sessionId, ports, signal));
    if (attested.ok) {
      chosen.push({ candidate, client, sessionId, attestation: attested.value });
      if (chosen.length === wanted.count) return ok(chosen);
      continue;
    }
    client.close();
    failures.push(attested.error);
  }
  if (chosen.length >= wanted.minimum) {
    const message = `${chosen.length} of ${wanted.count} workers: no other node proved itself.`;
    state.event({ kind: 'warning', message });
    return ok(chosen);
  }
  giveUp();
  if (chosen.length > 0) {
    const reasons = failures.map(({ message }) => message).join(' ');
    const message = `${chosen.length} nodes proved themselves; the order asks for ${wanted.minimum}. ${reasons}`;
    return err('attestation_failed', message.slice(0, 2000), { hint: 'No key was released.' });
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

async function upload(
  state: RunState,
  { dataset, checkpoint }: Work,
  chosen: Chosen,
  ports: RunPorts,
  signal: AbortSignal,
): Promise<Result<Chosen>> {
  const attestAgain = async () => {
    const again = await chooseNodes(state, [chosen.candidate], { count: 1, minimum: 1 }, ports, signal);
    const [node] = again.ok ? again.value : [];
    return again.ok && node !== undefined ? ok(node) : (again as Result<never>);
  };
  const uploaded = await uploadToNode(state, dataset, chosen, attestAgain, ports, signal);
  if (!uploaded.ok || checkpoint === undefined) return uploaded;
  return uploadToNode(state, checkpoint, uploaded.value, attestAgain, ports, signal, 'checkpoint');
}

async function release(
  state: RunState,
  { order, dataset, checkpoint }: Work,
  { candidate, client, sessionId, ...chosen }: Chosen,
  worker: WorkerPlace | undefined,
  ports: RunPorts,
  signal: AbortSignal,
): Promise<Result<void>> {
  let { attestation } = chosen;
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
  const released = await releaseKey(attestation.verified, dataset, order, leave.value, ports, { checkpoint, worker });
  if (!released.ok) return released;
  state.change((record) => {
    state.node(candidate.name).keyReleased = true;
    const attempt = openAttempt(record);
    attempt.nodes = [...attempt.nodes, candidate.name];
    const session: Session = {
      node: candidate.name,
      url: candidate.url,
      sessionId,
      signingKey: Buffer.from(attestation.verified.signingKey).toString('base64'),
      tlsSpkiSha256: attestation.verified.tlsSpkiSha256,
      evidence: [{ id: attestation.evidenceId, sha256: attestation.evidenceSha256, at: ports.clock() }],
      ear: attestation.ear,
      notAfter: released.value.notAfter,
      access: access.value,
      ...(worker === undefined ? {} : { worker, usdPerHour: candidate.usdPerHour }),
    };
    if (worker === undefined || worker.rank === 0) record.session = session;
    else record.workers = [...(record.workers ?? []), session];
  }, true);
  // Sending the same submission twice is safe: the node answers the second as it did the first.
  const accepted = await withRetry(ports.retry ?? defaultRetry, signal, () =>
    client.submitJob(released.value.submission, signal),
  );
  if (!accepted.ok) return accepted;
  if (accepted.value.jobId !== order.order.jobId || !released.value.confirms(accepted.value.confirmation)) {
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
  return ok(undefined);
}

function isOld({ verification, verified }: VerifiedAttestation, { clock }: RunPorts): boolean {
  return clock() - Date.parse(verification.verifiedAt) > freshForReleaseMs || clock() > verified.freshUntil;
}
