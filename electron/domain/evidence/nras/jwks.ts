import { Malformed, concat, parseWith, type Parsed } from '../readers/bytes.ts';
import { jsonItems, jsonText, readJson } from '../readers/json.ts';
import { fromBase64url } from './jws.ts';

/** NVIDIA's published signing keys by key id: raw P-384 points x ‖ y, 96 bytes. */
export type SigningKeys = ReadonlyMap<string, Uint8Array>;

const coordinateBytes = 48;
const maximumKeys = 256;

/**
 * Reads a JWK set (RFC 7517). Keys of other kinds are left out, because a set may hold keys for other uses; one key id
 * for two keys is refused. The certificates in `x5c` are not read: their root is not among them, so they add nothing.
 */
export function parseSigningKeys(source: Uint8Array | string): Parsed<SigningKeys> {
  return parseWith(() => {
    const document = readJson(source, { what: 'the key set', maxSize: 262_144, maxDepth: 8 });
    const items = jsonItems(document, 'keys');
    if (items === undefined) throw new Malformed('the key set has no keys');
    if (items.length > maximumKeys) throw new Malformed(`the key set has more than ${maximumKeys} keys`);
    const keys = new Map<string, Uint8Array>();
    for (const key of items) {
      if (jsonText(key, 'kty') !== 'EC' || jsonText(key, 'crv') !== 'P-384') continue;
      const [id, x, y] = [jsonText(key, 'kid'), coordinate(jsonText(key, 'x')), coordinate(jsonText(key, 'y'))];
      if (id === undefined || id === '') throw new Malformed('a key of the set has no id');
      if (keys.has(id)) throw new Malformed('two keys of the set have one id');
      keys.set(id, concat(x, y));
    }
    return keys;
  });
}

function coordinate(text: string | undefined): Uint8Array {
  const bytes = text === undefined ? undefined : fromBase64url(text);
  if (bytes?.length !== coordinateBytes) throw new Malformed('a P-384 key of the set has no 48-byte coordinates');
  return bytes;
}
