import { err, ok, type Result } from '../contract/result.ts';
import { parseIdentity, type Identity } from '../domain/sealed/identities.ts';
import type { VaultService } from '../services/vault/vault-service.ts';

/** Lends the dataset identity to code that opens age files, for the length of one call and no longer. */
export interface IdentityLender {
  /** What is lent at this moment. Errors: `locked` outside of `lend`. */
  identities(): Result<readonly Identity[]>;
  /** Errors: `locked`, `damaged`, and those of `work`. */
  lend<T>(work: () => Promise<Result<T>>): Promise<Result<T>>;
}

export function createIdentityLender(vault: VaultService): IdentityLender {
  const lent = new Set<Identity>();
  return {
    identities: () =>
      lent.size === 0
        ? err('locked', 'The dataset identity is not lent for this. Unlock the vault.')
        : ok([...lent].slice(0, 1)),
    lend: (work) =>
      vault.withDatasetIdentity(async (identity) => {
        const parsed = parseIdentity(identity.encode());
        if (!parsed.ok) return parsed;
        lent.add(parsed.value);
        try {
          return await work();
        } finally {
          lent.delete(parsed.value);
        }
      }),
  };
}
