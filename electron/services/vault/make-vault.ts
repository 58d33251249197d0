import { ok, type Result } from '../../contract/result.ts';
import type { KdfParameters } from '../../contract/vault.ts';
import type { VaultCrypto } from './crypto-types.ts';
import { deriveKeys, newestHeader, sealHeader, type VaultHeader } from './header.ts';
import { createFirstKeys } from './keys.ts';
import { createRecordBook } from './records.ts';
import { storeHeader } from './session.ts';
import { makePassphraseSlot, toHex } from './slots.ts';
import { createVaultFile, type VaultFile } from './vault-file.ts';

export interface MakeVaultInput {
  readonly path: string;
  readonly crypto: VaultCrypto;
  readonly random: (bytes: number) => Uint8Array;
  readonly parameters: KdfParameters;
  readonly createdAt: string;
}

/**
 * Writes a new vault with its first keys, whole or not at all. The caller wipes passphrase and master key.
 * Errors: `already_exists`, and those of the disk; then the master key is wiped here.
 */
export async function makeVault(
  { path, crypto, random, parameters, createdAt }: MakeVaultInput,
  passphrase: Uint8Array,
): Promise<Result<{ file: VaultFile; header: VaultHeader; master: Uint8Array }>> {
  const vaultId = toHex(random(16));
  const master = random(32);
  const slot = await makePassphraseSlot({ vaultId, crypto, random, parameters }, passphrase, master);
  const keys = deriveKeys(master);
  const header = sealHeader({ format: 'nacre-vault', version: newestHeader, vaultId, createdAt, slots: [slot] }, keys);
  const created = createVaultFile(path, (fresh) => {
    const written = storeHeader(fresh, header);
    if (!written.ok) return written;
    const book = createRecordBook({ file: fresh, keys, vaultId, crypto, random });
    return createFirstKeys(book, crypto.wipe, random, createdAt);
  });
  for (const key of [keys.header, keys.records, keys.index]) crypto.wipe(key);
  if (created.ok) return ok({ file: created.value, header, master });
  crypto.wipe(master);
  return created;
}
