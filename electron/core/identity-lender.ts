import { err, ok, type Result } from '../contract/result.ts';
import { parseIdentity, type Identity } from '../domain/sealed/identities.ts';
import type { KeyOccasion, VaultService } from '../services/vault/vault-service.ts';

/** Lends the dataset identity to code that opens age files, for the length of one call and no longer. */
export interface IdentityLender {
  /** What is lent at this moment. Errors: `locked` outside of `lend`. */
  identities(): Result<readonly Identity[]>;
  /** What it is for goes into the log first. Errors: `locked`, `damaged`, those of the log and of `work`. */
  lend<T>(work: () => Promise<Result<T>>, occasion?: KeyOccasion): Promise<Result<T>>;
}

export function createIdentityLender(vault: VaultService): IdentityLender {
  // One list for each loan: the active identity first, then those that older data is sealed to.
  const lent = new Set<readonly Identity[]>();
  return {
    identities() {
      const [first] = lent;
      return first === undefined
        ? err('locked', 'The dataset identity is not lent for this. Unlock the vault.')
        : ok(first);
    },
    lend: (work, occasion) =>
      vault.keys.withDatasetIdentity(async (identity) => {
        const identities: Identity[] = [];
        for (const text of identity.encodeAll()) {
          const parsed = parseIdentity(text);
          if (!parsed.ok) return parsed;
          identities.push(parsed.value);
        }
        lent.add(identities);
        try {
          return await work();
        } finally {
          lent.delete(identities);
        }
      }, occasion),
  };
}
