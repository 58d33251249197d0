import type { JobOrder } from '../../contract/job.ts';
import {
  agentBuilderId,
  provenancePredicateType,
  receiptStatementSchema,
  statementType,
  trainingBuildType,
  type ReceiptStatement,
} from '../../contract/receipt.ts';
import type { WorkerPlace } from '../../contract/workers.ts';
import { payloadTypes, type DsseEnvelope } from '../../contract/wire.ts';
import { signJson, type Signer } from '../../domain/dsse/dsse.ts';
import type { SealedArtifact } from '../storage/artifact-store.ts';
import type { RunnerOutcome } from './runner.ts';

export interface ReceiptFacts {
  readonly order: JobOrder;
  /** SHA-256 of the signed bytes of the order, hex. */
  readonly orderSha256: string;
  readonly sessionId: string;
  readonly node: string;
  readonly agentVersion: string;
  readonly simulated: boolean;
  /** SHA-384 launch measurement as the provider knows it, hex. */
  readonly measurement: string | undefined;
  readonly signingKey: Uint8Array;
  readonly model: SealedArtifact;
  readonly outcome: RunnerOutcome;
  readonly worker: WorkerPlace | undefined;
  readonly startedOn: Date;
  readonly finishedOn: Date;
  readonly chainHead: string;
  readonly frames: number;
  /** The exchange that the release rests on first, then the later ones. */
  readonly evidenceSha256: readonly string[];
  readonly earSha256: string;
}

/**
 * The signed receipt of a finished job.
 * @throws when the facts do not make a valid statement: a bug, found here rather than by an auditor.
 */
export function makeReceipt(facts: ReceiptFacts, signer: Signer): DsseEnvelope {
  return signJson(payloadTypes.inToto, receiptStatementSchema.parse(statementOf(facts)), signer);
}

function statementOf(facts: ReceiptFacts): ReceiptStatement {
  const { order, model, outcome, measurement } = facts;
  const { heldOut } = outcome;
  return {
    _type: statementType,
    subject: [
      { name: model.artifact.name, digest: { sha256: model.artifact.sha256 } },
      ...model.files.map(({ name, sha256 }) => ({ name, digest: { sha256 } })),
    ],
    predicateType: provenancePredicateType,
    predicate: {
      buildDefinition: {
        buildType: trainingBuildType,
        externalParameters: {
          jobId: order.jobId,
          orderSha256: facts.orderSha256,
          datasetRoot: order.dataset.root,
          program: order.program,
          policyDigest: order.policyDigest,
        },
        internalParameters: { sessionId: facts.sessionId, node: facts.node },
        resolvedDependencies: [
          { name: 'order', digest: { sha256: facts.orderSha256 } },
          { name: 'dataset', digest: { sha256: order.dataset.root } },
          { name: 'manifest', digest: { sha256: order.dataset.manifestSha256 } },
          ...(measurement === undefined ? [] : [{ name: 'image', digest: { sha384: measurement } }]),
        ],
      },
      runDetails: {
        builder: {
          id: agentBuilderId,
          version: { 'nacre-agent': facts.agentVersion },
          builderDependencies: measurement === undefined ? [] : [{ name: 'image', digest: { sha384: measurement } }],
        },
        metadata: {
          invocationId: order.jobId,
          startedOn: facts.startedOn.toISOString(),
          finishedOn: facts.finishedOn.toISOString(),
        },
        byproducts: [
          {
            name: 'telemetry-chain',
            digest: { sha256: facts.chainHead },
            annotations: { frames: facts.frames },
          },
          ...facts.evidenceSha256.map((sha256) => ({ name: 'evidence', digest: { sha256 } })),
        ],
      },
      nacre: {
        simulated: facts.simulated,
        signingKey: Buffer.from(facts.signingKey).toString('base64'),
        chainHead: facts.chainHead,
        frames: facts.frames,
        evidenceSha256: [...facts.evidenceSha256],
        earSha256: facts.earSha256,
        ...(heldOut === undefined ? {} : { heldOut: { ...heldOut } }),
        lastStep: outcome.lastStep,
        ...(facts.worker === undefined ? {} : { worker: { rank: facts.worker.rank, nodes: facts.worker.nodes } }),
      },
    },
  };
}
