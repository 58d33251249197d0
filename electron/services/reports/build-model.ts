import type { FailedAttempt } from '../../contract/attempts.ts';
import { payloadTypes } from '../../contract/dsse.ts';
import { jobOrderSchema } from '../../contract/job.ts';
import { receiptStatementSchema } from '../../contract/receipt.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import type { PackVerdict, RunView } from '../../contract/views.ts';
import { keyIdOf, readUnverified } from '../../domain/dsse/dsse.ts';
import { openPack } from '../../domain/pack/container.ts';
import { readContents } from '../../domain/pack/contents.ts';
import type { ReportModel } from './report-model.ts';

export interface ReportInput {
  readonly pack: { readonly bytes: Uint8Array; readonly sha256: string; readonly fileName: string };
  /** Of exactly these bytes. */
  readonly verdict: PackVerdict;
  /** For the attestation lanes and times, which no document of the pack draws. */
  readonly run: RunView;
  readonly madeAt: string;
}

/** What the report prints, out of the pack and its verdict. Errors: `integrity` for a pack that does not open. */
export function buildReportModel({ pack, verdict, run, madeAt }: ReportInput): Result<ReportModel> {
  const opened = openPack(pack.bytes);
  if (!opened.ok) return err('integrity', opened.fault.detail);
  const contents = readContents(opened.value.entries);
  if (!contents.ok) return err('integrity', contents.detail);
  const { success, evidence, audit, policy } = contents.value;
  if (success === undefined) return err('wrong_state', 'The report tells of a model; this run did not end with one.');
  const order = readUnverified(success.order, jobOrderSchema);
  if (!order.ok) return order;
  const receipt = readUnverified(success.receipt, receiptStatementSchema);
  if (!receipt.ok) return receipt;
  const { release } = success;
  const { nacre, buildDefinition } = receipt.value.predicate;
  const { metadata } = receipt.value.predicate.runDetails;
  const { dataset, jobId, program } = order.value;
  const { simulated } = verdict;
  const attempts = verdict.summary?.attempts ?? [];
  const refused = [
    ...new Set(
      evidence
        .filter(({ status, override }) => status !== 'affirming' && override === undefined)
        .map(({ node }) => node),
    ),
  ];
  const model = receipt.value.subject[0]?.digest.sha256 ?? '';
  const gaps = run.nodes.flatMap((node) => node.lane).filter(({ state }) => state !== 'verified');
  const accuracy = nacre.heldOut;
  const organisation = keyIdOf(opened.value.organisationKey);
  return ok({
    title: order.value.name,
    subtitle: `${describe(program)} on the sealed dataset ${dataset.name}, ${
      simulated ? 'on a node of the SIMULATED local network' : 'on a node that proved what it runs'
    }.`,
    reportId: run.id,
    madeAt,
    simulated,
    verdict: describeVerdict(verdict, gaps.length, refused.length),
    scope: [
      {
        label: 'Dataset',
        value: `${dataset.name}, ${dataset.sealedBytes.toLocaleString('en-US')} B sealed`,
        mono: false,
      },
      { label: 'Merkle root', value: short(dataset.root), mono: true },
      { label: 'Job order', value: short(jobId), mono: true },
      { label: 'Policy', value: `${policy.id}, ${short(order.value.policyDigest)}`, mono: false },
      { label: 'Run', value: span(clock(metadata.startedOn), clock(metadata.finishedOn)), mono: false },
      { label: 'Nodes', value: `${release.node}; ${refused.length} refused`, mono: false },
      { label: 'Image', value: short(imageOf(buildDefinition.resolvedDependencies)), mono: true },
      { label: 'Model', value: short(model), mono: true },
    ],
    proves: [
      attempts.length === 0
        ? `The key of ${dataset.name} was released to one node only, ${release.node}, after its evidence passed the policy.`
        : `The key of ${dataset.name} was released in ${attempts.length + 1} attempts, each time after evidence passed the policy; ${release.node} finished.`,
      simulated
        ? 'That evidence has the real formats and verifies under the simulated roots of the local network.'
        : 'That evidence was made by genuine hardware for our nonce, and binds the keys used here.',
      `The attested key signed every one of ${nacre.frames.toLocaleString('en-US')} telemetry frames, without a gap.`,
      'The receipt ties model, order, dataset root and telemetry together under that same key.',
      ...(accuracy === undefined
        ? []
        : [`The trainer reported accuracy ${accuracy.accuracy.toFixed(4)} on ${accuracy.rows} held-out rows.`]),
    ],
    doesNotProve: [
      ...(simulated ? ['That any of this ran on genuine hardware: it is SIMULATED.'] : []),
      'That the model is accurate, fair or safe for use.',
      'That the model has memorised no row. That needs its own test.',
      'That nobody attacked a machine physically. No evidence can show it.',
      'When it happened by any clock but that of the desk.',
    ],
    mustStillDo: [
      'Verify the pack yourself, on a machine with no network.',
      `Compare the organisation key ${short(organisation)} with one you got elsewhere.`,
      `Check that ${policy.name} is the policy your board approved.`,
      ...(gaps.length > 0 ? [`Accept ${gaps.length} gaps in evidence in writing, or ask for a rerun.`] : []),
    ],
    custody: [
      { title: 'Sealed', lines: ['on the desk', `root ${brief(dataset.root)}`] },
      { title: 'Ordered', lines: [clock(order.value.createdAt), `order ${brief(jobId)}`] },
      { title: 'Attested', lines: [`${evidence.length} answers`, `ear ${brief(release.earSha256)}`] },
      {
        title: 'Released',
        lines: [
          attempts.length === 0 ? '1 key, HPKE' : `${attempts.length + 1} times, HPKE`,
          `until ${clock(release.aad.notAfter).slice(5)}`,
        ],
      },
      { title: 'Trained', lines: [`${nacre.lastStep} steps`, `chain ${brief(nacre.chainHead)}`] },
      { title: 'Received', lines: [clock(metadata.finishedOn), `model ${brief(model)}`] },
    ],
    attempts: attempts.map(describeAttempt),
    lanes: run.nodes.map((node) => ({
      node: node.name,
      note: node.trust === 'refused' ? `refused: ${node.reason ?? 'no reason given'}` : 'no steps on this node',
      segments: node.lane.map(({ fromStep, untilStep, state }) => ({ from: fromStep, until: untilStep, state })),
    })),
    lastStep: nacre.lastStep,
    signatures: [
      {
        role: 'Agent, attested key',
        lines: [`ed25519 ${short(keyIdOf(Buffer.from(nacre.signingKey, 'base64')))}`, clock(metadata.finishedOn)],
      },
      {
        role: 'Organisation',
        lines: [
          `ed25519 ${short(organisation)}`,
          run.receipt?.countersignedAt === undefined ? '' : clock(run.receipt.countersignedAt),
        ],
      },
    ],
    pack: { fileName: pack.fileName, sha256: pack.sha256, log: describeLog(audit.checkpoint) },
    checks: verdict.checks,
    notChecked: verdict.notChecked,
    digests: [
      { label: 'Pack', value: pack.sha256 },
      { label: 'Job id', value: jobId },
      { label: 'Dataset root', value: dataset.root },
      { label: 'Manifest', value: dataset.manifestSha256 },
      { label: 'Policy', value: order.value.policyDigest },
      { label: 'Image (SHA-384)', value: imageOf(buildDefinition.resolvedDependencies) },
      { label: 'Telemetry chain', value: nacre.chainHead },
      ...receipt.value.subject.map(({ name, digest }) => ({ label: name, value: digest.sha256 })),
      { label: 'Organisation key', value: organisation },
      { label: 'Receipt type', value: payloadTypes.inToto },
    ],
  });
}

/** `2026-11-23 02:01 to 02:05 UTC`; the day of the end only when it is another. */
function span(start: string, end: string): string {
  return `${start} to ${start.slice(0, 10) === end.slice(0, 10) ? end.slice(11) : end} UTC`;
}

function describeVerdict(verdict: PackVerdict, gaps: number, refused: number): ReportModel['verdict'] {
  const failed = verdict.checks.filter(({ required, outcome }) => required && outcome !== 'pass');
  if (failed.length > 0) {
    const sentence = failed[0]?.detail ?? 'A required check did not pass.';
    return { tone: 'refused', headline: `${failed.length} checks did not pass`, sentence };
  }
  const passed = verdict.checks.filter(({ outcome }) => outcome === 'pass').length;
  const { length: all } = verdict.checks;
  const share =
    passed === all
      ? `All ${all} checks passed when they were made again from the pack.`
      : `${passed} of ${all} checks passed when they were made again from the pack; the rest could not be told here.`;
  const sentence = `${share} ${refused === 1 ? '1 node was' : `${refused} nodes were`} refused and got no key.`;
  if (verdict.simulated) {
    return {
      tone: 'warning',
      headline: 'Whole and consistent, on SIMULATED hardware',
      sentence,
      exception: {
        headline: 'SIMULATED',
        sentence:
          'The evidence was signed by software under the roots of the local network. No hardware vouches for it.',
      },
    };
  }
  if (gaps === 0) return { tone: 'verified', headline: 'Affirming', sentence };
  return {
    tone: 'warning',
    headline: 'Affirming, with gaps',
    sentence,
    exception: { headline: `${gaps} gaps`, sentence: 'Steps ran without fresh evidence. See the lanes below.' },
  };
}

function describeAttempt(attempt: FailedAttempt): ReportModel['attempts'][number] {
  const { number, node, failureClass, lastStep, lostSteps, seconds, costUsd, cause, lastSignedAt, observedAt } =
    attempt;
  const sign = lastSignedAt === undefined ? 'no signed frame came' : `signed until ${lastSignedAt.slice(11, 19)}`;
  return {
    title: `Attempt ${number} on ${node}: ${failureClass}`,
    figures: `step ${lastStep}, ${lostSteps} lost; ${seconds.toFixed(0)} s, $${costUsd.toFixed(4)}; ${sign}, found ${observedAt.slice(11, 19)} UTC`,
    cause,
  };
}

function describe(program: { type: 'builtin' | 'command' }): string {
  return program.type === 'builtin' ? 'A classifier trained by the built-in trainer' : 'A program of the owner ran';
}

/** The second and third line of a checkpoint are its size and root. */
function describeLog(checkpoint: string): string {
  const [origin = '', size = '', root = ''] = checkpoint.split('\n');
  return `log ${origin}, size ${size}, root ${root}`;
}

function imageOf(
  resources: readonly { readonly name: string; readonly digest: { readonly sha384?: string | undefined } }[],
): string {
  return resources.find(({ name }) => name === 'image')?.digest.sha384 ?? 'not named';
}

/** GUIDE §3: the first 8 and the last 4 characters. */
function short(digest: string): string {
  return digest.length > 16 ? `${digest.slice(0, 8)}…${digest.slice(-4)}` : digest;
}

/** For columns of twenty characters. */
function brief(digest: string): string {
  return `${digest.slice(0, 6)}…${digest.slice(-4)}`;
}

function clock(time: string): string {
  return time.replace('T', ' ').slice(0, 16);
}
