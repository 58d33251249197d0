import { createHash } from 'node:crypto';
import type { Result } from '../contract/result.ts';
import { ok } from '../contract/result.ts';
import type { PackVerdict } from '../contract/views.ts';
import { createAppraiser } from '../domain/pack/appraiser.ts';
import type { PackCrypto } from '../domain/pack/container.ts';
import { verifyPack, type VerifyPackOptions } from '../domain/pack/verify-pack.ts';
import { createNodeCrypto } from '../services/evidence/node-crypto.ts';
import { readPackFile } from '../services/reports/report-service.ts';
import { createEd25519Verifier } from './ed25519.ts';

/** Verification of packs with no vault, no network and no clock: for the CLI, and for the core's own exports. */
export type PackVerifier = (
  bytes: Uint8Array,
  path: string,
  options?: Pick<VerifyPackOptions, 'expectedOrganisationKey'>,
) => PackVerdict;

/** Digests and Ed25519 by node:crypto, some ten times faster than pure code. */
export function createPackCrypto(): PackCrypto {
  return {
    verify: createEd25519Verifier(),
    sha256: (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()),
  };
}

export function createPackVerifier(): PackVerifier {
  const crypto = createPackCrypto();
  const appraiser = createAppraiser(createNodeCrypto(), crypto.verify);
  return (bytes, path, options = {}) => verifyPack(bytes, { ...options, path, crypto, appraiser });
}

/** `nacre verify PACK`. Errors: those of reading the file; what is wrong inside is the verdict. */
export async function verifyPackFile(
  path: string,
  options: Pick<VerifyPackOptions, 'expectedOrganisationKey'> = {},
): Promise<Result<PackVerdict>> {
  const bytes = await readPackFile(path);
  return bytes.ok ? ok(createPackVerifier()(bytes.value, path, options)) : bytes;
}
