import { bytesToHex } from '@noble/hashes/utils.js';
import type { AuditEntry, AuditKind } from '../../contract/audit.ts';
import type { DsseEnvelope } from '../../contract/dsse.ts';
import type { JobOrder } from '../../contract/job.ts';
import { packPaths, type PackRelease } from '../../contract/pack.ts';
import { verifyAuditBundle } from '../audit/bundle.ts';
import { decodeBase64 } from '../encoding/base64.ts';
import type { CheckedEvidence } from './checked-evidence.ts';
import { overrideLogProblems } from './check-override.ts';
import { basisOf, releasesOf } from './check-release.ts';
import type { PackCrypto } from './container.ts';
import type { PackAttempt, PackSuccess } from './contents.ts';
import type { PackContext } from './context.ts';

/**
 * The log: every entry of the pack is proved under the signed checkpoint, and what had to be logged was, in the order in
 * which it had to happen.
 * @returns how the log says that a run without a receipt ended
 */
export function checkAudit(
  context: PackContext,
  evidence: readonly CheckedEvidence[],
): 'failed' | 'stopped' | undefined {
  const { contents, crypto, list, opened } = context;
  const title = 'Every log entry here is proved to be in the signed audit log';
  const bundle = verifyAuditBundle(contents.audit, { publicKey: opened.organisationKey, verify: crypto.verify });
  if (!bundle.ok) {
    list.fail('audit', title, 'log-proof', bundle.error.message);
    list.unknown('audit.story', storyTitle(context), 'log-proof', 'The proofs of the log do not hold.');
    return undefined;
  }
  const { size, root, entries } = bundle.value;
  list.pass('audit', title, `${entries.length} entries of ${size}, root ${root}`);
  list.judge('audit.story', storyTitle(context), 'log-incomplete', storyProblems(context, evidence, entries));
  return endedAs(context, entries);
}

function storyTitle({ contents }: PackContext): string {
  return contents.success === undefined
    ? 'The log shows every order signed, each key released to a verified node, and a run that ended without a receipt'
    : 'The log shows the order signed, the key released to the verified node, and the receipt countersigned';
}

function storyProblems(
  context: PackContext,
  evidence: readonly CheckedEvidence[],
  entries: readonly AuditEntry[],
): string[] {
  const { contents, crypto, attempts, opened } = context;
  const problems: string[] = [];
  const releases = releasesOf(context);
  let before: AuditEntry | undefined;
  for (const { order: ordered, number, documents } of [...attempts, ...successOf(context)]) {
    const path = packPaths.order(number);
    const ofJob = (kind: AuditKind): AuditEntry[] =>
      entries.filter((entry) => entry.kind === kind && entry.details['jobId'] === ordered.jobId);
    const signed = ofJob('order-signed')[0];
    if (signed === undefined) problems.push(`the log does not show the signing of ${path}`);
    else if (before !== undefined && signed.index < before.index) {
      problems.push(`${path} was signed before the failure of the attempt before it was put on record`);
    }
    const here = releases.filter((released) => released.order === ordered);
    for (const { release, path: entry } of here) {
      problems.push(...releaseProblems(release, entry, ordered, ofJob('key-released'), signed, evidence));
    }
    const stranger = ofJob('key-released').find(({ subject }) => !here.some(({ release }) => release.node === subject));
    if (stranger !== undefined) problems.push(`the log shows that the key also went to ${stranger.subject}`);
    before = documents?.failure === undefined ? undefined : ofJob('failure-receipt')[0];
    if (documents?.failure !== undefined && number !== undefined) {
      problems.push(...failureProblems(documents.failure, number, opened.index.runId, before, crypto));
    }
  }
  problems.push(...overrideLogProblems(evidence, entries));
  problems.push(
    ...(contents.success === undefined
      ? endProblems(context, entries)
      : successProblems(context, contents.success, entries)),
  );
  return problems;
}

/** A run without a receipt ended, by the log, and not with success. */
function endProblems({ opened, attempts }: PackContext, entries: readonly AuditEntry[]): string[] {
  const problems: string[] = [];
  if (endedAs({ opened }, entries) === undefined)
    problems.push('the log does not show that the run ended without success');
  const jobs = new Set<unknown>(attempts.map(({ order }) => order.jobId));
  if (entries.some(({ kind, details }) => kind === 'receipt-countersigned' && jobs.has(details['jobId']))) {
    problems.push('the log shows a receipt of success for this run');
  }
  return problems;
}

/** How the log says that a run without a receipt ended. */
function endedAs(
  { opened }: Pick<PackContext, 'opened'>,
  entries: readonly AuditEntry[],
): 'failed' | 'stopped' | undefined {
  const ended = entries.find(({ kind, subject }) => kind === 'run-ended' && subject === opened.index.runId);
  const state = ended?.details['state'];
  return state === 'failed' || state === 'stopped' ? state : undefined;
}

function successProblems(
  { order, crypto }: PackContext,
  { receipt, release }: PackSuccess,
  entries: readonly AuditEntry[],
): string[] {
  const problems: string[] = [];
  const statement = payloadDigest(receipt, crypto);
  const countersigned = entries.find(
    ({ kind, details }) =>
      kind === 'receipt-countersigned' && details['jobId'] === order.jobId && details['statementSha256'] === statement,
  );
  const released = entries.find(
    ({ kind, subject, details }) =>
      kind === 'key-released' && subject === release.node && details['sessionId'] === release.sessionId,
  );
  if (countersigned === undefined) problems.push('the log does not show the countersigning of this receipt');
  else if (released !== undefined && countersigned.index < released.index) {
    problems.push('the receipt was countersigned before the key was released');
  }
  return problems;
}

interface Attempted {
  readonly order: JobOrder;
  /** Absent: the last one. */
  readonly number?: number;
  readonly documents?: PackAttempt;
}

function successOf({ order, contents }: PackContext): Attempted[] {
  return contents.success === undefined ? [] : [{ order }];
}

function releaseProblems(
  release: PackRelease,
  path: string,
  order: JobOrder,
  releases: readonly AuditEntry[],
  signed: AuditEntry | undefined,
  evidence: readonly CheckedEvidence[],
): string[] {
  const released = releases.find(
    ({ subject, details }) => subject === release.node && details['sessionId'] === release.sessionId,
  );
  if (released === undefined) return [`the log does not show the key release of ${path}`];
  const problems: string[] = [];
  if (released.details['evidenceSha256'] !== basisOf(evidence, release)?.sha256) {
    problems.push(`the log names other evidence for ${path}`);
  }
  if (released.details['datasetRoot'] !== order.dataset.root)
    problems.push(`the log names another dataset for ${path}`);
  if (signed !== undefined && signed.index > released.index) problems.push('the key was released before the order');
  if (!released.simulated && evidence.some(({ simulated }) => simulated)) problems.push('the log hides SIMULATED');
  return problems;
}

/** A failure receipt is on the log as it stands here: signed anew with other figures it is another statement. */
function failureProblems(
  failure: DsseEnvelope,
  number: number,
  runId: string,
  logged: AuditEntry | undefined,
  crypto: PackCrypto,
): string[] {
  const path = packPaths.failure(number);
  if (logged === undefined) return [`the log does not show ${path}`];
  const { subject, details } = logged;
  const same =
    subject === runId && details['attempt'] === number && details['statementSha256'] === payloadDigest(failure, crypto);
  return same ? [] : [`the log shows another failure receipt than ${path}`];
}

function payloadDigest(envelope: DsseEnvelope, crypto: PackCrypto): string {
  const payload = decodeBase64(envelope.payload);
  return payload === undefined ? '' : bytesToHex(crypto.sha256(payload));
}
