import { bytesToHex } from '@noble/hashes/utils.js';
import type { JobOrder } from '../../contract/job.ts';
import type { PackEvidence } from '../../contract/pack.ts';
import { packPaths } from '../../contract/pack.ts';
import { ok } from '../../contract/result.ts';
import { canonicalJson } from '../dsse/dsse.ts';
import { equalBytes } from '../merkle/merkle.ts';
import type { Appraiser, EarSummary, Reappraisal } from './appraiser.ts';
import { overridden } from './check-override.ts';
import type { PackContext } from './context.ts';
import { checkRelease, releasesOf } from './check-release.ts';
import type { CheckedEvidence } from './checked-evidence.ts';

/** Every answer verified again, every EAR under its signature and against that, and the releases that rest on one. */
export function checkEvidence(context: PackContext, appraiser: Appraiser): CheckedEvidence[] {
  const { contents, crypto, list } = context;
  const releases = new Set(releasesOf(context).map(({ release }) => release.evidence));
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
    checkEar(context, appraiser, {
      at,
      record,
      sha256,
      again: again.ok ? again.value : undefined,
      rests: releases.has(path),
    });
    return {
      path,
      record,
      sha256,
      simulated: again.ok ? again.value.verification.simulated : contents.anchors.simulated,
      ...(again.ok ? { again: again.value } : {}),
    };
  });
  list.notChecked.push(...limitsOf(checked));
  for (const released of releasesOf(context)) checkRelease(context, checked, released);
  return checked;
}

function differences(record: PackEvidence, again: Reappraisal, context: PackContext): string[] {
  const { order, contents } = context;
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
  const asked = [...context.attempts, context].some((attempt) => attempt.order.jobId === challenge.jobId);
  if (!asked) problems.push('the challenge is of another job');
  if (verification.simulated && !contents.anchors.simulated)
    problems.push('simulated evidence in a pack that denies it');
  return problems;
}

function checkEar(
  { opened, contents, order, list }: PackContext,
  appraiser: Appraiser,
  item: { at: number; record: PackEvidence; sha256: string; again: Reappraisal | undefined; rests: boolean },
): void {
  const { at, record, rests } = item;
  const title = `Attestation result (EAR) of ${record.node}: signed, and equal to what the evidence gives now`;
  if (record.ear === '') {
    // Renewals go on while the vault is locked, and nothing can be signed then (DESIGN §9). A release cannot rest on one.
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
