import type { Result } from '../../contract/result.ts';
import type { KdfParameters } from '../../contract/vault.ts';
import type { VaultState } from '../../contract/views.ts';
import type { AuditEvent } from '../audit/audit-log.ts';
import type { VaultCrypto } from './crypto-types.ts';
import type { VaultHeader } from './header.ts';
import type { PassphraseInput } from './passphrase.ts';
import type { RecordBook } from './records.ts';
import type { PassphraseSlot, VaultSlot } from './slots.ts';

/** What backups and recovery need of the vault they belong to. */
export interface RecoveryContext {
  readonly path: string;
  readonly crypto: VaultCrypto;
  readonly random: (bytes: number) => Uint8Array;
  readonly clock: () => number;
  /** Weakest cost that a backup may ask for. */
  readonly floor: KdfParameters;
  serialize<T>(work: () => Promise<T>): Promise<T>;
  header(): Result<VaultHeader>;
  /** Locks, closes the file, lets `place` put another one there, and opens that. */
  replaceFile(place: () => Result<void>): Result<VaultState>;
  withMaster<T>(
    passphrase: PassphraseInput,
    use: (master: Uint8Array, header: VaultHeader) => Promise<Result<T>> | Result<T>,
  ): Promise<Result<T>>;
  replaceSlots(master: Uint8Array, old: VaultHeader, slots: VaultSlot[], act: () => Result<unknown>): Result<void>;
  passphraseSlot(vaultId: string, passphrase: Uint8Array, master: Uint8Array): Promise<PassphraseSlot>;
  log(kind: AuditEvent['kind'], subject: string, details?: AuditEvent['details']): Result<unknown>;
  book(): Result<RecordBook>;
}
