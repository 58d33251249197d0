import type { DsseEnvelope } from '../../contract/dsse.ts';
import { jobOrderSchema, type JobOrder } from '../../contract/job.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import type { WorkerPlace } from '../../contract/workers.ts';
import { payloadTypes, type JobSubmission, type ReleaseAad } from '../../contract/wire.ts';
import { approvedNodeOf, releaseFingerprint } from '../../domain/approval/fingerprint.ts';
import { verifyJson } from '../../domain/dsse/dsse.ts';
import { orderIsWhole } from '../../domain/job/order.ts';
import type { Approved } from '../approvals/approved.ts';
import type { VerifiedNode } from '../evidence/verified-node.ts';
import { sealFileKey } from './hpke-release.ts';
import type { SealedDataset } from '../sealing/sealed-dataset.ts';
import type { AuditPort, RunPorts } from './ports.ts';

declare const signed: unique symbol;

/** An order in its envelope; only `signOrder` makes it. */
export interface SignedOrder {
  readonly [signed]: true;
  readonly order: JobOrder;
  readonly envelope: DsseEnvelope;
}

/** Signs an order with the organisation's key. Errors: `locked`. */
export function signOrder(order: JobOrder, sign: (order: JobOrder) => Result<DsseEnvelope>): Result<SignedOrder> {
  const envelope = sign(order);
  return envelope.ok ? ok({ order, envelope: envelope.value } as SignedOrder) : envelope;
}

/**
 * An order of this desk as the store kept it, with its signature checked again.
 * Errors: `locked`, `integrity` when it is not what this organisation signed.
 */
export function takeOrder(
  order: JobOrder,
  envelope: DsseEnvelope,
  ports: Pick<RunPorts, 'signing' | 'verify'>,
): Result<SignedOrder> {
  const publicKey = ports.signing.ownerKey();
  if (!publicKey.ok) return publicKey;
  const { verify } = ports;
  const trusted = [{ publicKey: publicKey.value }];
  const read = verifyJson(envelope, jobOrderSchema, { payloadType: payloadTypes.jobOrder, trusted, verify });
  if (!read.ok || read.value.value.jobId !== order.jobId || !orderIsWhole(read.value.value)) {
    return err('integrity', 'The kept order is not the one that was signed; no key is released for it.');
  }
  return ok({ order: read.value.value, envelope } as SignedOrder);
}

export interface ReleaseContext {
  readonly audit: AuditPort;
  /** The 16-byte age file key, unwrapped by the vault; the caller wipes it. Errors: `locked`, `integrity`. */
  readonly fileKey: (dataset: SealedDataset) => Promise<Result<Uint8Array>>;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

/** A release that is logged and ready to send, and the test of the node's answer. */
export interface KeyRelease {
  readonly submission: JobSubmission;
  readonly notAfter: string;
  confirms(confirmation: string): boolean;
}

/**
 * The one place that a dataset key passes on its way out (DESIGN §5.4). The types say what must have happened before:
 * evidence verified or its failed checks overridden, dataset sealed and whole, order signed, and leave given: by a quorum for exactly this job, dataset,
 * policy and node, or because no rule asks for one. The approval is used up with the log entry, in one transaction; a
 * crash after it has spent the approval and released nothing. Logged before the key is even unwrapped: no log, no release.
 * Errors: `integrity` (order and dataset do not belong together), `denied_by_policy` (another policy than the order's),
 * `attestation_failed` (evidence older than the policy allows), `timeout` (order too old), `locked`, and `approval_missing`, those of
 * the log.
 */
export async function releaseKey(
  node: VerifiedNode,
  dataset: SealedDataset,
  order: SignedOrder,
  approved: Approved<'key-release'>,
  context: ReleaseContext,
  also: { readonly checkpoint?: SealedDataset | undefined; readonly worker?: WorkerPlace | undefined } = {},
): Promise<Result<KeyRelease>> {
  const { checkpoint, worker } = also;
  const { jobId, notAfter, policyDigest, nodes } = order.order;
  if (order.order.dataset.root !== dataset.root) {
    return err('integrity', 'The order is for another dataset than the one at hand; no key was released.');
  }
  if (order.order.attempt?.resume?.root !== checkpoint?.root) {
    return err('integrity', 'The order resumes from another checkpoint than the one at hand; no key was released.');
  }
  if (node.jobId !== jobId) {
    return err('integrity', `The evidence of node ${node.name} was given for another job; no key was released.`);
  }
  if (node.policyDigest !== policyDigest) {
    return err('denied_by_policy', `Node ${node.name} was verified under another policy than the order names.`);
  }
  // Written so that a time that is no number is no freshness either.
  if (!(context.clock() <= node.freshUntil)) {
    return err('attestation_failed', `The evidence of node ${node.name} is too old for the policy; ask it again.`, {
      details: { node: node.name, reason: 'evidence-stale' },
    });
  }
  if (!nodes.includes(node.name)) return err('denied_by_policy', `The order does not name node ${node.name}.`);
  if (Date.parse(notAfter) <= context.clock()) return err('timeout', 'The order has expired; launch the job again.');
  const aad: ReleaseAad = {
    datasetRoot: dataset.root,
    jobId,
    policyDigest,
    notAfter,
    ...(checkpoint === undefined ? {} : { inputs: [checkpoint.root] }),
    ...(worker === undefined ? {} : { worker }),
  };
  const act = releaseFingerprint({
    jobId,
    datasetRoot: dataset.root,
    policyDigest,
    node: approvedNodeOf(node.verification, node.evidenceSha256),
  });
  const { override } = node;
  const log = () =>
    context.audit(
      'key-released',
      node.name,
      {
        jobId,
        datasetRoot: dataset.root,
        policyDigest,
        notAfter,
        sessionId: node.sessionId,
        ...(worker === undefined ? {} : { rank: worker.rank, workers: worker.nodes.join(' ') }),
        ...(checkpoint === undefined ? {} : { checkpointRoot: checkpoint.root }),
        evidenceSha256: node.evidenceSha256,
        ...(approved.requestId === undefined ? {} : { approvalRequest: approved.requestId }),
        ...(override === undefined ? {} : { overrideRequest: override.note.requestId }),
      },
      node.simulated,
    );
  const release = () => approved.use(act, log);
  // Approval, override and log entry: all are written, or none.
  const logged = override === undefined ? release() : override.use(jobId, release);
  if (!logged.ok) return logged;
  const fileKey = await context.fileKey(dataset);
  if (!fileKey.ok) return fileKey;
  const inputKey = checkpoint === undefined ? undefined : await context.fileKey(checkpoint);
  if (inputKey?.ok === false) {
    fileKey.value.fill(0);
    return inputKey;
  }
  const keys = inputKey === undefined ? fileKey.value : Buffer.concat([fileKey.value, inputKey.value]);
  const sealed = await sealFileKey({
    hpkeKey: node.hpkeKey,
    sessionId: node.sessionId,
    challenge: node.challenge,
    evidence: node.evidence,
    ear: node.ear,
    aad,
    fileKey: keys,
  });
  keys.fill(0);
  fileKey.value.fill(0);
  inputKey?.value.fill(0);
  if (!sealed.ok) return sealed;
  return ok({
    submission: {
      order: order.envelope,
      manifest: dataset.manifestEnvelope,
      release: sealed.value.message,
      ...(checkpoint === undefined ? {} : { inputs: [checkpoint.manifestEnvelope] }),
    },
    notAfter,
    confirms: sealed.value.confirms,
  });
}
