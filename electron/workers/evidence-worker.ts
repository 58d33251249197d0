import { parentPort, workerData } from 'node:worker_threads';
import type { Policy, TdxPolicy } from '../contract/policy.ts';
import type { TrustAnchors } from '../domain/evidence/anchors.ts';
import type { DcapCollateral } from '../domain/evidence/dcap/collateral.ts';
import { createDcapVerifier } from '../domain/evidence/dcap/verifier.ts';
import { verifySnp } from '../domain/evidence/snp/verify.ts';
import { cacheGoodSignatures } from '../services/evidence/caching-crypto.ts';
import { createNodeCrypto } from '../services/evidence/node-crypto.ts';

/** What a worker needs for all its evidence. */
export interface EvidenceWorkerSetup {
  readonly anchors: TrustAnchors;
  readonly collateral: DcapCollateral;
  readonly tdxPolicy: TdxPolicy;
  readonly snpPolicy: Policy['snp'];
}

export type EvidenceTask =
  | { readonly family: 'tdx'; readonly evidence: Uint8Array }
  | { readonly family: 'snp'; readonly evidence: Uint8Array; readonly certificates: readonly Uint8Array[] };

/** One batch; the next is sent when this one is answered, so that memory stays bounded. */
export interface EvidenceBatch {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly tasks: readonly EvidenceTask[];
}

export interface EvidenceBatchAnswer {
  /** Places in the batch whose verdict is not affirming. */
  readonly refused: readonly number[];
}

/** Entry of a worker that verifies batches of CPU evidence, with one memory of good chains and collateral for all of them. */
const setup = workerData as EvidenceWorkerSetup;
const { anchors, snpPolicy } = setup;
const plain = createNodeCrypto();
const remembering = cacheGoodSignatures(plain);
const dcap = createDcapVerifier({ anchors, crypto: plain });
// Frozen, so that it is known by its object: structured cloning thaws.
const collateral = Object.freeze(setup.collateral);

function affirmed(task: EvidenceTask, now: number): boolean {
  const { evidence } = task;
  const { verdict } =
    task.family === 'tdx'
      ? dcap.verifyTdx({ name: 'cpu0', quote: evidence, collateral, policy: setup.tdxPolicy, now })
      : verifySnp({
          name: 'cpu0',
          report: evidence,
          certificates: task.certificates,
          policy: snpPolicy,
          anchors,
          now,
          crypto: remembering,
        });
  return verdict.status === 'affirming';
}

parentPort?.on('message', ({ now, tasks }: EvidenceBatch) => {
  const answer: EvidenceBatchAnswer = {
    refused: tasks.flatMap((task, at) => (affirmed(task, now) ? [] : [at])),
  };
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(answer);
});
