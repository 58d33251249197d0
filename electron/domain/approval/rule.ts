import type { ApprovalKind, QuorumRule, RuleLink } from '../../contract/approval.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import type { VerifySignature } from '../dsse/dsse.ts';
import { readUnverified } from '../dsse/dsse.ts';
import { quorumRuleSchema } from '../../contract/approval.ts';
import { documentDigest, readApproval, readRequest, readRule, type SignedDocument } from './documents.ts';
import { evaluateQuorum } from './quorum.ts';

const twice = <T>(values: readonly T[]) => values.find((value, i) => values.indexOf(value) !== i);

/** What no schema can see in a rule. Errors: `invalid_input`, naming the place. */
export function checkRule(rule: QuorumRule): Result<void> {
  const custodians = rule.members.filter(({ roles }) => roles.includes('custodian')).length;
  const key = twice(rule.members.map(({ publicKey }) => publicKey));
  if (key !== undefined) return err('invalid_input', `Two members have the key ${key}; each needs a key of their own.`);
  const name = twice(rule.members.map((member) => member.name));
  if (name !== undefined) return err('invalid_input', `Two members are named ${JSON.stringify(name)}.`);
  if (!rule.members.some(({ roles }) => roles.includes('admin'))) {
    return err('invalid_input', 'members: nobody is an admin, so nobody could ever change this rule.');
  }
  for (const [action, entry] of Object.entries(rule.actions)) {
    if (entry !== undefined && entry.approvals > custodians) {
      return err(
        'invalid_input',
        `actions.${action}: ${entry.approvals} custodians must approve, but there are only ${custodians}.`,
      );
    }
  }
  if ((rule.version === 1) !== (rule.previous === null)) {
    return err('invalid_input', 'previous: only the first version has none.');
  }
  return ok(undefined);
}

/**
 * The newest rule of a chain, with every step of it checked: the first version is signed by one of its own admins, each
 * later one by an admin of the version before, and approved by the quorum of the version before. Approvals are judged at
 * the time of their last one, for requests expire and history does not.
 * `pinned`: digests that the reader already trusts, by version; a chain that differs there is refused.
 * Errors: `integrity`, naming the version, `damaged`, `invalid_input`.
 */
export function readRuleChain(
  chain: readonly RuleLink[],
  pinned: ReadonlyMap<number, string> = new Map(),
  verify?: VerifySignature,
): Result<SignedDocument<QuorumRule>> {
  let current: SignedDocument<QuorumRule> | undefined;
  for (const [index, link] of chain.entries()) {
    const version = index + 1;
    const bad = (what: string) => err('integrity', `Version ${version} of the members' rule ${what}.`);
    const signers = current === undefined ? claimedAdmins(link) : adminsOf(current.value);
    if (!signers.ok) return signers;
    const read = readRule(link.rule, signers.value, verify);
    if (!read.ok) {
      return read.error.code === 'integrity' ? bad('is not signed by an admin of the version before') : read;
    }
    const next = read.value;
    const sound = checkRule(next.value);
    if (!sound.ok) return sound;
    if (next.value.version !== version) return bad(`calls itself version ${next.value.version}`);
    if (next.value.previous !== (current?.digest ?? null)) return bad('does not follow the version before');
    if (pinned.has(version) && pinned.get(version) !== next.digest) return bad('is not the one this profile trusts');
    if (current !== undefined) {
      const approved = changeApproved(current, next, link, verify);
      if (!approved.ok) return bad(approved.error.message);
    }
    current = next;
  }
  const newestPinned = Math.max(0, ...pinned.keys());
  if (current === undefined || current.value.version < newestPinned) {
    return err(
      'integrity',
      `This rule ends at version ${current?.value.version ?? 0}; this profile knows ${newestPinned}.`,
    );
  }
  return ok(current);
}

const no = (message: string) => err('integrity', message);

function changeApproved(
  current: SignedDocument<QuorumRule>,
  next: SignedDocument<QuorumRule>,
  link: RuleLink,
  verify: VerifySignature | undefined,
): Result<void> {
  if (link.change === undefined) return no('has no approvals with it');
  const request = readRequest(link.change.request, verify);
  if (!request.ok) return no('has a request that cannot be read');
  const { value } = request.value;
  if (value.kind !== 'members-change') return no('was approved as something else');
  const approvals = [];
  for (const envelope of link.change.approvals) {
    const approval = readApproval(envelope, verify);
    if (!approval.ok) return no('has an approval that cannot be read');
    approvals.push(approval.value);
  }
  // The request must carry the very rule; its digest is taken from what the custodians saw.
  if (documentDigest(value.subject.rule) !== next.digest) return no('is not the rule that was approved');
  const last = Math.max(...approvals.map(({ value: { at } }) => Date.parse(at)));
  const time = Math.min(last, Date.parse(value.expiresAt) - 1);
  const { state, have, need } = evaluateQuorum(current, request.value, approvals, time);
  return state === 'granted' ? ok(undefined) : no(`has ${have} of ${need} approvals (${state})`);
}

/** Keys of the admins of a rule, base64. */
function adminsOf(rule: QuorumRule): Result<readonly string[]> {
  return ok(rule.members.filter(({ roles }) => roles.includes('admin')).map(({ publicKey }) => publicKey));
}

function claimedAdmins(link: RuleLink): Result<readonly string[]> {
  const claimed = readUnverified(link.rule, quorumRuleSchema);
  return claimed.ok ? adminsOf(claimed.value) : claimed;
}

/** Whether an action of this kind needs approval under a rule. */
export function needsApproval(rule: QuorumRule, kind: ApprovalKind): boolean {
  return rule.actions[kind] !== undefined;
}
