import { createHash } from 'node:crypto';
import { telemetryLane } from '../domain/job/attempts.ts';
import { frameSchema, type Frame } from '../contract/wire.ts';
import type { PackEvidence, PackRelease } from '../contract/pack.ts';
import { err, ok, type Result } from '../contract/result.ts';
import { releaseInfo } from '../services/runs/hpke-release.ts';
import type { RunRecord } from '../services/runs/run-record.ts';
import type { PackSource } from '../services/reports/report-service.ts';
import type { FrameStore } from '../services/telemetry/telemetry-service.ts';
import { packPaths } from '../contract/pack.ts';
import type { EvidenceRecord } from './evidence-records.ts';

export interface ReportSourceOptions {
  readonly record: (runId: string) => Result<RunRecord>;
  readonly evidence: (id: string) => Result<EvidenceRecord>;
  readonly frames: FrameStore;
}

/**
 * Gathers what a pack of one run is made of from the stores. Nothing is judged here: the pack is verified before it is
 * written. Errors: `not_found`, `wrong_state` (no countersigned receipt), `damaged`.
 */
export function createReportSource(options: ReportSourceOptions): (runId: string) => Result<PackSource> {
  return (runId) => {
    const found = options.record(runId);
    if (!found.ok) return found;
    const record = found.value;
    const { session, view, receiptEnvelope } = record;
    if (session === undefined || receiptEnvelope === undefined) {
      return err('wrong_state', `Run ${view.name} has no receipt, so there is nothing to hand to an auditor yet.`, {
        hint: 'A pack is made of a run that succeeded.',
      });
    }
    if (view.receipt?.countersignedAt === undefined) {
      return err('wrong_state', `The receipt of run ${view.name} is not countersigned yet.`, {
        hint: 'Unlock the vault; it is signed then.',
      });
    }
    const evidence: EvidenceRecord[] = [];
    for (const id of record.evidenceIds) {
      const item = options.evidence(id);
      if (!item.ok) return item;
      // Evidence of earlier attempts was given for other orders; their failure receipts name it.
      if (item.value.jobId !== record.order.jobId) continue;
      evidence.push(item.value);
    }
    const frames = readFrames(options.frames, runId, telemetryLane(session.node, record.order.attempt?.number ?? 1));
    if (!frames.ok) return frames;
    const release = releaseOf(record, evidence);
    if (!release.ok) return release;
    const [first] = evidence;
    if (first === undefined) return err('damaged', `The evidence of run ${view.name} is missing.`);
    return ok({
      order: record.orderEnvelope,
      manifest: record.manifestEnvelope,
      policy: record.policy,
      anchors: first.anchors,
      evidence: evidence.map(packEvidence),
      release: release.value,
      frames: frames.value,
      receipt: receiptEnvelope,
    });
  };
}

function packEvidence(item: EvidenceRecord): PackEvidence {
  const { verification } = item.view;
  return {
    version: 1,
    node: verification.node,
    verifiedAt: verification.verifiedAt,
    observedTlsSpkiSha256: item.observedTlsSpkiSha256,
    ...(item.expectedGpus === undefined ? {} : { expectedGpus: item.expectedGpus }),
    challenge: item.challenge,
    answer: item.answer,
    ear: item.view.ear,
    ...(item.override === undefined ? {} : { override: item.override }),
    ...(item.collateral === undefined ? {} : { collateral: item.collateral }),
    status: verification.status,
    ...(verification.reason === undefined ? {} : { reason: verification.reason }),
  };
}

function releaseOf(record: RunRecord, evidence: readonly EvidenceRecord[]): Result<PackRelease> {
  const { session, order } = record;
  const index = evidence.findIndex(({ view }) => view.id === session?.evidence[0]?.id);
  const basis = evidence[index];
  if (session === undefined || basis === undefined) {
    return err('damaged', 'The evidence that the key release rests on is missing in the store.');
  }
  return ok({
    version: 1,
    node: session.node,
    sessionId: session.sessionId,
    evidence: packPaths.evidence(index),
    aad: {
      datasetRoot: order.dataset.root,
      jobId: order.jobId,
      policyDigest: order.policyDigest,
      notAfter: session.notAfter,
      ...(order.attempt?.resume === undefined ? {} : { inputs: [order.attempt.resume.root] }),
      ...(session.worker === undefined ? {} : { worker: session.worker }),
    },
    earSha256: createHash('sha256').update(session.ear, 'utf8').digest('hex'),
    info: Buffer.from(releaseInfo(basis.challenge, basis.answer, session.ear)).toString('hex'),
  });
}

function readFrames(store: FrameStore, runId: string, node: string): Result<Frame[]> {
  const rows = store.read(runId, node);
  if (!rows.ok) return rows;
  const frames: Frame[] = [];
  for (const { sequence, json } of rows.value) {
    const frame = frameSchema.safeParse(parse(json));
    if (!frame.success) return err('damaged', `Stored telemetry of ${node} cannot be read at frame ${sequence}.`);
    frames.push(frame.data);
  }
  return ok(frames);
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return undefined;
  }
}
