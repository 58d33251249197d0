/**
 * Secrets cross the contract as bytes, because a JavaScript string can neither be overwritten nor kept from being copied.
 * Here is what every room does with them; no zod, so that the page and the preload may use it.
 */

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

/** No input of the contract nests secrets deeper. */
const deepest = 4;

/**
 * Overwrites every byte array in an input, at any place of it: what crossed the contract is used up. Takes anything, also
 * what was never parsed.
 */
export function wipeSecrets(input: unknown, depth = 0): void {
  if (input instanceof Uint8Array) input.fill(0);
  else if (typeof input === 'object' && input !== null && depth < deepest) {
    for (const member of Object.values(input)) wipeSecrets(member, depth + 1);
  }
}
