import { hash } from 'node:crypto';
import type { EvidenceCrypto } from '../../domain/evidence/crypto.ts';

/**
 * Remembers good signatures: the certificates of one machine, and of one vendor, come back with every round of evidence.
 * A signature over the same bytes by the same key stays good, so only time and policy are judged anew. Bad ones are not
 * kept: whoever sends garbage cannot push out what is of use, and gains nothing.
 * @param maximum signatures kept, the least recently used go first
 */
export function cacheGoodSignatures(crypto: EvidenceCrypto, maximum = 2048): EvidenceCrypto {
  const good = new Set<string>();
  const remember = (key: string, check: () => boolean): boolean => {
    if (good.delete(key)) {
      good.add(key);
      return true;
    }
    if (!check()) return false;
    good.add(key);
    for (const oldest of good) {
      if (good.size <= maximum) break;
      good.delete(oldest);
    }
    return true;
  };
  return {
    ...crypto,
    verifyEcdsa(input) {
      const { curve, hash, encoding, signature, data } = input;
      const [kind, key] =
        'spki' in input.key ? (['spki', input.key.spki] as const) : (['point', input.key.point] as const);
      return remember(digest(['ecdsa', curve, hash, encoding, kind], [key, signature, data]), () =>
        crypto.verifyEcdsa(input),
      );
    },
    verifyRsaPss(input) {
      const { hash, saltLength, spki, signature, data } = input;
      return remember(digest(['pss', hash, String(saltLength)], [spki, signature, data]), () =>
        crypto.verifyRsaPss(input),
      );
    },
    verifyRsaPkcs1(input) {
      const { hash, spki, signature, data } = input;
      return remember(digest(['pkcs1', hash], [spki, signature, data]), () => crypto.verifyRsaPkcs1(input));
    },
  };
}

/** Lengths make the parts inseparable. In one call: a hash object costs more than copying a few kilobytes. */
function digest(words: readonly string[], parts: readonly Uint8Array[]): string {
  const head = Buffer.from(JSON.stringify([...words, ...parts.map(({ length }) => length)]));
  return hash('sha256', Buffer.concat([head, ...parts]), 'base64');
}
