import { ok, type Result } from '../contract/result.ts';
import type { PackVerdict } from '../contract/views.ts';
import { createAppraiser } from '../domain/pack/appraiser.ts';
import { createNodeCrypto } from '../services/evidence/node-crypto.ts';
import { readPackFile } from '../services/reports/report-service.ts';
import { createEd25519Verifier, sha256Of } from './ed25519.ts';
import { createPackVerifier } from './evidence/verifier.ts';

/**
 * Checks an auditor pack with no network, no vault and no profile, and writes nothing.
 * Errors: `not_found`, `not_permitted`, `unavailable`; a pack that does not hold is a verdict, not an error.
 */
export async function verifyPackFile(
  path: string,
  options: { readonly expectedOrganisationKey?: Uint8Array } = {},
): Promise<Result<PackVerdict>> {
  const bytes = await readPackFile(path);
  if (!bytes.ok) return bytes;
  const verify = createEd25519Verifier();
  const check = createPackVerifier(createAppraiser(createNodeCrypto(), verify), { verify, sha256: sha256Of });
  return ok(check(bytes.value, path, options.expectedOrganisationKey));
}
