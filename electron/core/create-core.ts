import type { MethodName } from '../contract/methods.ts';
import type { NodeFault } from '../contract/local-network.ts';
import { err, ok, type Result } from '../contract/result.ts';
import type { KdfParameters } from '../contract/vault.ts';
import type { AgentClient } from '../networks/agent-client/agent-client.ts';
import type { TransportTimeouts } from '../networks/agent-client/transport.ts';
import type { SpawnNode } from '../networks/local/local-network.ts';
import { dataHandlers } from './handlers/data-handlers.ts';
import { networkHandlers } from './handlers/network-handlers.ts';
import { reportHandlers } from './handlers/report-handlers.ts';
import { runHandlers } from './handlers/run-handlers.ts';
import { vaultHandlers } from './handlers/vault-handlers.ts';
import { systemRandom } from '../services/vault/secret-bytes.ts';
import { composeServices } from './compose.ts';
import { createRouter, type Handlers } from './router.ts';
import type { CallContext, Core, HostKind } from './types.ts';

export interface CoreOptions {
  /** Folder that holds all state; made when absent. */
  readonly profile: string;
  readonly host: HostKind;
  readonly version?: string;
  /** Milliseconds since the epoch; the machine's clock unless a test gives one. */
  readonly clock?: () => number;
  readonly random?: (bytes: number) => Uint8Array;
  /** Folder with `data/` and `fonts/`; beside the sources unless a packaged app says where. */
  readonly assets?: string;
  /** Entry of the local network's process, its bundle in a packaged app. */
  readonly networkEntry?: string;
  /** Entry of the sealing threads. */
  readonly sealingEntry?: URL;
  readonly spawnNode?: SpawnNode;
  /** Argon2id cost of a new vault, and the weakest accepted. Only tests lower them. */
  readonly kdf?: KdfParameters;
  readonly kdfFloor?: KdfParameters;
  readonly timeouts?: TransportTimeouts;
  /** Between the core and each node's client: tests record there what is sent. */
  readonly wrapClient?: (client: AgentClient) => AgentClient;
  /** Misbehaviour of local nodes from the start, for tests and demonstrations. */
  readonly faults?: ReadonlyMap<string, NodeFault>;
  /** directory.json of a local network that runs elsewhere: used, never started or stopped. */
  readonly externalNetwork?: string;
  /** Trouble for the log on disk; never a secret. */
  readonly onTrouble?: (what: string, problem: unknown) => void;
}

/** The composition root: makes every service once, wires them, and answers the contract. */
export async function createCore(options: CoreOptions): Promise<Result<Core>> {
  const composed = await composeServices({
    ...options,
    clock: options.clock ?? Date.now,
    // Keys are made of these bytes: they must not leave a second copy behind.
    random: options.random ?? systemRandom,
  });
  if (!composed.ok) return composed;
  const { services, hub, close, trouble } = composed.value;
  const handlers: Handlers = {
    ...vaultHandlers(services),
    ...dataHandlers(services),
    ...networkHandlers(services),
    ...runHandlers(services),
    ...reportHandlers(services),
  };
  const route = createRouter({ handlers, unlocked: services.vault.unlocked, onBug: trouble });
  let closing: Promise<void> | undefined;
  const call = (name: string, input: unknown, context: CallContext = { client: options.host }) =>
    closing === undefined
      ? route(name, input, context)
      : Promise.resolve(err('unavailable', 'Nacre is closing.', { hint: 'Start it again.' }));
  return ok({
    call,
    // The router parses in and out by the same schemas that these types come from.
    invoke: call as <M extends MethodName>(name: M, input: unknown, context?: CallContext) => Promise<Result<never>>,
    subscribe: hub.subscribe,
    takeDownload: (downloadId) =>
      services.vault.unlocked() ? services.downloads.take(downloadId) : err('locked', 'The vault is locked.'),
    close: () => (closing ??= close()),
  });
}
