import type { Policy } from '../../contract/policy.ts';
import type { PolicyChange } from '../../contract/policy-document.ts';
import { canonicalJson } from '../dsse/dsse.ts';
import { equalBytes } from '../merkle/merkle.ts';
import { policyFields } from './fields.ts';

const sections = [
  ['tdx', 'Intel TDX'],
  ['sgx', 'Intel SGX'],
  ['nitro', 'AWS Nitro'],
] as const;

/**
 * Which rows differ between two policies, and which way: stricter when everything that passes `after` would have passed
 * `before`, looser the other way round, different when neither can be said of the row.
 */
export function comparePolicies(before: Policy, after: Policy): PolicyChange[] {
  const missing = new Set<string>();
  const changes: PolicyChange[] = [];
  for (const [section, name] of sections) {
    if ((before[section] === undefined) === (after[section] === undefined)) continue;
    missing.add(section);
    const added = after[section] !== undefined;
    changes.push({
      place: section,
      title: `${name}: its section`,
      before: added ? 'none: refused' : 'present',
      after: added ? 'present' : 'none: refused',
      effect: added ? 'looser' : 'stricter',
    });
  }
  for (const { place, title, value, show, effect } of policyFields(before, after)) {
    // A section that came or went is one row, not one for each field.
    if (missing.has(place.split('.')[0] ?? '')) continue;
    const [from, to] = [normal(value(before)), normal(value(after))];
    if (same(from, to)) continue;
    changes.push({ place, title, before: show(from), after: show(to), effect: effect(from, to) });
  }
  return changes;
}

/** Lists are sets: their order and repeats say nothing. */
function normal(value: unknown): unknown {
  return Array.isArray(value) ? [...new Set(value)].toSorted((a, b) => (String(a) < String(b) ? -1 : 1)) : value;
}

function same(a: unknown, b: unknown): boolean {
  if (a === undefined || b === undefined) return isNothing(a) && isNothing(b);
  return equalBytes(canonicalJson(a), canonicalJson(b));
}

const isNothing = (value: unknown) => value === undefined || (Array.isArray(value) && value.length === 0);
