import { bytesToHex } from '@noble/hashes/utils.js';
import type { FailedAttempt } from '../../contract/attempts.ts';
import type { EarStatus } from '../../contract/evidence.ts';
import type { PackVerdict } from '../../contract/views.ts';
import { canonicalJson, keyIdOf } from '../dsse/dsse.ts';
import { encodeBase64 } from '../encoding/base64.ts';
import { equalBytes } from '../merkle/merkle.ts';
import type { Appraiser } from './appraiser.ts';
import { checkAttempts } from './check-attempts.ts';
import { checkAudit } from './check-audit.ts';
import { checkEvidence } from './check-evidence.ts';
import type { CheckedEvidence } from './checked-evidence.ts';
import { createCheckList, type CheckList } from './check-list.ts';
import { checkManifest } from './check-manifest.ts';
import { checkOrders } from './check-orders.ts';
import { checkReceipt } from './check-receipt.ts';
import { checkWorkers } from './check-workers.ts';
import type { PackContext } from './context.ts';
import { openPack, pureCrypto, type OpenedPack, type PackCrypto, type PackFault } from './container.ts';
import { readContents } from './contents.ts';

export interface VerifyPackOptions {
  readonly appraiser: Appraiser;
  readonly crypto?: PackCrypto;
  /** Shown in the verdict; the file itself is never opened here. */
  readonly path?: string;
  /** Raw Ed25519 key that the reader knows to be the organisation's, from somewhere else than the pack. */
  readonly expectedOrganisationKey?: Uint8Array;
}

/**
 * Checks a pack from any bytes with no network, no vault and no clock: everything is checked by the clock of its own
 * time. Never throws. The status is `contraindicated` when any required check is not a pass; `affirming` only when all
 * pass and no part of it was simulated; a whole pack of a simulated network, or of a run that did not succeed, ends as
 * `warning`.
 */
export function verifyPack(bytes: Uint8Array, options: VerifyPackOptions): PackVerdict {
  const crypto = options.crypto ?? pureCrypto;
  const list = createCheckList();
  const opened = openPack(bytes, crypto);
  const path = options.path ?? '';
  if (!opened.ok) {
    addFault(list, opened.fault);
    list.notChecked.push('Everything inside: a file that is not whole is not read.');
    return { path, whole: false, simulated: false, status: 'contraindicated', ...rows(list) };
  }
  list.pass('pack.container', 'The file is one whole pack: no byte over, none missing, every entry as signed');
  list.pass('pack.index', 'The index is signed by the key it names', keyIdOf(opened.value.organisationKey));
  checkOrganisation(list, opened.value, options.expectedOrganisationKey);
  const verdict = checkContents(opened.value, options.appraiser, crypto, list);
  const simulated = verdict.simulated || opened.value.index.simulated;
  const overridden = list.checks.some(({ reason }) => reason === 'released-by-override');
  const { summary } = verdict;
  const unlike = simulated || overridden || (summary !== undefined && summary.outcome !== 'succeeded');
  const status: EarStatus = list.failed() ? 'contraindicated' : unlike ? 'warning' : 'affirming';
  if (simulated) {
    list.notChecked.unshift(
      'SIMULATED: anchors are those of the local network, no hardware trust. Nothing here shows that genuine hardware ran anything.',
    );
  }
  return { path, whole: true, simulated, status, ...rows(list), ...(summary === undefined ? {} : { summary }) };
}

function rows(list: CheckList): Pick<PackVerdict, 'checks' | 'notChecked'> {
  return { checks: list.checks, notChecked: list.notChecked };
}

function addFault(list: CheckList, fault: PackFault): void {
  const [id, title] =
    fault.at === 'index'
      ? ['pack.index', 'The index is signed by the key it names']
      : ['pack.container', 'The file is one whole pack: no byte over, none missing, every entry as signed'];
  list.fail(id, title, fault.reason, fault.detail);
}

function checkOrganisation(list: CheckList, { organisationKey }: OpenedPack, expected: Uint8Array | undefined): void {
  const title = 'The pack was signed by the organisation you expect';
  const found = `ed25519 ${encodeBase64(organisationKey)}`;
  if (expected === undefined) {
    list.unknown('pack.organisation', title, 'no-expected-key', `It claims to be by ${found}.`, false);
    list.notChecked.push(
      `Whose key signed this pack: ${found} (SHA-256 ${keyIdOf(organisationKey)}) is what the pack claims. Compare it with one you were given elsewhere.`,
    );
  } else if (equalBytes(expected, organisationKey)) list.pass('pack.organisation', title, found);
  else {
    const detail = `Expected ed25519 ${encodeBase64(expected)}, but the pack is signed by ${found}.`;
    list.fail('pack.organisation', title, 'other-organisation', detail);
  }
}

interface ContentVerdict {
  readonly simulated: boolean;
  readonly summary?: NonNullable<PackVerdict['summary']>;
}

function checkContents(opened: OpenedPack, appraiser: Appraiser, crypto: PackCrypto, list: CheckList): ContentVerdict {
  const contents = readContents(opened.entries);
  const title = 'Every entry is there, in its form, and no other';
  if (!contents.ok) {
    list.fail('pack.contents', title, 'contents', contents.detail);
    list.notChecked.push('Everything inside: the entries cannot be read.');
    return { simulated: false };
  }
  list.pass('pack.contents', title, `${opened.entries.size} entries`);
  const orders = checkOrders({ opened, contents: contents.value, crypto, list });
  if (orders === undefined) {
    list.notChecked.push(
      'Dataset, evidence, telemetry and receipt: without a signed order there is nothing to compare with.',
    );
    return { simulated: contents.value.anchors.simulated };
  }
  const context: PackContext = { opened, contents: contents.value, crypto, list, ...orders };
  const { success } = contents.value;
  if (success === undefined) tellOfNoSuccess(list);
  checkManifest(context);
  checkPolicy(context);
  const evidence = checkEvidence(context, appraiser);
  const attempts = checkAttempts(context, evidence);
  const receipt = success === undefined ? undefined : checkReceipt(context, success, evidence);
  checkWorkers(context, evidence);
  const ended = checkAudit(context, evidence);
  addLimits(list, success !== undefined);
  const simulated = evidence.some((item) => item.simulated) || contents.value.anchors.simulated;
  if (success === undefined) {
    const frames = attempts.frames;
    return {
      simulated,
      summary: summarise(context, evidence, attempts.failed, { outcome: ended ?? 'failed', frames }),
    };
  }
  return {
    simulated,
    ...(receipt === undefined
      ? {}
      : { summary: summarise(context, evidence, attempts.failed, { outcome: 'succeeded', ...receipt }) }),
  };
}

/** What a reader must not overlook stands before all other rows: a pack may be whole and tell of a failure. */
function tellOfNoSuccess(list: CheckList): void {
  list.checks.push({
    id: 'outcome',
    title: 'The run ended with a model',
    outcome: 'fail',
    required: false,
    reason: 'run-did-not-succeed',
    detail:
      'THE RUN DID NOT SUCCEED: there is no model and no receipt. This pack shows what was ordered, released and signed.',
  });
  list.notChecked.push(
    'That the run did not succeed later or elsewhere, and that all of its attempts are here: the organisation chose what is in the pack.',
  );
}

function checkPolicy({ contents, order, crypto, list }: PackContext): void {
  const title = 'The policy is the one that the order names';
  const digest = bytesToHex(crypto.sha256(canonicalJson(contents.policy)));
  const problems: string[] = [];
  if (digest !== order.policyDigest)
    problems.push(`the policy has digest ${digest}, the order names ${order.policyDigest}`);
  if (contents.policy.id !== order.policyId)
    problems.push(`the policy is ${contents.policy.id}, not ${order.policyId}`);
  list.judge('policy', title, 'policy-digest', problems);
}

function addLimits(list: CheckList, succeeded: boolean): void {
  list.notChecked.push(
    'When things happened: times are by the clock of the desk; no timestamp authority was asked.',
    'That the log has no other branch: its checkpoint is signed by the organisation alone, without witnesses.',
    'That the node confirmed the key: the confirmation is an HMAC under a secret that is not in the pack.',
    ...(succeeded ? ['That the model is accurate, fair or safe, and that it has not memorised rows of the data.'] : []),
    'Physical attacks on a machine: no evidence can show them.',
  );
}

function summarise(
  { opened, order }: PackContext,
  evidence: readonly CheckedEvidence[],
  attempts: readonly FailedAttempt[],
  end: Pick<NonNullable<PackVerdict['summary']>, 'outcome' | 'modelSha256' | 'frames' | 'heldOutAccuracy'>,
): NonNullable<PackVerdict['summary']> {
  return {
    run: opened.index.runName,
    jobId: order.jobId,
    datasetRoot: order.dataset.root,
    nodes: [...new Set(evidence.map(({ record }) => record.node))],
    ...(attempts.length === 0 ? {} : { attempts: [...attempts] }),
    ...end,
  };
}
