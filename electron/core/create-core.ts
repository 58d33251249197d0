import type { MethodName } from '../contract/methods.ts';
import { err, ok, type Result } from '../contract/result.ts';
import { wipeSecrets } from '../contract/secret-bytes.ts';
import { approvalHandlers } from './handlers/approval-handlers.ts';
import { collateralHandlers } from './handlers/collateral-handlers.ts';
import { evidenceFileHandlers } from './handlers/evidence-file-handlers.ts';
import { dataHandlers } from './handlers/data-handlers.ts';
import { healthHandlers } from './handlers/health-handlers.ts';
import { mlflowHandlers } from './handlers/mlflow-handlers.ts';
import { networkHandlers } from './handlers/network-handlers.ts';
import { networksHandlers } from './handlers/networks-handlers.ts';
import { policyHandlers } from './handlers/policy-handlers.ts';
import { auditHandlers } from './handlers/audit-handlers.ts';
import { keyHandlers } from './handlers/key-handlers.ts';
import { recoveryHandlers } from './handlers/recovery-handlers.ts';
import { reportHandlers } from './handlers/report-handlers.ts';
import { runHandlers } from './handlers/run-handlers.ts';
import { vaultHandlers } from './handlers/vault-handlers.ts';
import { systemRandom } from '../services/vault/system-random.ts';
import { composeServices } from './compose.ts';
import type { CoreOptions } from './core-options.ts';
import { refusedOffline } from './offline-custody.ts';
import { refusedByRule } from './role-gate.ts';
import { createRouter, type Handlers } from './router.ts';
import type { CallContext, Core } from './types.ts';

export { knownProfilesPath } from './known-profiles.ts';

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
    ...networksHandlers(services),
    ...healthHandlers(services),
    ...mlflowHandlers(services),
    ...policyHandlers(services),
    ...runHandlers(services),
    ...recoveryHandlers(services),
    ...reportHandlers(services),
    ...approvalHandlers(services),
    ...keyHandlers(services),
    ...auditHandlers(services),
    ...collateralHandlers(services),
    ...evidenceFileHandlers(services),
  };
  const route = createRouter({ handlers, unlocked: services.vault.unlocked, onBug: trouble });
  let closing: Promise<void> | undefined;
  const call = async (name: string, input: unknown, context: CallContext = { client: options.host }) => {
    try {
      if (closing !== undefined) return err('unavailable', 'Nacre is closing.', { hint: 'Start it again.' });
      const refusal =
        (services.custody.offline ? refusedOffline(name) : undefined) ?? refusedByRule(services.approvals, name);
      return refusal ?? (await route(name, input, context));
    } finally {
      // Secrets come as bytes and are used up, also by a call that was refused before anything looked at them.
      wipeSecrets(input);
    }
  };
  return ok({
    call,
    // The router parses in and out by the same schemas that these types come from.
    invoke: call as <M extends MethodName>(name: M, input: unknown, context?: CallContext) => Promise<Result<never>>,
    subscribe: hub.subscribe,
    takeDownload: (downloadId) =>
      services.vault.unlocked() ? services.downloads.take(downloadId) : err('locked', 'The vault is locked.'),
    receiveFile: async (name, content) =>
      services.vault.unlocked() ? services.inbox.receive(name, content) : err('locked', 'The vault is locked.'),
    close: () => (closing ??= close()),
  });
}
