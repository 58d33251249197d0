import { z } from 'zod';

/** Fields that methods of several areas take. */
export const none = z.strictObject({});

/** Longest secret in bytes: 1,024 characters of four bytes each, and some air; the vault counts the characters. */
const secretMaximum = 16_384;

/**
 * Secrets cross the contract as bytes, which the core overwrites when the call ends, whatever comes of it; text is refused.
 * Whoever calls from inside the process hands over bytes that it does not need again.
 */
export const secretOf = (fits: (bytes: number) => boolean, what: string) =>
  z.custom<Uint8Array>((value) => value instanceof Uint8Array && fits(value.length), {
    error: `it is ${what}, given as bytes and not as text`,
  });

/** UTF-8. */
export const passphrase = secretOf((bytes) => bytes <= secretMaximum, `a passphrase of at most ${secretMaximum} bytes`);

export const path = z.string().min(1).max(4096);
export const id = z.string().min(1).max(128);
