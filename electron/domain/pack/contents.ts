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

/** Everything a pack says, read but not yet believed. */
export interface PackContents {
  /** Of the attempt that succeeded, as are release, telemetry and receipt. */
  readonly order: DsseEnvelope;
  /** Those before it: the first is number 1. */
  readonly attempts: readonly PackAttempt[];
  readonly workers: readonly PackWorker[];
  readonly manifest: DsseEnvelope;
  readonly policy: Policy;
  readonly anchors: PackAnchors;
  readonly evidence: readonly PackEvidence[];
  readonly release: PackRelease;
  /** JSON lines; read by the walk of the chain. */
  readonly telemetry: Uint8Array;
  readonly receipt: DsseEnvelope;
  readonly audit: AuditBundle;
}

type WithFrames<T extends PackSession> = Omit<T, 'telemetry'> & { readonly frames: readonly Frame[] };

/** The same before it is written: telemetry as frames. */
export type PackDocuments = Omit<PackContents, 'telemetry' | 'attempts' | 'workers'> & {
  readonly frames: readonly Frame[];
  readonly attempts: readonly (Omit<PackAttempt, 'sessions'> & {
    readonly sessions: readonly WithFrames<PackSession>[];
  })[];
  readonly workers: readonly WithFrames<PackWorker>[];
};

/** The entries of a pack, in their one form. */
export function writeContents(contents: PackDocuments): PackEntries {
  const entries = new Map<string, Uint8Array>([
    [packPaths.order(), canonicalJson(contents.order)],
    [packPaths.manifest, canonicalJson(contents.manifest)],
    [packPaths.policy, canonicalJson(contents.policy)],
    [packPaths.anchors, canonicalJson(contents.anchors)],
    ...contents.evidence.map((item, at): [string, Uint8Array] => [packPaths.evidence(at), canonicalJson(item)]),
    [packPaths.receipt(), canonicalJson(contents.receipt)],
    [packPaths.audit, canonicalJson(contents.audit)],
  ]);
  const session = (attempt: number | undefined, rank: number, { release, frames }: WithFrames<PackSession>): void => {
    entries.set(packPaths.release(attempt, rank), canonicalJson(release));
    entries.set(packPaths.telemetry(attempt, rank), writeFrames(frames));
  };
  session(undefined, 0, contents);
  contents.workers.forEach((worker, at) => {
    session(undefined, at + 1, worker);
    entries.set(packPaths.receipt(at + 1), canonicalJson(worker.receipt));
  });
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
  const workers: PackWorker[] = [];
  for (let rank = 1; entries.has(packPaths.release(undefined, rank)); rank++) {
    const signed = read(packPaths.receipt(rank), dsseEnvelopeSchema);
    for (const one of session(undefined, rank)) if (signed !== undefined) workers.push({ ...one, receipt: signed });
  }
  const order = read(packPaths.order(), dsseEnvelopeSchema);
  const manifest = read(packPaths.manifest, dsseEnvelopeSchema);
  const policy = read(packPaths.policy, policySchema);
  const anchors = read(packPaths.anchors, packAnchorsSchema);
  const evidence: (PackEvidence | undefined)[] = [];
  do evidence.push(read(packPaths.evidence(evidence.length), packEvidenceSchema));
  while (entries.has(packPaths.evidence(evidence.length)));
  const release = read(packPaths.release(), packReleaseSchema);
  const telemetry = lines(packPaths.telemetry());
  const receipt = read(packPaths.receipt(), dsseEnvelopeSchema);
  const audit = read(packPaths.audit, auditBundleSchema);
  const stranger = [...entries.keys()].find((path) => !seen.has(path));
  if (stranger !== undefined) problem ??= `The pack holds ${stranger}, which no pack has.`;
  if (
    problem !== undefined ||
    order === undefined ||
    manifest === undefined ||
    policy === undefined ||
    anchors === undefined ||
    release === undefined ||
    receipt === undefined ||
    audit === undefined
  ) {
    return { ok: false, detail: problem ?? 'The pack is incomplete.' };
  }
  return {
    ok: true,
    value: {
      order,
      attempts,
      workers,
      manifest,
      policy,
      anchors,
      evidence: evidence.filter((item) => item !== undefined),
      release,
      telemetry,
      receipt,
      audit,
    },
  };
}
