import type { Policy } from '../../contract/policy.ts';
import type { PolicyVersionView, PolicyView } from '../../contract/policy-document.ts';
import { comparePolicies } from '../../domain/policy/compare.ts';
import type { SignedPolicyVersion } from '../../domain/policy/document.ts';
import { policyDigest } from '../../domain/policy/policy.ts';
import { policyProblems } from '../../domain/policy/problems.ts';
import { summarizePolicy } from '../../domain/policy/summary.ts';

/** How lists show the policy that the local network makes. */
export function builtinView(policy: Policy): PolicyView {
  return {
    policy,
    digest: policyDigest(policy),
    builtin: true,
    number: 0,
    retired: false,
    summary: summarizePolicy(policy),
    problems: policyProblems(policy),
  };
}

/** How lists show the newest version of a policy. */
export function viewOf({ version }: SignedPolicyVersion): PolicyView {
  const { policy, number, retired, at, author } = version;
  return { ...builtinView(policy), builtin: false, number, retired, at, author };
}

/** One version in a history, against the one before it. */
export function versionView(
  { version, documentSha256 }: SignedPolicyVersion,
  before: SignedPolicyVersion | undefined,
): PolicyVersionView {
  const { number, previous, author, at, retired, note, policy } = version;
  return {
    number,
    digest: policyDigest(policy),
    documentSha256,
    previous,
    author,
    at,
    retired,
    note,
    policy,
    changes: before === undefined ? [] : comparePolicies(before.version.policy, policy),
  };
}
