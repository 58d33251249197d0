/**
 * Room for a secret. V8 keeps small typed arrays on its moving heap, where the garbage collector and the first native
 * call leave copies that nobody can wipe; an array over a buffer of its own stays where it is.
 */
export function secretBytes(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new ArrayBuffer(length));
}

/** A copy of a secret that can be wiped. */
export function copySecret(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = secretBytes(bytes.length);
  copy.set(bytes);
  return copy;
}

/** The system's random bytes, straight into room that can be wiped; what hosts inject as `random`. */
export function systemRandom(length: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(secretBytes(length));
}
