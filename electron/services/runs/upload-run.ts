import { err, ok, type Result } from '../../contract/result.ts';
import type { SealedDataset } from '../sealing/sealed-dataset.ts';
import type { NodeClient, RunPorts } from './ports.ts';
import type { RunState } from './run-state.ts';
import type { DsseEnvelope } from '../../contract/dsse.ts';
import type { DirectoryNode } from '../../contract/wire.ts';

/** What an attested connection to a node needs, to be made again when its agent restarts. */
export interface Attested {
  readonly candidate: DirectoryNode;
  readonly client: NodeClient;
}

/**
 * Lets this desk in at an attested agent, for this job and until its order ends.
 * Errors: `locked`, `unavailable` (no connection was made yet).
 */
export function grantAccess(state: RunState, client: NodeClient, ports: RunPorts): Result<DsseEnvelope> {
  const { order } = state.record;
  const tlsSpkiSha256 = client.observedKey();
  if (tlsSpkiSha256 === undefined) return err('unavailable', `Node ${client.node} was not reached yet.`);
  const grant = ports.signing.signGrant({
    version: 1,
    ownerKey: order.ownerKey,
    tlsSpkiSha256,
    jobId: order.jobId,
    nonce: Buffer.from(ports.random(16)).toString('hex'),
    notAfter: order.notAfter,
  });
  if (grant.ok) client.useGrant(grant.value);
  return grant;
}

/**
 * Brings the sealed dataset of a run, or the checkpoint that it resumes from, to an attested node, with its estimate and what it took in the run's view. When the
 * agent restarts meanwhile, `attestAgain` proves the new one before a byte goes there.
 * @returns the connection that it ended on. Errors: those of the dataset, of the transfer and of `attestAgain`.
 */
export async function uploadToNode<T extends Attested>(
  state: RunState,
  dataset: SealedDataset,
  first: T,
  attestAgain: () => Promise<Result<T>>,
  ports: RunPorts,
  signal: AbortSignal,
  what: 'dataset' | 'checkpoint' = 'dataset',
): Promise<Result<T>> {
  const { view } = state.record;
  const { manifest, root } = dataset;
  const { bandwidthLimitMbps } = view.draft;
  const granted = grantAccess(state, first.client, ports);
  if (!granted.ok) return granted;
  const estimated = ports.transfers.estimate(
    first.candidate,
    { root, sealedBytes: manifest.sealedBytes },
    bandwidthLimitMbps,
  );
  if (!estimated.ok) return estimated;
  if (what === 'dataset') {
    state.change((record) => {
      record.view.transfer = { estimated: estimated.value };
    }, true);
  }
  let current = first;
  const done = await ports.transfers.upload({
    runId: view.id,
    name: what === 'dataset' ? view.datasetName : manifest.name,
    node: first.candidate,
    limitMbps: bandwidthLimitMbps,
    target: first.client,
    root,
    manifest: dataset.manifestEnvelope,
    parts: manifest.parts.length,
    partSize: manifest.partSize,
    sealedBytes: manifest.sealedBytes,
    readPart: (index) => dataset.readPartUnchecked(index),
    checkPart: (index) => dataset.readPart(index),
    reconnect: async () => {
      const again = await attestAgain();
      if (!again.ok) return again;
      const access = grantAccess(state, again.value.client, ports);
      if (!access.ok) return access;
      current.client.close();
      current = again.value;
      return ok(current.client);
    },
    onProgress: (progress) =>
      state.change((record) => {
        record.view.upload = progress;
      }),
    signal,
  });
  if (!done.ok) {
    current.client.close();
    return done;
  }
  if (what === 'dataset') {
    state.change((record) => {
      record.view.transfer = { estimated: estimated.value, actual: done.value };
    }, true);
  }
  state.event({
    kind: 'upload',
    node: first.candidate.name,
    digest: root,
    message: `The sealed ${what} is on ${first.candidate.name}, every part as in its manifest.`,
  });
  return ok(current);
}
