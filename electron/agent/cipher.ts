import { createRequire } from 'node:module';
import { chooseCipher, createSodiumCipher, type SodiumAead, type StreamCipher } from '../domain/sealed/cipher.ts';

/** libsodium where its binding loads and passes the probe, otherwise the pure cipher: slower, and the same bytes. */
export function loadCipher(): StreamCipher {
  try {
    const sodium = createRequire(import.meta.url)('sodium-native') as SodiumAead;
    return chooseCipher([createSodiumCipher(sodium)]);
  } catch {
    return chooseCipher([]);
  }
}
