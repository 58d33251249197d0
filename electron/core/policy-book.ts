import { policySchema, type Policy } from '../contract/policy.ts';
import { err, ok, type Result } from '../contract/result.ts';
import type { Directory } from '../contract/wire.ts';
import { localMinimumTcb, localNetworkPolicy, policyDigest } from '../domain/policy/policy.ts';
import type { AuditPort } from '../services/runs/ports.ts';
import type { Store } from '../services/store/store.ts';
import type { PolicyBook } from './services.ts';

/** What drafts may say instead of the id of the built-in policy. */
const alias = 'default';

export interface PolicyBookControl extends PolicyBook {
  /** Takes the reference values of a network into the built-in policy. A policy that changes by this is logged. */
  adopt(directory: Directory): Result<void>;
}

/** The built-in policy of the local network, made of the reference values that came with its directory. */
export function createPolicyBook(store: Store, audit: AuditPort): PolicyBookControl {
  const collection = store.collection('policies', policySchema);

  const builtin = (): Result<Policy | undefined> => {
    const listing = collection.list();
    return listing.ok ? ok(listing.value.items[0]?.value) : listing;
  };

  return {
    adopt({ reference }) {
      const policy = localNetworkPolicy({
        measurements: [reference.snpMeasurement],
        minimumTcb: localMinimumTcb,
      });
      const known = builtin();
      if (!known.ok) return known;
      const digest = policyDigest(policy);
      if (known.value !== undefined && policyDigest(known.value) === digest) return ok(undefined);
      const logged = audit('policy-changed', policy.id, { digest }, true);
      return logged.ok ? collection.put(policy.id, policy) : logged;
    },
    list() {
      const known = builtin();
      if (!known.ok || known.value === undefined) return [];
      return [{ policy: known.value, digest: policyDigest(known.value), builtin: true }];
    },
    get(id) {
      const known = builtin();
      if (!known.ok) return known;
      if (known.value === undefined) {
        return err('unavailable', 'There is no policy yet: its reference values come with the local network.', {
          hint: 'Start the local network first.',
        });
      }
      if (id !== alias && id !== known.value.id) return err('not_found', `There is no policy ${JSON.stringify(id)}.`);
      return ok({ policy: known.value, digest: policyDigest(known.value) });
    },
  };
}
