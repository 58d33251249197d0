import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { localMinimumTcb, localNetworkPolicy, parsePolicy, policyDigest } from './policy.ts';

const policy = localNetworkPolicy({ measurements: ['ab'.repeat(48)], minimumTcb: localMinimumTcb });

describe('policies', () => {
  it('have one digest, whatever the order of their keys', () => {
    const shuffled = Object.fromEntries(Object.entries(policy).toReversed());
    const parsed = parsePolicy(shuffled);
    expect(parsed.ok && policyDigest(parsed.value)).toBe(policyDigest(policy));
    expect(policyDigest({ ...policy, name: 'other' })).not.toBe(policyDigest(policy));
    // JCS of a small known object, hashed here by another implementation.
    const known = { b: 1, a: 'x' } as unknown as typeof policy;
    expect(policyDigest(known)).toBe(createHash('sha256').update('{"a":"x","b":1}').digest('hex'));
  });

  it('are refused with the place that is wrong', () => {
    const bad = parsePolicy({ ...policy, snp: { ...policy.snp, vmpl: [4] } });
    expect(bad.ok ? '' : bad.error.message).toContain('snp.vmpl.0');
    expect(parsePolicy({ ...policy, acceptDebug: true }).ok).toBe(false);
    expect(parsePolicy(undefined).ok).toBe(false);
    // Nothing in a policy can let a migration agent in.
    expect(parsePolicy({ ...policy, snp: { ...policy.snp, migrationAgentAllowed: true } }).ok).toBe(false);
  });
});
