import type { NodeEvidence, Runtime } from '../../contract/node-evidence.ts';

/**
 * Where evidence comes from: simulated hardware, a Nitro enclave, a dstack socket, configfs-tsm. It signs what it is
 * given into the report data and knows nothing of sessions.
 */
export interface EvidenceProvider {
  /** true: the hardware is SIMULATED, and everything this agent sends says so. */
  readonly simulated: boolean;
  /** SHA-384 launch measurement, hex, where the provider can know it. */
  readonly measurement: string | undefined;
  /** Fresh evidence over the channel, the keys and the nonce of `runtime` (DESIGN §5). */
  collect(runtime: Runtime): Promise<NodeEvidence>;
}
