import { secretBytes } from '../../contract/secret-bytes.ts';

/** The system's random bytes, straight into room that can be wiped; what hosts inject as `random`. */
export function systemRandom(length: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(secretBytes(length));
}
