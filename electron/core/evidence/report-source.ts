import { createHash } from 'node:crypto';
import { telemetryLane } from '../../domain/job/attempts.ts';
import { frameSchema, type Frame } from '../../contract/wire.ts';
import type { DsseEnvelope } from '../../contract/dsse.ts';
import type { PackDocuments } from '../../domain/pack/contents.ts';
import type { PackEvidence, PackRelease } from '../../contract/pack.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { releaseInfo } from '../../services/runs/hpke-release.ts';
import { isNodesDoing } from '../../services/runs/failure-receipt.ts';
import { isFinal, sessionsOf, type RunRecord, type Session } from '../../services/runs/run-record.ts';
import type { PackSource } from '../../services/reports/report-service.ts';
import type { FrameStore } from '../../services/telemetry/telemetry-service.ts';
import { packPaths } from '../../contract/pack.ts';
import type { EvidenceRecord } from './evidence-records.ts';

export interface ReportSourceOptions {
  readonly record: (runId: string) => Result<RunRecord>;
  readonly evidence: (id: string) => Result<EvidenceRecord>;
  readonly frames: FrameStore;
}

/**
 * Gathers what a pack of one run is made of from the stores. Nothing is judged here: the pack is verified before it is
 * written. Errors: `not_found`, `wrong_state` (goes on, or is not signed yet), `damaged`.
 */
export function createReportSource(options: ReportSourceOptions): (runId: string) => Result<PackSource> {
  return (runId) => {
    const found = options.record(runId);
    if (!found.ok) return found;
    const record = found.value;
    const { view } = record;
    const ready = readyForPack(record);
    if (!ready.ok) return ready;
    const jobs = new Set([record.order.jobId, ...(record.attempts ?? []).map(({ order }) => order.jobId)]);
    const evidence: EvidenceRecord[] = [];
    for (const id of record.evidenceIds) {
      const item = options.evidence(id);
      if (!item.ok) return item;
      // An order that no node was brought to before the core died is no attempt, nor is what was asked for it evidence.
      if (jobs.has(item.value.jobId)) evidence.push(item.value);
    }
    const attempts: PackSource['attempts'][number][] = [];
    for (const attempt of record.attempts ?? []) {
      const sessions = sessionsIn(options.frames, { ...attempt, view }, attempt.order, evidence);
      if (!sessions.ok) return sessions;
      const { failureReceipt: failure } = attempt;
      attempts.push({
        order: attempt.orderEnvelope,
        sessions: sessions.value,
        ...(failure === undefined ? {} : { failure }),
      });
    }
    const [first] = evidence;
    if (first === undefined) {
      return err('wrong_state', `No node answered in run ${view.name}, so there is no evidence to hand to an auditor.`);
    }
    const common = {
      attempts,
      manifest: record.manifestEnvelope,
      policy: record.policy,
      anchors: first.anchors,
      evidence: evidence.map(packEvidence),
    };
    if (ready.value.receipt === undefined) return ok(common);
    const last = successOf(options.frames, record, ready.value.receipt, evidence);
    return last.ok ? ok({ ...common, ...last.value }) : last;
  };
}

/**
 * Whether a run has ended, and whatever of it must be signed is. Errors: `wrong_state`.
 * @returns the receipt of a run that succeeded
 */
function readyForPack(record: RunRecord): Result<{ receipt?: DsseEnvelope }> {
  const { view, receiptEnvelope: receipt } = record;
  if (!isFinal(view.state)) {
    return err('wrong_state', `Run ${view.name} goes on, so there is nothing to hand to an auditor yet.`, {
      hint: 'A pack is made of a run that has ended.',
    });
  }
  if (view.state === 'succeeded') {
    if (receipt === undefined) return err('damaged', `The receipt of run ${view.name} is missing.`);
    if (view.receipt?.countersignedAt !== undefined) return ok({ receipt });
    return err('wrong_state', `The receipt of run ${view.name} is not countersigned yet.`, {
      hint: 'Unlock the vault; it is signed then.',
    });
  }
  const attempts = record.attempts ?? [];
  if (attempts.length === 0) {
    return err('wrong_state', `Run ${view.name} ended before any node was asked, so there is nothing to show.`);
  }
  const unsigned = attempts.find(
    ({ session, failureReceipt }, at) =>
      session !== undefined && failureReceipt === undefined && isNodesDoing(view.attempts?.[at]?.failureClass),
  );
  if (unsigned === undefined) return ok({});
  return err(
    'wrong_state',
    `The failure receipt of attempt ${unsigned.number} of run ${view.name} is not signed yet.`,
    {
      hint: 'Unlock the vault; it is signed then.',
    },
  );
}

/** The documents of the attempt that succeeded. Errors: `damaged`. */
function successOf(
  store: FrameStore,
  record: RunRecord,
  receipt: DsseEnvelope,
  evidence: readonly EvidenceRecord[],
): Result<Pick<PackDocuments, 'order' | 'workers' | 'release' | 'frames' | 'receipt'>> {
  const { name } = record.view;
  const sessions = sessionsIn(store, record, record.order, evidence);
  if (!sessions.ok) return sessions;
  const [leader, ...others] = sessions.value;
  if (leader === undefined) return err('damaged', `The release of run ${name} is missing.`);
  const workers: PackDocuments['workers'][number][] = [];
  for (const [at, other] of others.entries()) {
    const signed = record.workers?.[at]?.receiptEnvelope;
    if (signed === undefined) return err('damaged', `The receipt of ${other.release.node} is missing.`);
    workers.push({ ...other, receipt: signed });
  }
  return ok({ order: record.orderEnvelope, workers, release: leader.release, frames: leader.frames, receipt });
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

/** The nodes that got the key under an order, by rank, each with its release and its chain. Errors: `damaged`. */
function sessionsIn(
  store: FrameStore,
  from: Pick<RunRecord, 'session' | 'workers' | 'view'>,
  order: RunRecord['order'],
  evidence: readonly EvidenceRecord[],
): Result<{ release: PackRelease; frames: Frame[] }[]> {
  const sessions: { release: PackRelease; frames: Frame[] }[] = [];
  for (const session of sessionsOf(from)) {
    const release = releaseOf(session, order, evidence);
    if (!release.ok) return release;
    const frames = readFrames(store, from.view.id, telemetryLane(session.node, order.attempt?.number ?? 1));
    if (!frames.ok) return frames;
    sessions.push({ release: release.value, frames: frames.value });
  }
  return ok(sessions);
}

function releaseOf(
  session: Session,
  order: RunRecord['order'],
  evidence: readonly EvidenceRecord[],
): Result<PackRelease> {
  const index = evidence.findIndex(({ view }) => view.id === session.evidence[0]?.id);
  const basis = evidence[index];
  if (basis === undefined) {
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
