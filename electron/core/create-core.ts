import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { methods, type MethodName } from '../contract/methods.ts';
import { err, ok, type Result } from '../contract/result.ts';
import { createRouter, type Handlers } from './router.ts';
import { createStreamHub } from './streams.ts';
import type { CallContext, Core, HostKind } from './types.ts';

export interface CoreOptions {
  /** Folder that holds all state; made when absent. */
  readonly profile: string;
  readonly host: HostKind;
  /** Milliseconds since the epoch; the machine's clock unless a test gives one. */
  readonly clock?: () => number;
  readonly random?: (bytes: number) => Uint8Array;
}

/** The composition root: makes every service once, wires them, and answers the contract. */
export async function createCore(options: CoreOptions): Promise<Result<Core>> {
  const random = options.random ?? ((bytes: number) => new Uint8Array(randomBytes(bytes)));
  await mkdir(options.profile, { recursive: true, mode: 0o700 });
  void random;
  const hub = createStreamHub({ visible: () => false, onListenerError: () => undefined });
  const pending = Object.fromEntries(
    (Object.keys(methods) as MethodName[]).map((name) => [
      name,
      async () => err('unavailable', `${name} is not wired yet.`),
    ]),
  ) as unknown as Handlers;
  const route = createRouter({ handlers: pending, unlocked: () => true, onBug: () => undefined });
  const call = (name: string, input: unknown, context: CallContext = { client: options.host }) =>
    route(name, input, context);
  return ok({
    call,
    invoke: call as Core['invoke'],
    subscribe: hub.subscribe,
    takeDownload: () => err('not_found', 'There is no such download.'),
    close: async () => hub.close(),
  });
}
