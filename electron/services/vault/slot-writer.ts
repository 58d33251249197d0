import { err, ok, type Result } from '../../contract/result.ts';
import type { VaultCrypto } from './crypto-types.ts';
import { deriveKeys, newestHeader, sealHeader, type VaultHeader } from './header.ts';
import { keepCopy } from './kept-copies.ts';
import { storeHeader } from './session.ts';
import type { VaultSlot } from './slots.ts';
import type { VaultFile } from './vault-file.ts';

export interface SlotWriterOptions {
  readonly path: string;
  readonly crypto: VaultCrypto;
  readonly clock: () => number;
  file(): Result<VaultFile>;
  /** Whether nothing else will be written for a while: then the file gets its checksum. */
  atRest(): boolean;
}

/**
 * Writes other ways to the same master key. `act` logs inside the transaction: without its entry nothing changes.
 * Errors: those of the disk and of `act`.
 */
export function createSlotWriter(options: SlotWriterOptions) {
  const { path, crypto, clock } = options;
  return (master: Uint8Array, old: VaultHeader, slots: VaultSlot[], act: () => Result<unknown>): Result<void> => {
    const at = options.file();
    if (!at.ok) return at;
    const keys = deriveKeys(master);
    const { format, vaultId, createdAt } = old;
    const sealed = sealHeader({ format, version: newestHeader, vaultId, createdAt, slots }, keys);
    for (const key of [keys.header, keys.records, keys.index]) crypto.wipe(key);
    const written = at.value.transaction(() => {
      const stored = storeHeader(at.value, sealed);
      return stored.ok ? act() : stored;
    });
    if (!written.ok) return written;
    const settled = options.atRest() ? at.value.settle() : ok(undefined);
    if (!settled.ok) return settled;
    // Older copies still open with what was replaced, so only this one stays.
    const kept = keepCopy(path, clock(), true);
    if (kept.ok) return kept;
    const { code, message } = kept.error;
    return err(code, `The change is made, but the copies beside the vault are the old ones. ${message}`, {
      hint: 'Delete them by hand: they still open with what was replaced.',
    });
  };
}
