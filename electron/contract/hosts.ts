import { z } from 'zod';
import { streams, type StreamName } from './methods.ts';
import type { Result } from './result.ts';

/** What a host gives the renderer: the Electron preload as `window.nacre`, the web host by HTTP and WebSocket. */
export interface Bridge {
  readonly version: string;
  /** Runs one method of the contract. Never rejects: a host that cannot be reached answers `unavailable`. */
  call(method: string, input: unknown): Promise<Result<unknown>>;
  /** Follows a stream until the returned function is called. */
  subscribe(stream: StreamName, listener: (event: unknown) => void): () => void;
  /** Where a `File` that a person dropped onto the page lies on this machine; empty when it lies nowhere. */
  pathOf(file: unknown): string;
}

export { webPaths } from './web-paths.ts';

/** Largest body of a call, in bytes. */
export const webCallMaximumBytes = 1_048_576;

/** `SealedSecrets` of web-paths.ts. */
const sealedSecretsSchema = z.strictObject({
  keyId: z.string().max(64),
  publicKey: z.base64().length(88),
  places: z
    .array(
      z.strictObject({
        path: z
          .array(z.union([z.string().max(64), z.number().int().min(0).max(64)]))
          .min(1)
          .max(4),
        bytes: z.number().int().min(0).max(16_384),
      }),
    )
    .min(1)
    .max(4),
  box: z.base64().max(90_000),
});

export const webCallSchema = z.strictObject({
  method: z.string().min(1).max(64),
  input: z.unknown(),
  sealed: sealedSecretsSchema.optional(),
});

const streamName = z.enum(Object.keys(streams) as [StreamName, ...StreamName[]]);

export const webClientMessageSchema = z.union([
  z.strictObject({ subscribe: streamName }),
  z.strictObject({ unsubscribe: streamName }),
]);

/** `missed` says that the page read too slowly and events were dropped: fetch the state again. */
export const webServerMessageSchema = z.union([
  z.object({ stream: streamName, event: z.unknown() }),
  z.object({ missed: z.literal(true) }),
]);
export type WebServerMessage = z.infer<typeof webServerMessageSchema>;
