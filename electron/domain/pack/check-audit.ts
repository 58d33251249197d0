import { bytesToHex } from '@noble/hashes/utils.js';
import type { AuditEntry, AuditKind } from '../../contract/audit.ts';
import { verifyAuditBundle } from '../audit/bundle.ts';
import { decodeBase64 } from '../encoding/base64.ts';
import type { CheckedEvidence } from './check-evidence.ts';
import { overrideLogProblems } from './check-override.ts';
import type { PackContext } from './context.ts';

/**
 * The log: every entry of the pack is proved under the signed checkpoint, and what had to be logged was, in the order in
 * which it had to happen.
 */
export function checkAudit(context: PackContext, evidence: readonly CheckedEvidence[]): void {
  const { contents, crypto, list, opened } = context;
  const title = 'Every log entry here is proved to be in the signed audit log';
  const bundle = verifyAuditBundle(contents.audit, { publicKey: opened.organisationKey, verify: crypto.verify });
  if (!bundle.ok) {
    list.fail('audit', title, 'log-proof', bundle.error.message);
    list.unknown('audit.story', storyTitle, 'log-proof', 'The proofs of the log do not hold.');
    return;
  }
  const { size, root, entries } = bundle.value;
  list.pass('audit', title, `${entries.length} entries of ${size}, root ${root}`);
  list.judge('audit.story', storyTitle, 'log-incomplete', storyProblems(context, evidence, entries));
}

const storyTitle =
  'The log shows the order signed, the key released to the verified node, and the receipt countersigned';

function storyProblems(
  { contents, order, crypto }: PackContext,
  evidence: readonly CheckedEvidence[],
  entries: readonly AuditEntry[],
): string[] {
  const { release, receipt } = contents;
  const problems: string[] = [];
  const ofJob = (kind: AuditKind): AuditEntry[] =>
    entries.filter((entry) => entry.kind === kind && entry.details['jobId'] === order.jobId);
  const ordered = ofJob('order-signed')[0];
  if (ordered === undefined) problems.push('the log does not show the signing of the order');
  const releases = ofJob('key-released');
  const released = releases.find(
    ({ subject, details }) => subject === release.node && details['sessionId'] === release.sessionId,
  );
  if (released === undefined) problems.push('the log does not show this key release');
  else {
    const basis = evidence.find(({ carriesRelease }) => carriesRelease);
    if (released.details['evidenceSha256'] !== basis?.sha256)
      problems.push('the log names other evidence for the release');
    if (released.details['datasetRoot'] !== order.dataset.root) problems.push('the log names another dataset');
    if (ordered !== undefined && ordered.index > released.index) problems.push('the key was released before the order');
    if (!released.simulated && evidence.some(({ simulated }) => simulated)) problems.push('the log hides SIMULATED');
  }
  const stranger = releases.find(({ subject }) => subject !== release.node);
  if (stranger !== undefined) problems.push(`the log shows that the key also went to ${stranger.subject}`);
  problems.push(...overrideLogProblems(evidence, entries, released));
  const payload = decodeBase64(receipt.payload);
  const statement = payload === undefined ? '' : bytesToHex(crypto.sha256(payload));
  const countersigned = ofJob('receipt-countersigned').find(({ details }) => details['statementSha256'] === statement);
  if (countersigned === undefined) problems.push('the log does not show the countersigning of this receipt');
  else if (released !== undefined && countersigned.index < released.index) {
    problems.push('the receipt was countersigned before the key was released');
  }
  return problems;
}
