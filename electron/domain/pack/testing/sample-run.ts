import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import type { AuditEntry, AuditKind } from '../../../contract/audit.ts';
import { payloadTypes, type DsseEnvelope } from '../../../contract/dsse.ts';
import type { Policy } from '../../../contract/policy.ts';
import type { JobOrder } from '../../../contract/job.ts';
import { packPaths, type PackAnchors, type PackEvidence, type PackRelease } from '../../../contract/pack.ts';
import { failurePredicateType, type FailureStatement } from '../../../contract/failure-receipt.ts';
import {
  agentBuilderId,
  provenancePredicateType,
  statementType,
  trainingBuildType,
  type ReceiptStatement,
} from '../../../contract/receipt.ts';
import type { Frame, FrameBody } from '../../../contract/wire.ts';
import { checkpointText, noteOf, originOf } from '../../audit/checkpoint.ts';
import { encodeEntry, entryLeaf } from '../../audit/entry.ts';
import { canonicalJson, createSigner, keyIdOf, signJson, type Signer } from '../../dsse/dsse.ts';
import { encodeBase64 } from '../../encoding/base64.ts';
import { buildOrder } from '../../job/order.ts';
import { inclusionProof, leafHash, merkleRoot } from '../../merkle/merkle.ts';
import { countersignReceipt } from '../../receipt/receipt.ts';
import { whoSays } from '../../receipt/who-says.ts';
import { chainStart, frameHash, frameMessage } from '../../telemetry/frame-chain.ts';
import type { FailedPackDocuments, PackContents, PackDocuments } from '../contents.ts';
import { releaseInfoHex } from '../release-info.ts';

export type Key = Signer & { readonly publicKey: Uint8Array };

export const organisation = createSigner(new Uint8Array(32).fill(11));
export const attestedKey = createSigner(new Uint8Array(32).fill(12));
/** Of the node that is lost in the first attempt. */
export const lostKey = createSigner(new Uint8Array(32).fill(13));
export const startedAt = Date.parse('2026-11-22T11:00:00.000Z');

/** What the test's evidence maker must know and give back. */
export interface EvidenceMaker {
  readonly policy: Policy;
  readonly anchors: PackAnchors;
  /** One verified answer of `node`, binding `signingKey`, and the EAR of it signed by the organisation. */
  make(request: {
    readonly node: string;
    readonly challenge: PackEvidence['challenge'];
    readonly signingKey: Uint8Array;
    readonly at: number;
    readonly organisation: Key;
    readonly honest: boolean;
  }): PackEvidence;
}

export type SampleContents = PackDocuments;

/** Everything of a small finished run: real signatures by real keys, as the services make them. */
export function sampleRun(maker: EvidenceMaker, frames = 6): SampleContents {
  return finishedRun(maker, frames, undefined);
}

/** The same after a first attempt on `local-b`, which fell silent two steps after its last checkpoint. */
export function sampleRetriedRun(maker: EvidenceMaker): SampleContents {
  const { manifestSha256, root, sealedBytes } = sampleManifest();
  const policyDigest = digestOf(maker.policy);
  const order = sampleOrder(maker.policy, { policyDigest, manifestSha256, root, sealedBytes });
  return finishedRun(maker, 6, failedAttempt(maker, order));
}

/** The first attempt of that as all there ever was: the run failed. */
export function sampleLostRun(maker: EvidenceMaker): FailedPackDocuments {
  const { manifest, manifestSha256, root, sealedBytes } = sampleManifest();
  const policyDigest = digestOf(maker.policy);
  const order = sampleOrder(maker.policy, { policyDigest, manifestSha256, root, sealedBytes });
  const { attempt, evidence, logged } = failedAttempt(maker, order);
  return {
    attempts: [attempt],
    manifest,
    policy: maker.policy,
    anchors: maker.anchors,
    evidence: [evidence],
    audit: sampleLog([...logged, ['run-ended', 'run-1', { jobId: order.jobId, state: 'failed' }]]),
  };
}

function finishedRun(maker: EvidenceMaker, frames: number, before: FailedSample | undefined): SampleContents {
  const policyDigest = digestOf(maker.policy);
  const { manifest, manifestSha256, root, sealedBytes } = sampleManifest();
  const order = sampleOrder(maker.policy, { policyDigest, manifestSha256, root, sealedBytes }, before);
  const orderEnvelope = signJson(payloadTypes.jobOrder, order, organisation);
  const orderSha256 = bytesToHex(sha256(canonicalJson(order)));
  const challenge = (nonce: string): PackEvidence['challenge'] => ({
    v: 1,
    nonce: nonce.repeat(32),
    sessionId: 'ab'.repeat(16),
    jobId: order.jobId,
    policyDigest,
    expires: new Date(startedAt + 300_000).toISOString(),
  });
  const request = { signingKey: attestedKey.publicKey, organisation };
  const evidence = [
    ...(before === undefined ? [] : [before.evidence]),
    maker.make({ ...request, node: 'local-b', challenge: challenge('0b'), at: startedAt + 1000, honest: false }),
    maker.make({ ...request, node: 'local-a', challenge: challenge('0a'), at: startedAt + 2000, honest: true }),
  ];
  const basis = evidence.at(-1) as PackEvidence;
  const chain = sampleFrames(order.jobId, frames);
  const earSha256 = bytesToHex(sha256(utf8ToBytes(basis.ear)));
  const evidenceSha256 = digestOf(basis.answer);
  const release: PackRelease = {
    version: 1,
    node: 'local-a',
    sessionId: basis.challenge.sessionId,
    evidence: packPaths.evidence(evidence.length - 1),
    aad: {
      datasetRoot: root,
      jobId: order.jobId,
      policyDigest,
      notAfter: order.notAfter,
      ...(order.attempt?.resume === undefined ? {} : { inputs: [order.attempt.resume.root] }),
    },
    earSha256,
    info: releaseInfoHex(basis.challenge, basis.answer, basis.ear),
  };
  const statement = sampleStatement(order, { orderSha256, chain, earSha256, evidenceSha256 });
  const signed = signJson(payloadTypes.inToto, statement, attestedKey);
  const receipt = countersignReceipt(signed, organisation);
  if (!receipt.ok) throw new Error(receipt.error.message);
  return {
    order: orderEnvelope,
    attempts: before === undefined ? [] : [before.attempt],
    workers: [],
    manifest,
    policy: maker.policy,
    anchors: maker.anchors,
    evidence,
    release,
    frames: chain,
    receipt: receipt.value,
    audit: sampleLog([
      ...(before === undefined ? [] : before.logged),
      ['order-signed', 'run-1', { jobId: order.jobId }],
      [
        'key-released',
        'local-a',
        { jobId: order.jobId, datasetRoot: root, sessionId: release.sessionId, evidenceSha256 },
      ],
      [
        'receipt-countersigned',
        'run-1',
        { jobId: order.jobId, statementSha256: bytesToHex(sha256(canonicalJson(statement))) },
      ],
      ['pack-exported', 'run-1', { jobId: order.jobId }],
    ]),
  };
}

export function digestOf(value: unknown): string {
  return bytesToHex(sha256(canonicalJson(value)));
}

function sampleManifest() {
  const parts = ['01', '02', '03'].map((byte) => byte.repeat(32));
  const root = bytesToHex(merkleRoot(parts.map((part) => leafHash(hexToBytes(part)))));
  const sealedBytes = 150_000;
  const value = {
    version: 1,
    name: 'breast_cancer.csv',
    kind: 'file',
    sealedBytes,
    plainBytes: 149_000,
    partSize: 65_536,
    parts,
    root,
    ageHeaderSha256: '04'.repeat(32),
    recipients: ['age1qqqq'],
    createdAt: '2026-11-22T10:00:00Z',
  };
  const manifest = signJson(payloadTypes.manifest, value, organisation);
  return { manifest, manifestSha256: digestOf(value), root, sealedBytes };
}

function sampleOrder(
  policy: Policy,
  ids: { policyDigest: string; manifestSha256: string; root: string; sealedBytes: number },
  before?: FailedSample,
): JobOrder {
  const { policyDigest, ...dataset } = ids;
  const draft = {
    name: 'Breast cancer',
    datasetId: 'd1',
    program: {
      type: 'builtin',
      trainer: 'csv-classification',
      target: 'diagnosis',
      hidden: [16],
      epochs: 20,
      batchSize: 32,
      learningRate: 0.01,
      heldOutShare: 0.2,
      seed: 1,
    },
    nodes: [],
    policyId: policy.id,
    budget: { maximumUsd: 10 - (before?.costUsd ?? 0), maximumSeconds: 600 },
    checkpointEverySteps: 50,
    evidenceRenewSeconds: 60,
  } as const;
  const order = buildOrder(
    { ...draft, nodes: [], program: { ...draft.program, hidden: [16] } },
    {
      dataset: { id: 'd1', name: 'breast_cancer.csv', ...dataset },
      policyDigest,
      nodes: ['local-a', 'local-b'],
      outputRecipients: ['age1qqqq'],
      ownerKey: encodeBase64(organisation.publicKey),
      now: startedAt,
      ...(before === undefined
        ? {}
        : { attempt: { number: 2, firstJobId: before.order.jobId, resume: sampleCheckpoint } }),
    },
  );
  if (!order.ok) throw new Error(order.error.message);
  return order.value;
}

const sampleCheckpoint = {
  step: 4,
  sha256: 'c4'.repeat(32),
  root: 'c5'.repeat(32),
  manifestSha256: 'c6'.repeat(32),
};

/** A first attempt that ended without a model. */
interface FailedSample {
  readonly order: JobOrder;
  readonly attempt: SampleContents['attempts'][number];
  readonly evidence: PackEvidence;
  readonly costUsd: number;
  readonly logged: readonly (readonly [AuditKind, string, AuditEntry['details']])[];
}

function failedAttempt(maker: EvidenceMaker, order: JobOrder): FailedSample {
  const { jobId, policyDigest, notAfter } = order;
  const begun = startedAt - 50_000;
  const evidence = maker.make({
    node: 'local-b',
    challenge: {
      v: 1,
      nonce: '0c'.repeat(32),
      sessionId: 'cd'.repeat(16),
      jobId,
      policyDigest,
      expires: new Date(begun + 300_000).toISOString(),
    },
    signingKey: lostKey.publicKey,
    at: begun,
    organisation,
    honest: true,
  });
  const { step, sha256: sealed } = sampleCheckpoint;
  const artifact = { name: 'checkpoint-000004.age', kind: 'checkpoint' as const, bytes: 900, sha256: sealed, step };
  const frames = signFrames([...[1, 2, 3, 4].map(metric), { kind: 'artifact', artifact }, metric(5), metric(6)], {
    jobId,
    node: 'local-b',
    key: lostKey,
    at: begun + 1000,
    everyMs: 1000,
  });
  const last = frames.at(-1) as Frame;
  const orderSha256 = digestOf(order);
  const evidenceSha256 = digestOf(evidence.answer);
  const earSha256 = bytesToHex(sha256(utf8ToBytes(evidence.ear)));
  const { sessionId } = evidence.challenge;
  const usdPerHour = 36;
  const costUsd = (usdPerHour * 6) / 3600;
  const statement: FailureStatement = {
    _type: statementType,
    subject: [{ name: 'order of attempt 1', digest: { sha256: orderSha256 } }],
    predicateType: failurePredicateType,
    predicate: {
      runId: 'run-1',
      attempt: 1,
      jobId,
      firstJobId: jobId,
      orderSha256,
      datasetRoot: order.dataset.root,
      policyDigest,
      node: {
        name: 'local-b',
        simulated: true,
        sessionId,
        signingKey: encodeBase64(lostKey.publicKey),
        evidenceSha256: [evidenceSha256],
        earSha256,
      },
      failure: { class: 'node-unreachable', cause: 'Node local-b is lost: nothing was heard from it for 12 seconds.' },
      from: new Date(begun + 500).toISOString(),
      observedAt: new Date(begun + 20_000).toISOString(),
      says: whoSays(last.at, new Date(begun + 500).toISOString(), new Date(begun + 20_000).toISOString()),
      chainHead: frameHash(last),
      heartbeat: { frames: 7, first: frames[0]?.at ?? '', last: last.at, gapCount: 0, gaps: [] },
      lastFrame: last,
      steps: { resumedFrom: 0, last: 6, checkpoint: { step, sha256: sealed }, lost: 2 },
      cost: {
        usd: costUsd,
        usdPerHour,
        seconds: 6,
        priceSource: 'directory of the local network, SIMULATED',
        operatorMayBillUntil: notAfter,
        stopConfirmed: false,
      },
    },
  };
  const aad = { datasetRoot: order.dataset.root, jobId, policyDigest, notAfter };
  const info = releaseInfoHex(evidence.challenge, evidence.answer, evidence.ear);
  return {
    order,
    evidence,
    costUsd,
    attempt: {
      order: signJson(payloadTypes.jobOrder, order, organisation),
      sessions: [
        {
          release: { version: 1, node: 'local-b', sessionId, evidence: packPaths.evidence(0), aad, earSha256, info },
          frames,
        },
      ],
      failure: signJson(payloadTypes.inToto, statement, organisation),
    },
    logged: [
      ['order-signed', 'run-1', { jobId }],
      ['key-released', 'local-b', { jobId, datasetRoot: order.dataset.root, sessionId, evidenceSha256 }],
      ['failure-receipt', 'run-1', { jobId, attempt: 1, node: 'local-b', statementSha256: digestOf(statement) }],
    ],
  };
}

function metric(step: number): FrameBody {
  return { kind: 'metric', step, values: { loss: 1 / step } };
}

/** Frames signed by the attested key. */
export function sampleFrames(jobId: string, count: number, key: Key = attestedKey): Frame[] {
  const bodies = Array.from({ length: count }, (_, at) => metric(at + 1));
  return signFrames(bodies, { jobId, node: 'local-a', key, at: startedAt + 10_000, everyMs: 100 });
}

export function signFrames(
  bodies: readonly FrameBody[],
  by: { jobId: string; node: string; key: Key; at: number; everyMs: number },
): Frame[] {
  const frames: Frame[] = [];
  for (const [sequence, body] of bodies.entries()) {
    const last = frames.at(-1);
    const unsigned = {
      version: 1 as const,
      jobId: by.jobId,
      node: by.node,
      sequence,
      previous: last === undefined ? chainStart.head : frameHash(last),
      at: new Date(by.at + sequence * by.everyMs).toISOString(),
      body,
    };
    frames.push({ ...unsigned, signature: encodeBase64(by.key.sign(frameMessage(unsigned))) });
  }
  return frames;
}

function sampleStatement(
  order: JobOrder,
  facts: { orderSha256: string; chain: readonly Frame[]; earSha256: string; evidenceSha256: string },
): ReceiptStatement {
  const last = facts.chain.at(-1);
  const chainHead = last === undefined ? chainStart.head : frameHash(last);
  return {
    _type: statementType,
    subject: [
      { name: 'model.age', digest: { sha256: 'a8'.repeat(32) } },
      { name: 'model.safetensors', digest: { sha256: 'a9'.repeat(32) } },
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
        internalParameters: { sessionId: 'ab'.repeat(16), node: 'local-a' },
        resolvedDependencies: [
          { name: 'order', digest: { sha256: facts.orderSha256 } },
          { name: 'dataset', digest: { sha256: order.dataset.root } },
          { name: 'manifest', digest: { sha256: order.dataset.manifestSha256 } },
        ],
      },
      runDetails: {
        builder: { id: agentBuilderId, version: { 'nacre-agent': '0.1.0' }, builderDependencies: [] },
        metadata: {
          invocationId: order.jobId,
          startedOn: new Date(startedAt + 9000).toISOString(),
          finishedOn: new Date(startedAt + 90_000).toISOString(),
        },
        byproducts: [{ name: 'telemetry-chain', digest: { sha256: chainHead } }],
      },
      nacre: {
        simulated: true,
        signingKey: encodeBase64(attestedKey.publicKey),
        chainHead,
        frames: Math.max(1, facts.chain.length),
        evidenceSha256: [facts.evidenceSha256],
        earSha256: facts.earSha256,
        heldOut: { accuracy: 0.9649, rows: 114, epochs: 20 },
        lastStep: facts.chain.length,
      },
    },
  };
}

/** A log of these entries with a signed checkpoint and a proof for each. */
export function sampleLog(
  events: readonly (readonly [AuditKind, string, AuditEntry['details']])[],
  key: Key = organisation,
): PackContents['audit'] {
  const entries = events.map(([kind, subject, details], index): AuditEntry => ({
    version: 1,
    index,
    at: new Date(startedAt + index * 1000).toISOString(),
    kind,
    actor: 'core',
    subject,
    details,
    simulated: true,
  }));
  const leaves = entries.map((entry) => {
    const text = encodeEntry(entry);
    if (!text.ok) throw new Error(text.error.message);
    return entryLeaf(text.value);
  });
  const head = { origin: originOf(keyIdOf(key.publicKey)), size: leaves.length, root: merkleRoot(leaves) };
  const note = noteOf(head, key.publicKey, key.sign(utf8ToBytes(checkpointText(head))));
  return {
    version: 1,
    checkpoint: note,
    proofs: entries.map((entry, index) => ({ entry, path: (inclusionProof(leaves, index) ?? []).map(bytesToHex) })),
  };
}

/** The JSON payload of an envelope, to change it and sign it again. */
export function payloadOf<T>(envelope: DsseEnvelope): T {
  return JSON.parse(Buffer.from(envelope.payload, 'base64').toString('utf8')) as T;
}
