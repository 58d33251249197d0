import { randomBytes } from 'node:crypto';
import { createSealingService, type SealingService } from '../services/sealing/sealing-service.ts';
import { createSealingPool, type SealingPoolOptions } from '../workers/sealing-pool.ts';

export { passphraseIdentity, type Identity } from '../domain/sealed/identities.ts';
export { passphraseRecipient } from '../domain/sealed/recipients.ts';
export { describeEarlier } from '../services/sealing/earlier.ts';
export type { SealingService, SealOptions } from '../services/sealing/sealing-service.ts';
export { readIdentityFile, readManifestFile } from '../services/sealing/small-files.ts';

/** A sealing service of its own, with worker threads and no vault: for the CLI, and for measurements. */
export function createStandaloneSealing(options: SealingPoolOptions = {}): SealingService {
  return createSealingService({
    pool: createSealingPool(options),
    random: (length) => new Uint8Array(randomBytes(length)),
    clock: Date.now,
  });
}
