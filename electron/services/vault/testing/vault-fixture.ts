import type { Result } from '../../../contract/result.ts';
import { openAuditLog, type AuditLog } from '../../audit/audit-log.ts';
import { openStore, type Store } from '../../store/store.ts';
import { loadVaultCrypto } from '../crypto.ts';
import { systemRandom } from '../system-random.ts';
import { createVaultService, type VaultOptions, type VaultService } from '../vault-service.ts';

/** Cheap on purpose: what is tested is the vault, not the patience of the reader. Never used outside tests. */
export const testCost = { memoryKib: 64, passes: 1 };

export interface OpenVault {
  readonly store: Store;
  readonly audit: AuditLog;
  readonly vault: VaultService;
  close(): void;
}

/** A whole vault on a folder, with real libsodium, SQLite and audit log; only clock, random and cost are given. */
export function openVault(
  directory: string,
  options: Partial<VaultOptions> & { wrapAudit?: (audit: AuditLog) => AuditLog } = {},
): OpenVault {
  const clock = options.clock ?? (() => Date.UTC(2026, 10, 22, 10));
  const store = valueOf(openStore({ directory, clock, pid: process.pid }));
  const audit = valueOf(openAuditLog({ store, clock }));
  const vault = createVaultService({
    store,
    audit: options.wrapAudit?.(audit) ?? audit,
    crypto: loadVaultCrypto(),
    random: systemRandom,
    autoLockMs: 600_000,
    kdf: testCost,
    kdfFloor: testCost,
    ...options,
    clock,
  });
  return {
    store,
    audit,
    vault,
    close() {
      vault.close();
      store.close();
    },
  };
}

export function valueOf<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.value;
}
