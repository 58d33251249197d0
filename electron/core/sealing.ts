import { randomBytes } from 'node:crypto';
import { createSealingService, type SealingService } from '../services/sealing/sealing-service.ts';
import { createSealingPool, type SealingPoolOptions } from '../workers/sealing-pool.ts';

export { parseIdentityFile, passphraseIdentity } from '../domain/sealed/identities.ts';
export { parseManifest } from '../services/sealing/manifest.ts';
export type { Inspection, PartsVerdict, SealOutcome, SealingService } from '../services/sealing/sealing-service.ts';

/** A sealing service of its own, with worker threads and no vault: for the CLI, and for measurements. */
export function createStandaloneSealing(options: SealingPoolOptions = {}): SealingService {
  return createSealingService({
    pool: createSealingPool(options),
    random: (length) => new Uint8Array(randomBytes(length)),
    clock: Date.now,
  });
}
