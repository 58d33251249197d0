import { packPaths } from '../../contract/pack.ts';
import { compareReceipt } from '../receipt/compare.ts';
import { readReceipt } from '../receipt/receipt.ts';
import type { CheckedEvidence } from './checked-evidence.ts';
import { attestedKeyOf, basisOf } from './check-release.ts';
import type { PackContext } from './context.ts';
import { verifyFrames } from './metric-chain.ts';

/** Telemetry and receipt of each node beside that of rank 0, in the attempt that succeeded. */
export function checkWorkers(context: PackContext, evidence: readonly CheckedEvidence[]): void {
  const { contents, crypto, list, order, orderSha256 } = context;
  const workers = contents.success?.workers ?? [];
  if (workers.length > 0 || context.attempts.some(({ documents }) => documents.sessions.length > 1)) {
    list.notChecked.push(
      'What the workers sent each other: gradients travel between the nodes unencrypted, and nothing here covers them.',
    );
  }
  workers.forEach(({ release, telemetry, receipt }, at) => {
    const rank = at + 1;
    const { node, sessionId, earSha256 } = release;
    const id = `worker.${rank}`;
    const title = `Telemetry and receipt of ${node}, rank ${rank}, are signed by its attested key and fit the run`;
    const basis = basisOf(evidence, release);
    const signingKey = attestedKeyOf(basis);
    if (basis === undefined || signingKey === undefined) {
      list.unknown(id, title, 'no-attested-key', `No evidence that verifies says which key ${node} signs with.`);
      return;
    }
    const chain = verifyFrames(telemetry, { jobId: order.jobId, node, signingKey }, crypto);
    if (!chain.ok) {
      list.fail(id, title, 'metric-chain', `${packPaths.telemetry(undefined, rank)}: ${chain.error.message}`);
      return;
    }
    const read = readReceipt(receipt, signingKey, crypto.verify);
    if (!read.ok) {
      list.fail(id, title, 'receipt-signature', `${packPaths.receipt(rank)}: ${read.error.message}`);
      return;
    }
    const problems = compareReceipt(read.value.statement, {
      order,
      orderSha256,
      sessionId,
      node,
      simulated: basis.simulated,
      evidenceSha256: [basis.sha256],
      releaseEvidenceSha256: basis.sha256,
      earSha256,
      chainHead: chain.value.head,
      frames: chain.value.frames,
    });
    list.judge(
      id,
      title,
      'receipt-differs',
      problems.map((problem) => `${packPaths.receipt(rank)}: ${problem}`),
    );
  });
}
