import type { ZodType } from 'zod';
import { auditBundleSchema, type AuditBundle } from '../../contract/audit.ts';
import { dsseEnvelopeSchema, type DsseEnvelope } from '../../contract/dsse.ts';
import { attemptsLimit } from '../../contract/job.ts';
import { policySchema, type Policy } from '../../contract/policy.ts';
import {
  packAnchorsSchema,
  packEvidenceSchema,
  packPaths,
  packReleaseSchema,
  type PackAnchors,
  type PackEvidence,
  type PackRelease,
} from '../../contract/pack.ts';
import type { Frame } from '../../contract/wire.ts';
import { canonicalJson } from '../dsse/dsse.ts';
import { parseCanonical, type PackEntries } from './container.ts';
import { writeFrames } from './metric-chain.ts';

/** What belongs to one node that got the key, read but not yet believed. */
export interface PackSession {
  readonly release: PackRelease;
  /** JSON lines; read by the walk of the chain. */
  readonly telemetry: Uint8Array;
}

/** A node of rank 1 or up, in the attempt that succeeded. */
export interface PackWorker extends PackSession {
  readonly receipt: DsseEnvelope;
}

/** An attempt that ended without a model. */
export interface PackAttempt {
  readonly order: DsseEnvelope;
  /** By rank; empty when no node got the key. */
  readonly sessions: readonly PackSession[];
  /** Absent when no node got the key, so that there was nothing to fail. */
  readonly failure?: DsseEnvelope;
}

/** The attempt that ended with a model: the release, telemetry and receipt of rank 0, and those of the others. */
export interface PackSuccess extends PackWorker {
  readonly order: DsseEnvelope;
  readonly workers: readonly PackWorker[];
}

/** What every pack has. */
interface PackCommon {
  readonly manifest: DsseEnvelope;
  readonly policy: Policy;
  readonly anchors: PackAnchors;
  readonly evidence: readonly PackEvidence[];
  readonly audit: AuditBundle;
}

/** Everything a pack says, read but not yet believed. */
export interface PackContents extends PackCommon {
  /** Absent in the pack of a run that did not succeed. */
  readonly success?: PackSuccess;
  /** The attempts without a model: the first is number 1. */
  readonly attempts: readonly PackAttempt[];
}

type WithFrames<T extends PackSession> = Omit<T, 'telemetry'> & { readonly frames: readonly Frame[] };

/** What a run that did not succeed leaves, before it is written: telemetry as frames. */
export interface FailedPackDocuments extends PackCommon {
  readonly attempts: readonly (Omit<PackAttempt, 'sessions'> & {
    readonly sessions: readonly WithFrames<PackSession>[];
  })[];
}

/** The same with the attempt that succeeded. */
export interface PackDocuments extends FailedPackDocuments, WithFrames<PackWorker> {
  readonly order: DsseEnvelope;
  readonly workers: readonly WithFrames<PackWorker>[];
}

/** The entries of a pack, in their one form. */
export function writeContents(contents: PackDocuments | FailedPackDocuments): PackEntries {
  const entries = new Map<string, Uint8Array>([
    [packPaths.manifest, canonicalJson(contents.manifest)],
    [packPaths.policy, canonicalJson(contents.policy)],
    [packPaths.anchors, canonicalJson(contents.anchors)],
    ...contents.evidence.map((item, at): [string, Uint8Array] => [packPaths.evidence(at), canonicalJson(item)]),
    [packPaths.audit, canonicalJson(contents.audit)],
  ]);
  const session = (attempt: number | undefined, rank: number, { release, frames }: WithFrames<PackSession>): void => {
    entries.set(packPaths.release(attempt, rank), canonicalJson(release));
    entries.set(packPaths.telemetry(attempt, rank), writeFrames(frames));
  };
  if ('order' in contents) {
    entries.set(packPaths.order(), canonicalJson(contents.order));
    [contents, ...contents.workers].forEach((worker, rank) => {
      session(undefined, rank, worker);
      entries.set(packPaths.receipt(rank), canonicalJson(worker.receipt));
    });
  }
  contents.attempts.forEach(({ order, sessions, failure }, at) => {
    entries.set(packPaths.order(at + 1), canonicalJson(order));
    sessions.forEach((item, rank) => session(at + 1, rank, item));
    if (failure !== undefined) entries.set(packPaths.failure(at + 1), canonicalJson(failure));
  });
  return entries;
}

/**
 * Reads every entry under its schema. All entries must be there, in canonical form, and no other: an entry that nobody
 * reads would be a place to hide something in.
 */
export function readContents(
  entries: PackEntries,
): { readonly ok: true; readonly value: PackContents } | { readonly ok: false; readonly detail: string } {
  let problem: string | undefined;
  const seen = new Set<string>();
  const read = <T>(path: string, schema: ZodType<T>): T | undefined => {
    seen.add(path);
    const bytes = entries.get(path);
    const json = bytes === undefined ? undefined : parseCanonical(bytes);
    const parsed = json === undefined ? undefined : schema.safeParse(json.value);
    if (parsed?.success === true) return parsed.data;
    const issue = parsed?.error.issues[0];
    problem ??=
      bytes === undefined
        ? `The pack has no ${path}.`
        : json === undefined
          ? `${path} is not JSON in its canonical form.`
          : `${path} is malformed at ${issue?.path.map(String).join('.')}: ${issue?.message}.`;
    return undefined;
  };
  const lines = (path: string): Uint8Array => {
    seen.add(path);
    const bytes = entries.get(path);
    if (bytes === undefined) problem ??= `The pack has no ${path}.`;
    return bytes ?? new Uint8Array(0);
  };
  const session = (attempt: number | undefined, rank: number): PackSession[] => {
    const release = read(packPaths.release(attempt, rank), packReleaseSchema);
    const telemetry = lines(packPaths.telemetry(attempt, rank));
    return release === undefined ? [] : [{ release, telemetry }];
  };
  const attempts: PackAttempt[] = [];
  for (let number = 1; number < attemptsLimit && entries.has(packPaths.order(number)); number++) {
    const signed = read(packPaths.order(number), dsseEnvelopeSchema);
    const sessions: PackSession[] = [];
    for (let rank = 0; entries.has(packPaths.release(number, rank)); rank++) sessions.push(...session(number, rank));
    const failure = entries.has(packPaths.failure(number))
      ? read(packPaths.failure(number), dsseEnvelopeSchema)
      : undefined;
    if (signed !== undefined) {
      attempts.push({ order: signed, sessions, ...(failure === undefined ? {} : { failure }) });
    }
  }
  const success = (): PackSuccess | undefined => {
    const order = read(packPaths.order(), dsseEnvelopeSchema);
    const workers: PackWorker[] = [];
    for (let rank = 0; rank === 0 || entries.has(packPaths.release(undefined, rank)); rank++) {
      const signed = read(packPaths.receipt(rank), dsseEnvelopeSchema);
      for (const one of session(undefined, rank)) if (signed !== undefined) workers.push({ ...one, receipt: signed });
    }
    const [leader, ...others] = workers;
    return order === undefined || leader === undefined ? undefined : { order, ...leader, workers: others };
  };
  // A pack with attempts and no last order is that of a run that did not succeed; any other must have what a model needs.
  const succeeded = entries.has(packPaths.order()) || attempts.length === 0 ? success() : undefined;
  const manifest = read(packPaths.manifest, dsseEnvelopeSchema);
  const policy = read(packPaths.policy, policySchema);
  const anchors = read(packPaths.anchors, packAnchorsSchema);
  const evidence: (PackEvidence | undefined)[] = [];
  do evidence.push(read(packPaths.evidence(evidence.length), packEvidenceSchema));
  while (entries.has(packPaths.evidence(evidence.length)));
  const audit = read(packPaths.audit, auditBundleSchema);
  const stranger = [...entries.keys()].find((path) => !seen.has(path));
  if (stranger !== undefined) problem ??= `The pack holds ${stranger}, which no pack has.`;
  if (
    problem !== undefined ||
    manifest === undefined ||
    policy === undefined ||
    anchors === undefined ||
    audit === undefined
  ) {
    return { ok: false, detail: problem ?? 'The pack is incomplete.' };
  }
  return {
    ok: true,
    value: {
      ...(succeeded === undefined ? {} : { success: succeeded }),
      attempts,
      manifest,
      policy,
      anchors,
      evidence: evidence.filter((item) => item !== undefined),
      audit,
    },
  };
}
