import { err, type Result } from '../../contract/result.ts';
import type { KdfParameters } from '../../contract/vault.ts';
import type { AuditEvent } from '../audit/audit-log.ts';
import type { Attempts } from './attempts.ts';
import type { VaultCrypto } from './crypto-types.ts';
import type { VaultHeader } from './header.ts';
import { passphraseBytes, type PassphraseInput } from './passphrase.ts';
import { openMaster } from './session.ts';
import type { VaultSlot } from './slots.ts';

/** The door to the master key: attempts are slowed, counted and logged here, whatever way they take. */
export interface MasterAccess {
  /** The header, when an attempt is allowed now. Errors: `unavailable` (wait), `damaged`, and those of the file. */
  ready(): Result<VaultHeader>;
  /** Counts and logs a wrong secret before anyone hears of it; answers `failure`, or why it could not be logged. */
  refused<T>(vaultId: string, by: VaultSlot['type'], failure: Result<T>): Result<T>;
  /** Finds the master key and lends it to `use`; it is wiped afterwards. */
  withMaster<T>(
    passphrase: PassphraseInput,
    use: (master: Uint8Array, header: VaultHeader, slotId: string) => Promise<Result<T>> | Result<T>,
  ): Promise<Result<T>>;
}

export interface MasterAccessOptions {
  readonly attempts: Attempts;
  readonly crypto: VaultCrypto;
  readonly clock: () => number;
  readonly floor: KdfParameters;
  header(): Result<VaultHeader>;
  log(kind: AuditEvent['kind'], subject: string, details?: AuditEvent['details']): Result<unknown>;
}

export function createMasterAccess(options: MasterAccessOptions): MasterAccess {
  const { attempts, crypto, clock, floor } = options;
  const access: MasterAccess = {
    ready() {
      const found = options.header();
      if (!found.ok) return found;
      const weak = found.value.slots.some((slot) => slot.type === 'passphrase' && isWeaker(slot.kdf, floor));
      if (weak) return err('damaged', 'The vault asks for a weaker key derivation than Nacre ever makes.');
      const allowed = attempts.allowed(clock());
      return allowed.ok ? found : allowed;
    },
    refused(vaultId, by, failure) {
      const counted = attempts.failed(clock());
      const logged = options.log('unlock-failed', vaultId, { failures: attempts.failures(), by });
      if (!counted.ok) return counted;
      return logged.ok ? failure : logged;
    },
    async withMaster(passphrase, use) {
      const found = access.ready();
      if (!found.ok) return found;
      const bytes = passphraseBytes(passphrase, 'existing');
      if (!bytes.ok) return bytes;
      const opening = await openMaster(found.value, bytes.value, crypto);
      crypto.wipe(bytes.value);
      if (!opening.ok) return access.refused(found.value.vaultId, 'passphrase', opening);
      const { master, slotId } = opening.value;
      try {
        return await use(master, found.value, slotId);
      } finally {
        crypto.wipe(master);
      }
    },
  };
  return access;
}

export function isWeaker(cost: KdfParameters, floor: KdfParameters): boolean {
  return cost.memoryKib < floor.memoryKib || cost.passes < floor.passes;
}
