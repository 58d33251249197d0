import { createRequire } from 'node:module';
import { createPureCrypto } from './pure-crypto.ts';
import { createSodiumCrypto, type Sodium } from './sodium-crypto.ts';
import { answersKnownVectors } from './probe.ts';
import type { VaultCrypto } from './crypto-types.ts';

export type { VaultCrypto } from './crypto-types.ts';

/**
 * libsodium where its binding loads and gives the right answers, else pure code (slow: an unlock takes many seconds).
 * A missing binary must cost time, never the vault.
 */
export function loadVaultCrypto(): VaultCrypto {
  try {
    const sodium = createSodiumCrypto(createRequire(import.meta.url)('sodium-native') as Sodium);
    if (answersKnownVectors(sodium)) return sodium;
  } catch {
    // The name of the chosen crypto is shown in settings, so the fallback is not silent.
  }
  return createPureCrypto();
}
