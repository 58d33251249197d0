import { err, ok, type Result } from '../../contract/result.ts';
import type { VaultCrypto } from './crypto-types.ts';
import {
  deriveKeys,
  headerIsOurs,
  headerText,
  newestHeader,
  sealHeader,
  type VaultHeader,
  type VaultKeys,
} from './header.ts';
import { openKeyRing, type KeyRing } from './keys.ts';
import { createRecordBook, type RecordBook } from './records.ts';
import { openPassphraseSlot } from './slots.ts';
import type { VaultFile } from './vault-file.ts';

/** What exists only while a vault is unlocked. `end` wipes it. */
export interface VaultSession {
  readonly book: RecordBook;
  readonly ring: KeyRing;
  readonly keys: VaultKeys;
  end(): void;
}

export interface SessionInput {
  readonly file: VaultFile;
  readonly header: VaultHeader;
  readonly crypto: VaultCrypto;
  readonly random: (bytes: number) => Uint8Array;
}

/**
 * The master key behind a passphrase, and the slot that it opened; the caller wipes it.
 * Errors: `wrong_passphrase`.
 */
export async function openMaster(
  header: VaultHeader,
  passphrase: Uint8Array,
  crypto: VaultCrypto,
): Promise<Result<{ master: Uint8Array; slotId: string }>> {
  for (const slot of header.slots) {
    if (slot.type !== 'passphrase') continue;
    const master = await openPassphraseSlot(slot, header.vaultId, passphrase, crypto);
    if (master !== undefined) return ok({ master, slotId: slot.id });
  }
  return err('wrong_passphrase', 'The passphrase is wrong.', { hint: 'Check the keyboard layout and caps lock.' });
}

/**
 * Opens the records with the master key and looks at every one of them before any is used.
 * Errors: `damaged`, naming the header, the file or each damaged record.
 */
export function startSession(input: SessionInput, master: Uint8Array): Result<VaultSession> {
  const { file, header, crypto, random } = input;
  const keys = deriveKeys(master);
  const wipe = () => {
    for (const key of [keys.header, keys.records, keys.index]) crypto.wipe(key);
  };
  const failed = <T>(result: T): T => {
    wipe();
    return result;
  };
  if (!headerIsOurs(header, keys)) {
    return failed(
      err('damaged', 'The header of the vault was changed by someone else.', {
        hint: 'Restore the vault from a backup.',
        details: { place: 'header' },
      }),
    );
  }
  const book = createRecordBook({ file, keys, vaultId: header.vaultId, crypto, random });
  const whole = book.verify();
  if (!whole.ok) return failed(whole);
  const pages = file.check();
  if (!pages.ok) return failed(pages);
  if (file.unchanged === false) {
    return failed(
      err('damaged', `${file.path} is not as it was locked: bytes outside the records changed.`, {
        hint: 'Every record is whole. Restore from a backup, or delete the .sha256 file beside it to accept the file.',
        details: { place: 'file' },
      }),
    );
  }
  const ring = openKeyRing(book, crypto);
  if (!ring.ok) return failed(ring);
  return ok({ book, ring: ring.value, keys, end: wipe });
}

/** Writes a header, whole or not at all. */
export function storeHeader(file: VaultFile, header: VaultHeader): Result<void> {
  return file.writeHeader(headerText(header));
}

/** Writes a header of an older version as the newest, once its owner is known. */
export function upgradeHeader(file: VaultFile, header: VaultHeader, keys: VaultKeys): Result<void> {
  if (header.version >= newestHeader) return ok(undefined);
  const { format, vaultId, createdAt, slots } = header;
  return storeHeader(file, sealHeader({ format, version: newestHeader, vaultId, createdAt, slots }, keys));
}
