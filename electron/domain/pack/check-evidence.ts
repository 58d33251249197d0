import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { JobOrder } from '../../contract/job.ts';
import type { PackEvidence } from '../../contract/pack.ts';
import { packPaths } from '../../contract/pack.ts';
import { ok } from '../../contract/result.ts';
import { isAccepted } from '../approval/override.ts';
import { canonicalJson } from '../dsse/dsse.ts';
import { equalBytes } from '../merkle/merkle.ts';
import type { Appraiser, EarSummary, Reappraisal } from './appraiser.ts';
import { overridden } from './check-override.ts';
import type { PackContext } from './context.ts';
import { releaseInfoHex } from './release-info.ts';

/** One record of evidence with what verifying it again gave. */
export interface CheckedEvidence {
  readonly path: string;
  readonly record: PackEvidence;
  /** Hex SHA-256 of the JCS of the answer. */
  readonly sha256: string;
  readonly simulated: boolean;
  /** Absent when the answer could not be read again. */
  readonly again?: Reappraisal;
  /** True for the record that the key release rests on, when that release holds. */
  readonly carriesRelease: boolean;
}

/** Every answer verified again, every EAR under its signature and against that, and the release that rests on one. */
export function checkEvidence(context: PackContext, appraiser: Appraiser): CheckedEvidence[] {
  const { contents, crypto, list } = context;
  const checked = contents.evidence.map((record, at): CheckedEvidence => {
    const path = packPaths.evidence(at);
    const judged = appraiser.reappraise(record, contents.policy, contents.anchors);
    const again = judged.ok ? ok(overridden(context, at, record, judged.value)) : judged;
    const sha256 = bytesToHex(crypto.sha256(canonicalJson(record.answer)));
    const title = `Evidence of ${record.node}, verified again by the clock of ${record.verifiedAt}`;
    if (again.ok) {
      list.judge(`evidence.${at}`, title, 'verdict-differs', differences(record, again.value, context));
    } else if (record.status === 'affirming') {
      list.fail(`evidence.${at}`, title, 'evidence-unreadable', `${path}: ${again.error.message}`);
    } else list.pass(`evidence.${at}`, `${title}: refused then, unreadable now`);
    checkEar(context, appraiser, { at, record, sha256, again: again.ok ? again.value : undefined });
    return {
      path,
      record,
      sha256,
      simulated: again.ok ? again.value.verification.simulated : contents.anchors.simulated,
      carriesRelease: contents.release.evidence === path,
      ...(again.ok ? { again: again.value } : {}),
    };
  });
  list.notChecked.push(...limitsOf(checked));
  checkRelease(context, checked);
  return checked;
}

function differences(record: PackEvidence, again: Reappraisal, { order, contents }: PackContext): string[] {
  const { verification } = again;
  const { challenge } = record;
  const problems: string[] = [];
  if (verification.status !== record.status) {
    const why = verification.reasonDetail ?? verification.reason ?? 'no reason given';
    problems.push(`it was recorded as ${record.status}, but verifies as ${verification.status}: ${why}`);
  } else if (verification.reason !== record.reason) {
    problems.push(
      `it was recorded as "${record.reason ?? 'none'}", but the reason is "${verification.reason ?? 'none'}"`,
    );
  }
  if (verification.node !== record.node)
    problems.push(`the evidence is of ${verification.node}, not of ${record.node}`);
  if (challenge.policyDigest !== order.policyDigest) problems.push('the challenge asks under another policy');
  if (challenge.jobId !== order.jobId) problems.push('the challenge is of another job');
  if (verification.simulated && !contents.anchors.simulated)
    problems.push('simulated evidence in a pack that denies it');
  return problems;
}

function checkEar(
  { opened, contents, order, list }: PackContext,
  appraiser: Appraiser,
  item: { at: number; record: PackEvidence; sha256: string; again: Reappraisal | undefined },
): void {
  const { at, record } = item;
  const title = `Attestation result (EAR) of ${record.node}: signed, and equal to what the evidence gives now`;
  if (record.ear === '') {
    // Renewals go on while the vault is locked, and nothing can be signed then (DESIGN §9). A release cannot rest on one.
    const rests = contents.release.evidence === packPaths.evidence(at);
    const detail = 'No result was signed at that time: the vault was locked.';
    list.unknown(`ear.${at}`, title, 'ear-unsigned', detail, rests);
    list.notChecked.push(`${record.node}: an attestation result of ${record.verifiedAt}, since none was signed.`);
    return;
  }
  const ear = appraiser.readEar(record.ear, opened.organisationKey);
  if (!ear.ok) {
    list.fail(`ear.${at}`, title, 'ear-signature', `${packPaths.evidence(at)}: ${ear.error.message}`);
    return;
  }
  list.judge(`ear.${at}`, title, 'ear-differs', earProblems(ear.value, item, contents.anchors.simulated, order));
}

function earProblems(
  ear: EarSummary,
  { record, sha256, again }: { record: PackEvidence; sha256: string; again: Reappraisal | undefined },
  simulatedPack: boolean,
  order: JobOrder,
): string[] {
  const { challenge } = record;
  const problems: string[] = [];
  if (ear.node !== record.node) problems.push(`it is about ${ear.node}`);
  if (ear.status !== (again?.verification.status ?? record.status)) problems.push(`it says ${ear.status}`);
  const { override } = again?.verification ?? {};
  if (ear.overrideRequest !== (override === undefined ? undefined : `sha256:${override.requestId}`)) {
    problems.push('it names another override');
  }
  if (ear.simulated !== (again?.verification.simulated ?? simulatedPack)) problems.push('its SIMULATED mark is wrong');
  if (ear.policyDigest !== order.policyDigest) problems.push('it was made under another policy');
  if (ear.evidenceSha256 !== sha256) problems.push('it is about other evidence');
  if (ear.nonce !== challenge.nonce || ear.sessionId !== challenge.sessionId || ear.jobId !== challenge.jobId) {
    problems.push('it answers another challenge');
  }
  for (const part of again?.verification.submodules ?? []) {
    const claimed = ear.parts[part.name];
    if (claimed?.status !== part.status) problems.push(`it says ${claimed?.status ?? 'nothing'} of ${part.name}`);
    else if (!equalBytes(canonicalJson(claimed.measurements), canonicalJson(part.measurements))) {
      problems.push(`it names other measurements of ${part.name}`);
    }
  }
  return problems;
}

function checkRelease({ contents, order, crypto, list }: PackContext, evidence: readonly CheckedEvidence[]): void {
  const { release } = contents;
  const title = 'The key was released to one node: to verified evidence, for this order, policy and dataset';
  const basis = evidence.find(({ path }) => path === release.evidence);
  if (basis === undefined) {
    list.fail(
      'release',
      title,
      'release-without-evidence',
      `The release rests on ${release.evidence}: not in the pack.`,
    );
    return;
  }
  const problems: string[] = [];
  const { record, again } = basis;
  const expected = {
    datasetRoot: order.dataset.root,
    jobId: order.jobId,
    policyDigest: order.policyDigest,
    notAfter: release.aad.notAfter,
    ...(order.attempt?.resume === undefined ? {} : { inputs: [order.attempt.resume.root] }),
  };
  if (!equalBytes(canonicalJson(release.aad), canonicalJson(expected))) {
    problems.push('the associated data names another dataset, job or policy');
  }
  if (again === undefined || !isAccepted(again.verification))
    problems.push(`the evidence of ${record.node} does not verify`);
  if (release.node !== record.node) problems.push(`the key went to ${release.node}, the evidence is of ${record.node}`);
  if (!order.nodes.includes(release.node)) problems.push(`the order does not name ${release.node}`);
  if (record.challenge.sessionId !== release.sessionId) problems.push('the session is not that of the challenge');
  if (bytesToHex(crypto.sha256(utf8ToBytes(record.ear))) !== release.earSha256) problems.push('it names another EAR');
  if (releaseInfoHex(record.challenge, record.answer, record.ear) !== release.info) {
    problems.push('its info does not bind this challenge, evidence and EAR');
  }
  if (release.aad.notAfter > order.notAfter) problems.push('it is valid longer than the order');
  list.judge('release', title, 'release-unbound', problems);
}

/** What the verifications say nothing about, each sentence once with the nodes that it is about. */
function limitsOf(evidence: readonly CheckedEvidence[]): string[] {
  const nodes = new Map<string, Set<string>>();
  for (const { record, again } of evidence) {
    if (again === undefined) continue;
    const { notChecked, submodules } = again.verification;
    const parts = submodules.flatMap((part) => part.notChecked.map((item) => `${part.name}: ${item}`));
    for (const sentence of [...notChecked, ...parts]) {
      nodes.set(sentence, (nodes.get(sentence) ?? new Set()).add(record.node));
    }
  }
  return [...nodes].map(([sentence, names]) => `${sentence} (${[...names].join(', ')})`);
}
