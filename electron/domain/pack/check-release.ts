import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { JobOrder } from '../../contract/job.ts';
import { packPaths, type PackRelease } from '../../contract/pack.ts';
import { isAccepted } from '../approval/override.ts';
import { canonicalJson } from '../dsse/dsse.ts';
import { equalBytes } from '../merkle/merkle.ts';
import type { CheckedEvidence } from './checked-evidence.ts';
import type { PackContext } from './context.ts';
import { releaseInfoHex } from './release-info.ts';

/** One node that got the key, under one order. */
export interface Released {
  /** Of its row: `release`, `release.1` for rank 1, `attempt.1.release`. */
  readonly id: string;
  /** Its entry in the pack. */
  readonly path: string;
  readonly release: PackRelease;
  readonly order: JobOrder;
  readonly rank: number;
}

/** Every release of a pack: of earlier attempts first, by rank. */
export function releasesOf({ attempts, contents: { success }, order }: PackContext): Released[] {
  const earlier = attempts.flatMap(({ number, documents, order: ordered }) =>
    documents.sessions.map(({ release }, rank) => ({
      id: `attempt.${number}.release${rank === 0 ? '' : `.${rank}`}`,
      path: packPaths.release(number, rank),
      release,
      order: ordered,
      rank,
    })),
  );
  const last = (success === undefined ? [] : [success, ...success.workers]).map(({ release }, rank) => ({
    id: rank === 0 ? 'release' : `release.${rank}`,
    path: packPaths.release(undefined, rank),
    release,
    order,
    rank,
  }));
  return [...earlier, ...last];
}

/** The evidence that a release rests on; undefined when it is not in the pack. */
export function basisOf(
  evidence: readonly CheckedEvidence[],
  { evidence: path }: PackRelease,
): CheckedEvidence | undefined {
  return evidence.find((item) => item.path === path);
}

/** The key that signs for a released session: only when the evidence of the release verifies. */
export function attestedKeyOf(basis: CheckedEvidence | undefined): Uint8Array | undefined {
  return basis?.again !== undefined && isAccepted(basis.again.verification) ? basis.again.signingKey : undefined;
}

/** A release: to evidence that verifies, for its order and nothing else. */
export function checkRelease(
  { crypto, list }: Pick<PackContext, 'crypto' | 'list'>,
  evidence: readonly CheckedEvidence[],
  { id, path, release, order, rank }: Released,
): void {
  const alone = order.workers === undefined;
  const title =
    id === 'release' && alone
      ? 'The key was released to one node: to verified evidence, for this order, policy and dataset'
      : `The key was released to ${release.node}: to verified evidence, for its order, policy and dataset`;
  const basis = basisOf(evidence, release);
  if (basis === undefined) {
    const detail = `${path}: the release rests on ${release.evidence}: not in the pack.`;
    list.fail(id, title, 'release-without-evidence', detail);
    return;
  }
  const problems: string[] = [];
  const { record, again } = basis;
  const { worker } = release.aad;
  const expected = {
    datasetRoot: order.dataset.root,
    jobId: order.jobId,
    policyDigest: order.policyDigest,
    notAfter: release.aad.notAfter,
    ...(order.attempt?.resume === undefined ? {} : { inputs: [order.attempt.resume.root] }),
    ...(worker === undefined ? {} : { worker }),
  };
  if (!equalBytes(canonicalJson(release.aad), canonicalJson(expected))) {
    problems.push(`${path}: the associated data names another dataset, job or policy`);
  }
  if (again === undefined || !isAccepted(again.verification)) {
    problems.push(`${path}: the evidence of ${record.node} does not verify`);
  }
  if (release.node !== record.node) {
    problems.push(`${path}: the key went to ${release.node}, the evidence is of ${record.node}`);
  }
  if (!order.nodes.includes(release.node)) problems.push(`${path}: the order does not name ${release.node}`);
  if (record.challenge.jobId !== order.jobId) problems.push(`${path}: the evidence was given for another order`);
  if (record.challenge.sessionId !== release.sessionId) {
    problems.push(`${path}: the session is not that of the challenge`);
  }
  if (bytesToHex(crypto.sha256(utf8ToBytes(record.ear))) !== release.earSha256) {
    problems.push(`${path}: it names another EAR`);
  }
  if (releaseInfoHex(record.challenge, record.answer, record.ear) !== release.info) {
    problems.push(`${path}: its info does not bind this challenge, evidence and EAR`);
  }
  if (release.aad.notAfter > order.notAfter) problems.push(`${path}: it is valid longer than the order`);
  if ((worker === undefined) !== alone) problems.push(`${path}: it and the order do not agree on how many nodes train`);
  else if (worker !== undefined && (worker.rank !== rank || worker.nodes[rank] !== release.node)) {
    problems.push(`${path}: it gives rank ${worker.rank} to ${worker.nodes[worker.rank] ?? 'nobody'}`);
  }
  const stranger = worker?.nodes.find((node) => !order.nodes.includes(node));
  if (stranger !== undefined) problems.push(`${path}: the order does not name worker ${stranger}`);
  list.judge(id, title, 'release-unbound', problems);
}
