import type { NodeFault } from '../contract/local-network.ts';
import type { KdfParameters } from '../contract/vault.ts';
import type { AgentClient } from '../networks/agent-client/agent-client.ts';
import type { TransportTimeouts } from '../networks/agent-client/transport.ts';
import type { SpawnNode } from '../networks/local/local-network.ts';
import type { KeychainPort } from '../services/vault/keychain.ts';
import type { Patience } from '../services/transfers/transfer.ts';
import type { HostKind } from './types.ts';

/** What a host decides about its core; all but the profile and its own name has a default. */
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
  /** The system's keychain, where the host has a real one. */
  readonly keychain?: KeychainPort;
  /** JSON file with the profiles that were opened before; none is kept when absent. */
  readonly knownProfiles?: string;
  readonly timeouts?: TransportTimeouts;
  /** How long transfers go on without getting on. */
  readonly transferPatience?: Patience;
  /** How long a node at work may be silent before it is given up: milliseconds. */
  readonly silenceMs?: number;
  /** Between the core and each node's client: tests record there what is sent. */
  readonly wrapClient?: (client: AgentClient) => AgentClient;
  /** Misbehaviour of local nodes from the start, for tests and demonstrations. */
  readonly faults?: ReadonlyMap<string, NodeFault>;
  /** directory.json of a local network that runs elsewhere: used, never started or stopped. */
  readonly externalNetwork?: string;
  /** Trouble for the log on disk; never a secret. */
  readonly onTrouble?: (what: string, problem: unknown) => void;
}
