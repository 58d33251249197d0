import { z } from 'zod';

/** Fields that methods of several areas take. */
export const none = z.strictObject({});
export const passphrase = z.string().max(16_384);
export const path = z.string().min(1).max(4096);
export const id = z.string().min(1).max(128);
