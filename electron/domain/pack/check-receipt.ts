import { packPaths } from '../../contract/pack.ts';
import type { PackContext } from './context.ts';
import type { PackSuccess } from './contents.ts';
import type { CheckedEvidence } from './checked-evidence.ts';
import { attestedKeyOf, basisOf } from './check-release.ts';
import { checkRenewal } from './check-renewal.ts';
import { compareReceipt } from '../receipt/compare.ts';
import { isCountersigned, readReceipt } from '../receipt/receipt.ts';
import { verifyFrames } from './metric-chain.ts';

/** How far the clocks of desk and node may differ: milliseconds. */
const clockToleranceMs = 60_000;

/** Telemetry and receipt, both under the key that the evidence of the release binds. */
export function checkReceipt(
  context: PackContext,
  contents: PackSuccess,
  evidence: readonly CheckedEvidence[],
): { modelSha256: string; frames: number; heldOutAccuracy?: number } | undefined {
  const { crypto, list, order, orderSha256, opened } = context;
  const titles = {
    chain: 'Every telemetry frame is signed by the attested key and follows the one before',
    receipt: 'The receipt is signed by the attested key and says what this pack shows',
    countersigned: 'The receipt is countersigned by the organisation',
    model: 'The receipt names the digest of the sealed model',
  };
  const basis = basisOf(evidence, contents.release);
  const signingKey = attestedKeyOf(basis);
  if (basis === undefined || signingKey === undefined) {
    const detail = 'No evidence that verifies says which key the node signs with.';
    for (const [id, title] of Object.entries(titles)) list.unknown(id, title, 'no-attested-key', detail);
    return undefined;
  }
  const { node } = basis.record;
  const chain = verifyFrames(contents.telemetry, { jobId: order.jobId, node, signingKey }, crypto);
  if (chain.ok) list.pass('chain', titles.chain, `${chain.value.frames} frames, head ${chain.value.head}`);
  else list.fail('chain', titles.chain, 'metric-chain', `${packPaths.telemetry()}: ${chain.error.message}`);

  const receipt = readReceipt(contents.receipt, signingKey, crypto.verify);
  if (!receipt.ok) {
    list.fail('receipt', titles.receipt, 'receipt-signature', receipt.error.message);
    list.unknown('countersigned', titles.countersigned, 'no-receipt', 'There is no receipt that holds.');
    list.unknown('model', titles.model, 'no-receipt', 'There is no receipt that holds.');
    return undefined;
  }
  const { statement } = receipt.value;
  const { sessionId, earSha256 } = contents.release;
  const { nacre } = statement.predicate;
  const finished = Date.parse(statement.predicate.runDetails.metadata.finishedOn);
  if (!Number.isFinite(finished)) {
    list.fail('receipt', titles.receipt, 'receipt-differs', 'The receipt names no time at which the run ended.');
    return undefined;
  }
  // Renewals go on while the model is fetched; the receipt can name only those before it was made.
  const ofSession = evidence.filter(
    ({ record }) =>
      record.node === node &&
      record.challenge.sessionId === sessionId &&
      Date.parse(record.verifiedAt) + clockToleranceMs < finished,
  );
  const problems = compareReceipt(statement, {
    order,
    orderSha256,
    sessionId,
    node,
    simulated: basis.simulated,
    evidenceSha256: ofSession.map(({ sha256 }) => sha256),
    releaseEvidenceSha256: basis.sha256,
    earSha256,
    // A broken chain has its own row; here it must not hide what else the receipt says.
    chainHead: chain.ok ? chain.value.head : nacre.chainHead,
    frames: chain.ok ? chain.value.frames : nacre.frames,
  });
  list.judge('receipt', titles.receipt, 'receipt-differs', problems);
  checkRenewal(context, evidence, {
    id: 'evidence.renewal',
    order,
    release: contents.release,
    until: statement.predicate.runDetails.metadata.finishedOn,
  });
  if (isCountersigned(contents.receipt, { signingKey, organisationKey: opened.organisationKey }, crypto.verify)) {
    list.pass('countersigned', titles.countersigned);
  } else {
    const detail = 'It does not carry exactly the signatures of the attested key and of the organisation.';
    list.fail('countersigned', titles.countersigned, 'countersignature', detail);
  }
  const model = statement.subject.find(({ name }) => name === 'model.age');
  if (model === undefined) {
    list.fail('model', titles.model, 'model-digest', 'The receipt names no "model.age".');
    return undefined;
  }
  list.pass('model', titles.model, model.digest.sha256);
  list.notChecked.push(
    `The model itself: it is not in the pack. Its sealed file must have SHA-256 ${model.digest.sha256}.`,
  );
  return {
    modelSha256: model.digest.sha256,
    frames: nacre.frames,
    ...(nacre.heldOut === undefined ? {} : { heldOutAccuracy: nacre.heldOut.accuracy }),
  };
}
