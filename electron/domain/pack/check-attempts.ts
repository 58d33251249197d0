import type { FailedAttempt } from '../../contract/attempts.ts';
import { payloadTypes } from '../../contract/dsse.ts';
import { failureStatementSchema, type FailureStatement } from '../../contract/failure-receipt.ts';
import { packPaths } from '../../contract/pack.ts';
import type { Frame } from '../../contract/wire.ts';
import { canonicalJson, verifyJson } from '../dsse/dsse.ts';
import { encodeBase64 } from '../encoding/base64.ts';
import { equalBytes } from '../merkle/merkle.ts';
import { compareFailure } from '../receipt/compare-failure.ts';
import { attestedKeyOf, basisOf } from './check-release.ts';
import { checkRenewal } from './check-renewal.ts';
import type { CheckedEvidence } from './checked-evidence.ts';
import type { OrderedAttempt, PackContext, SignedOrder } from './context.ts';
import { verifyFrames } from './metric-chain.ts';

/** One node's chain, checked. */
interface Worked {
  readonly node: string;
  readonly signingKey: Uint8Array;
  readonly basis: CheckedEvidence;
  readonly release: OrderedAttempt['documents']['sessions'][number]['release'];
  readonly frames: readonly Frame[];
}

/**
 * Attempts that ended without a model: their telemetry under the attested keys, and their failure receipts against what
 * orders, evidence and telemetry show. @returns what became of each, of those whose receipt holds, and how many frames all
 * of their nodes signed
 */
export function checkAttempts(
  context: PackContext,
  evidence: readonly CheckedEvidence[],
): { readonly failed: readonly FailedAttempt[]; readonly frames: number } {
  const { attempts, list } = context;
  const failed: FailedAttempt[] = [];
  let signed = 0;
  const checkpoints = new Map<string, number>();
  attempts.forEach((attempt, at) => {
    checkResume(context, attempt, packPaths.order(attempt.number), checkpoints);
    const worked = checkChains(context, attempt, evidence);
    for (const { frames } of worked) {
      signed += frames.length;
      for (const { body } of frames) {
        if (body.kind === 'artifact' && body.artifact.kind === 'checkpoint') {
          checkpoints.set(body.artifact.sha256, body.artifact.step ?? 0);
        }
      }
    }
    const next = attempts[at + 1] ?? (context.contents.success === undefined ? undefined : context);
    if (next === undefined && attempt.documents.failure === undefined && worked.length > 0) {
      checkOwnEnd(context, attempt.number, worked);
      return;
    }
    const statement = checkFailure(context, attempt, next, checkpoints, evidence, worked);
    if (statement !== undefined) failed.push(summaryOf(statement));
  });
  if (context.contents.success !== undefined) checkResume(context, context, packPaths.order(), checkpoints);
  if (attempts.length > 0) {
    list.notChecked.push(
      'Price an hour, class and cause of a failed attempt beyond what its evidence and telemetry show: the desk says so.',
    );
  }
  return { failed, frames: signed };
}

/** What an order resumes from must have been announced by a node that had the key before. */
function checkResume(
  { list }: PackContext,
  { order }: SignedOrder,
  path: string,
  checkpoints: ReadonlyMap<string, number>,
): void {
  const resume = order.attempt?.resume;
  if (resume === undefined) return;
  const title = `Attempt ${order.attempt?.number ?? 1} resumed from a checkpoint that an earlier node signed`;
  const step = checkpoints.get(resume.sha256);
  list.judge(
    `attempt.${order.attempt?.number ?? 1}.resume`,
    title,
    'unknown-checkpoint',
    step === resume.step
      ? []
      : [
          `${path} resumes from step ${resume.step}, sealed file ${resume.sha256}, which ${step === undefined ? 'no earlier telemetry announced' : `was announced as of step ${step}`}`,
        ],
  );
}

function checkChains(
  { crypto, list }: PackContext,
  { number, order, documents }: OrderedAttempt,
  evidence: readonly CheckedEvidence[],
): Worked[] {
  return documents.sessions.flatMap(({ release, telemetry }, rank): Worked[] => {
    const { node } = release;
    const id = `attempt.${number}.chain${rank === 0 ? '' : `.${rank}`}`;
    const title = `Attempt ${number}: every frame of ${node} is signed by its attested key and follows the one before`;
    const basis = basisOf(evidence, release);
    const signingKey = attestedKeyOf(basis);
    if (basis === undefined || signingKey === undefined) {
      list.unknown(id, title, 'no-attested-key', `No evidence that verifies says which key ${node} signs with.`);
      return [];
    }
    const frames: Frame[] = [];
    const chain = verifyFrames(telemetry, { jobId: order.jobId, node, signingKey }, crypto, (frame) => {
      frames.push(frame);
    });
    if (!chain.ok) {
      list.fail(id, title, 'metric-chain', `${packPaths.telemetry(number, rank)}: ${chain.error.message}`);
      return [];
    }
    list.pass(id, title, `${chain.value.frames} frames, last step ${chain.value.lastStep}`);
    return [{ node, signingKey, basis, release, frames }];
  });
}

/**
 * The last attempt of a run that did not succeed may have ended by its own program, by its budget or by a stop: that is
 * no node's failure, so there is no receipt of one. A node that signed the end says so itself.
 */
function checkOwnEnd({ list }: PackContext, number: number, worked: readonly Worked[]): void {
  const id = `attempt.${number}.end`;
  const title = `Attempt ${number} ended by no fault of a node: a node signed how`;
  const signed = worked.flatMap(({ node, frames }) => {
    const body = frames.at(-1)?.body;
    if (body?.kind !== 'state' || (body.state !== 'failed' && body.state !== 'stopped')) return [];
    return [
      `${node} signed that the job ${body.state === 'failed' ? 'failed' : 'was stopped'}: ${body.message ?? 'no reason was given'}`,
    ];
  });
  const [first] = signed;
  if (first !== undefined) {
    list.pass(id, title, first);
    return;
  }
  const detail = 'No node signed an end, and the organisation made no failure receipt.';
  list.unknown(id, title, 'no-signed-end', detail, false);
  list.notChecked.push(`How attempt ${number} ended: only the organisation says so, in its log.`);
}

function checkFailure(
  context: PackContext,
  attempt: OrderedAttempt,
  next: SignedOrder | undefined,
  checkpoints: ReadonlyMap<string, number>,
  evidence: readonly CheckedEvidence[],
  worked: readonly Worked[],
): FailureStatement | undefined {
  const { list, opened, crypto } = context;
  const { number, order, orderSha256, documents } = attempt;
  const id = `attempt.${number}.failure`;
  const path = packPaths.failure(number);
  if (documents.sessions.length === 0 && documents.failure === undefined) {
    list.pass(id, `Attempt ${number} ended before any node got the key`);
    return undefined;
  }
  const title = `The failure receipt of attempt ${number} says what orders, evidence and telemetry show`;
  if (documents.failure === undefined) {
    list.fail(
      id,
      title,
      'failure-missing',
      `The pack has no ${path}, although a node got the key in attempt ${number}.`,
    );
    return undefined;
  }
  const read = verifyJson(documents.failure, failureStatementSchema, {
    payloadType: payloadTypes.inToto,
    trusted: [{ publicKey: opened.organisationKey }],
    verify: crypto.verify,
  });
  if (!read.ok) {
    list.fail(id, title, 'failure-signature', `${path}: ${read.error.message}`);
    return undefined;
  }
  const { value: statement, payload } = read.value;
  const { node, failure, observedAt } = statement.predicate;
  const [leader] = worked;
  const session = worked.find((item) => item.node === node.name);
  if (leader === undefined || session === undefined || worked.length !== documents.sessions.length) {
    list.fail(id, title, 'failure-unproved', `${path} is about ${node.name}, whose telemetry is not shown whole.`);
    return undefined;
  }
  const ofSession = evidence.filter(
    ({ record }) =>
      record.node === session.node &&
      record.challenge.sessionId === session.release.sessionId &&
      record.challenge.jobId === order.jobId,
  );
  const problems = compareFailure(statement, {
    runId: opened.index.runId,
    number,
    order,
    orderSha256,
    ...(next === undefined ? {} : { next: next.order }),
    checkpoints,
    session: {
      node: session.node,
      simulated: session.basis.simulated,
      sessionId: session.release.sessionId,
      signingKey: encodeBase64(session.signingKey),
      earSha256: session.release.earSha256,
      evidenceSha256: [session.basis.sha256, ...ofSession.map(({ sha256 }) => sha256)],
      frames: session.frames,
    },
    leader: { node: leader.node, signingKey: encodeBase64(leader.signingKey), frames: leader.frames },
  });
  if (!equalBytes(canonicalJson(statement), payload)) problems.push('it is not in its canonical form');
  list.judge(
    id,
    title,
    'failure-differs',
    problems.map((problem) => `${path}: ${problem}`),
  );
  const refused = ofSession.some(({ record }) => record.status === 'contraindicated');
  if (failure.class === 'evidence-refused' && !refused) {
    list.notChecked.push(`That ${node.name} failed to prove itself again: what it answered is not in the pack.`);
  }
  checkRenewal(context, evidence, {
    id: `attempt.${number}.renewal`,
    order,
    release: session.release,
    until: observedAt,
  });
  return statement;
}

function summaryOf({ predicate }: FailureStatement): FailedAttempt {
  const { attempt, node, failure, from, observedAt, heartbeat, steps, cost } = predicate;
  return {
    number: attempt,
    node: node.name,
    failureClass: failure.class,
    cause: failure.cause,
    from,
    observedAt,
    ...(heartbeat.last === undefined ? {} : { lastSignedAt: heartbeat.last }),
    lastStep: steps.last,
    lostSteps: steps.lost,
    seconds: cost.seconds,
    costUsd: cost.usd,
  };
}
