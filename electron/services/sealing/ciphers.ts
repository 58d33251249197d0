import { createRequire } from 'node:module';
import { chooseCipher, createSodiumCipher, type SodiumAead, type StreamCipher } from '../../domain/sealed/cipher.ts';

/**
 * The fastest cipher that this host can load and that passes the probe: libsodium's binding in Node and Electron, else
 * pure code. Loading is tried here and not imported, because a missing binary must cost speed, not the start.
 */
export function loadCipher(): StreamCipher {
  try {
    return chooseCipher([createSodiumCipher(createRequire(import.meta.url)('sodium-native') as SodiumAead)]);
  } catch {
    return chooseCipher([]);
  }
}
