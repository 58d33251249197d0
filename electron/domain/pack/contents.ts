import type { ZodType } from 'zod';
import { auditBundleSchema, type AuditBundle } from '../../contract/audit.ts';
import { dsseEnvelopeSchema, type DsseEnvelope } from '../../contract/dsse.ts';
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

/** Everything a pack says, read but not yet believed. */
export interface PackContents {
  readonly order: DsseEnvelope;
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

/** The entries of a pack, in their one form. */
export function writeContents(contents: Omit<PackContents, 'telemetry'> & { frames: readonly Frame[] }): PackEntries {
  return new Map<string, Uint8Array>([
    [packPaths.order, canonicalJson(contents.order)],
    [packPaths.manifest, canonicalJson(contents.manifest)],
    [packPaths.policy, canonicalJson(contents.policy)],
    [packPaths.anchors, canonicalJson(contents.anchors)],
    ...contents.evidence.map((item, at): [string, Uint8Array] => [packPaths.evidence(at), canonicalJson(item)]),
    [packPaths.release, canonicalJson(contents.release)],
    [packPaths.telemetry, writeFrames(contents.frames)],
    [packPaths.receipt, canonicalJson(contents.receipt)],
    [packPaths.audit, canonicalJson(contents.audit)],
  ]);
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
  const order = read(packPaths.order, dsseEnvelopeSchema);
  const manifest = read(packPaths.manifest, dsseEnvelopeSchema);
  const policy = read(packPaths.policy, policySchema);
  const anchors = read(packPaths.anchors, packAnchorsSchema);
  const evidence: (PackEvidence | undefined)[] = [];
  do evidence.push(read(packPaths.evidence(evidence.length), packEvidenceSchema));
  while (entries.has(packPaths.evidence(evidence.length)));
  const release = read(packPaths.release, packReleaseSchema);
  const receipt = read(packPaths.receipt, dsseEnvelopeSchema);
  const audit = read(packPaths.audit, auditBundleSchema);
  const telemetry = entries.get(packPaths.telemetry);
  seen.add(packPaths.telemetry);
  const stranger = [...entries.keys()].find((path) => !seen.has(path));
  if (stranger !== undefined) problem ??= `The pack holds ${stranger}, which no pack has.`;
  if (telemetry === undefined) problem ??= `The pack has no ${packPaths.telemetry}.`;
  if (
    problem !== undefined ||
    order === undefined ||
    manifest === undefined ||
    policy === undefined ||
    anchors === undefined ||
    release === undefined ||
    receipt === undefined ||
    audit === undefined ||
    telemetry === undefined
  ) {
    return { ok: false, detail: problem ?? 'The pack is incomplete.' };
  }
  return {
    ok: true,
    value: {
      order,
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
