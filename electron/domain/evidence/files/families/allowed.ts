import type { Policy } from '../../../../contract/policy.ts';
import type { CheckRows } from '../../checks.ts';

/** A family that the policy does not list, or says nothing about, is refused, however good the evidence is. */
export function checkAllowed(rows: CheckRows, policy: Policy, family: Policy['families'][number]): void {
  const listed = policy.families.includes(family) && policy[family] !== undefined;
  rows.judge('binding.family', 'The policy accepts this kind of CPU evidence', listed, 'family-not-allowed', {
    detail: `The policy does not accept ${family.toUpperCase()}.`,
    expected: policy.families.join(' or '),
    found: family,
  });
}
