import { createRequire } from 'node:module';
import { chooseCipher, createSodiumCipher, type SodiumAead, type StreamCipher } from '../../domain/sealed/cipher.ts';

/**
 * The fastest cipher that this host can load and that passes the probe: libsodium's binding in Node and Electron, else
 * pure code. Loading is tried here and not imported, because a missing binary must cost speed, not the start.
 *
 * Not `createCipheriv('chacha20-poly1305')`: its cipher is faster, but each `update` allocates, copies and faults in its
 * answer. In Node 24 a MiB costs 0.62 to 0.70 ms with it and 0.58 with libsodium, which fills our own buffer.
 */
export function loadCipher(): StreamCipher {
  try {
    return chooseCipher([createSodiumCipher(createRequire(import.meta.url)('sodium-native') as SodiumAead)]);
  } catch {
    return chooseCipher([]);
  }
}
