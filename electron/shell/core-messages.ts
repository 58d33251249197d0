import { z } from 'zod';
import type { StreamName } from '../contract/methods.ts';

/** Between the main process and the core's process. Both are ours, yet each reads only what has this shape. */
export const toCoreSchema = z.union([
  z.strictObject({ kind: z.literal('start'), profile: z.string(), nodeBinary: z.string().optional() }),
  z.strictObject({ kind: z.literal('call'), id: z.number().int(), method: z.string(), input: z.unknown() }),
  /** Comes with one port: events go out on it, to the page directly. */
  z.strictObject({ kind: z.literal('events') }),
  z.strictObject({ kind: z.literal('keychain-answer'), id: z.number().int(), result: z.unknown() }),
  z.strictObject({ kind: z.literal('close') }),
]);
export type ToCore = z.infer<typeof toCoreSchema>;

/** The vault asks the system's keychain, which only the main process reaches. `bytes` is base64. */
const keychainRequestSchema = z.object({
  kind: z.literal('keychain'),
  id: z.number().int(),
  act: z.enum(['status', 'seal', 'open']),
  bytes: z.string().max(16_384).optional(),
});
export type KeychainRequest = z.infer<typeof keychainRequestSchema>;

export const fromCoreSchema = z.union([
  z.object({ kind: z.literal('ready') }),
  z.object({ kind: z.literal('failed'), message: z.string() }),
  z.object({ kind: z.literal('answer'), id: z.number().int(), result: z.unknown() }),
  keychainRequestSchema,
]);
export type FromCore = z.infer<typeof fromCoreSchema>;

/** What a page's events port carries. */
export interface PortEvent {
  readonly stream: StreamName;
  readonly event: unknown;
}
