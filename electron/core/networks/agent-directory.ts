import { z } from 'zod';
import { ok, type Result } from '../../contract/result.ts';
import type { Store } from '../../services/store/store.ts';

/** Which directory of SIMULATED agents an added network came with; see `networks.connect`. Nothing in it is secret. */
export interface AgentDirectory {
  /** undefined: the local network. Errors: those of the disk. */
  path(): Result<string | undefined>;
  /** The added network that it came with. Errors: those of the disk. */
  owner(): Result<string | undefined>;
  set(network: string, path: string): Result<void>;
  /** @returns whether it was this network's */
  forget(network: string): Result<boolean>;
}

const id = 'agents';

export function createAgentDirectory(store: Store): AgentDirectory {
  const kept = store.collection('networks', z.object({ network: z.string(), path: z.string() }));
  return {
    path() {
      const found = kept.get(id);
      return found.ok ? ok(found.value?.path) : found;
    },
    owner() {
      const found = kept.get(id);
      return found.ok ? ok(found.value?.network) : found;
    },
    set: (network, path) => kept.put(id, { network, path }),
    forget(network) {
      const found = kept.get(id);
      if (!found.ok) return found;
      if (found.value?.network !== network) return ok(false);
      const removed = kept.delete(id);
      return removed.ok ? ok(true) : removed;
    },
  };
}
