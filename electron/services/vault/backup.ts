import { hkdfSync } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import type { WrittenBackup } from '../../contract/recovery.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { guardedFile } from '../store/sqlite.ts';
import {
  backupLimit,
  contextOfProfile,
  decodeBackup,
  encodeBackup,
  sha256Hex,
  type BackupHead,
  type OpenHead,
} from './backup-file.ts';
import { alreadyThere } from './fresh-file.ts';
import { deriveKeys, headerIsOurs, newestHeader, readHeader, sealHeader, type VaultHeader } from './header.ts';
import { isWeaker } from './master-access.ts';
import { consuming, passphraseBytes, type PassphraseInput } from './passphrase.ts';
import { createRecordBook, logHeadRecordId } from './records.ts';
import type { RecoveryContext } from './recovery-context.ts';
import { openMaster, storeHeader } from './session.ts';
import { joinShares } from './shares.ts';
import { recoverySlotOf } from './share-sets.ts';
import { fromHex, openRecoverySlot, toHex, type VaultSlot } from './slots.ts';
import type { BackupKey, VaultBackups } from './vault-types.ts';
import { openVaultFile } from './vault-file.ts';

/** Files that SQLite and we may leave beside a database. */
const besides = ['', '-journal', '.sha256', '.sha256.new'];
/** A bare vault file: one of the copies that are kept beside it. */
const databaseMark = 'SQLite format 3\0';

interface OpenedVault {
  readonly header: VaultHeader;
  readonly records: number;
  /** Its file, which may be renamed to where it belongs. */
  readonly temporary: string;
  readonly master: Uint8Array;
}

/** Whole backups of a profile: written while it is in use, checked by reading them back, restored on another machine. */
export function createBackups(context: RecoveryContext): VaultBackups {
  const { path, crypto, random, clock, log } = context;

  /** A vault that carries nothing of this machine: no memory of the log, which is in the backup itself, no keychain. */
  const portableVault = (temporary: string, master: Uint8Array, header: VaultHeader, slots: VaultSlot[]) => {
    const copied = guardedFile(`Writing ${temporary}`, () => {
      copyFileSync(path, temporary);
      chmodSync(temporary, 0o600);
    });
    if (!copied.ok) return copied;
    const copy = openVaultFile(temporary);
    if (!copy.ok) return copy;
    const keys = deriveKeys(master);
    const book = createRecordBook({ file: copy.value, keys, vaultId: header.vaultId, crypto, random });
    const removed = book.delete(logHeadRecordId);
    const { format, vaultId, createdAt } = header;
    const sealed = sealHeader({ format, version: newestHeader, vaultId, createdAt, slots }, keys);
    const stored = removed.ok ? storeHeader(copy.value, sealed) : removed;
    const whole = stored.ok ? book.verify() : stored;
    for (const key of [keys.header, keys.records, keys.index]) crypto.wipe(key);
    copy.value.close();
    return whole.ok ? guardedFile(`Reading ${temporary}`, () => readFileSync(temporary)) : whole;
  };

  const sealProfile = (master: Uint8Array, head: OpenHead, profile: Uint8Array) => {
    const key = backupKey(master);
    const nonce = random(24);
    const box = crypto.seal(key, nonce, contextOfProfile(head), profile);
    crypto.wipe(key);
    const whole: BackupHead = {
      ...head,
      profile: { bytes: box.length, sha256: sha256Hex(box), nonce: toHex(nonce) },
    };
    return { head: whole, box };
  };

  const openProfile = (master: Uint8Array, head: BackupHead, box: Uint8Array) => {
    const key = backupKey(master);
    const profile = crypto.open(key, fromHex(head.profile.nonce), contextOfProfile(head), box);
    crypto.wipe(key);
    return profile;
  };

  /** The master key of a vault that came from elsewhere. The caller wipes it. */
  const masterOf = async (header: VaultHeader, by: BackupKey): Promise<Result<Uint8Array>> => {
    if ('passphrase' in by) {
      if (header.slots.some((slot) => slot.type === 'passphrase' && isWeaker(slot.kdf, context.floor))) {
        return err('damaged', 'The backup asks for a weaker key derivation than Nacre ever makes.');
      }
      const bytes = passphraseBytes(by.passphrase, 'existing');
      if (!bytes.ok) return bytes;
      const opened = await openMaster(header, bytes.value, crypto);
      crypto.wipe(bytes.value);
      return opened.ok ? ok(opened.value.master) : opened;
    }
    const joined = await joinShares(by.shares, crypto);
    if (!joined.ok) return joined;
    const { recoveryKey, vaultId, setId } = joined.value;
    const slot = recoverySlotOf(header);
    const fits = vaultId === header.vaultId && slot?.id === setId;
    const master = fits ? openRecoverySlot(slot, vaultId, recoveryKey, crypto) : undefined;
    crypto.wipe(recoveryKey);
    if (master !== undefined) return ok(master);
    const why =
      vaultId === header.vaultId ? 'of another set than the backup knows' : 'of another vault than the backup';
    return err('wrong_passphrase', `These shares are ${why}.`, { hint: 'Look at vault and set on the printed pages.' });
  };

  /** The vault of a backup as a file of its own, for SQLite; `use` may take it away by renaming it. */
  const withVaultPart = async <T>(
    vault: Uint8Array,
    use: (temporary: string, header: VaultHeader) => Promise<Result<T>>,
  ): Promise<Result<T>> => {
    const temporary = `${path}.incoming`;
    const remove = () => {
      for (const suffix of besides) rmSync(`${temporary}${suffix}`, { force: true });
    };
    remove();
    try {
      const written = guardedFile(`Writing ${temporary}`, () =>
        writeFileSync(temporary, vault, { mode: 0o600, flag: 'wx', flush: true }),
      );
      if (!written.ok) return written;
      const file = openVaultFile(temporary, { readOnly: true });
      if (!file.ok) return file;
      const text = file.value.readHeader();
      const whole = text.ok ? file.value.check() : text;
      file.value.close();
      if (!whole.ok) return whole;
      const header = text.ok ? readHeader(text.value) : text;
      return header.ok ? await use(temporary, header.value) : header;
    } finally {
      remove();
    }
  };

  /** Opens every record of a vault that came from elsewhere and lends its master key to `use`. */
  const withOpenedVault = <T>(
    vault: Uint8Array,
    by: BackupKey,
    use: (opened: OpenedVault) => Promise<Result<T>>,
  ): Promise<Result<T>> =>
    withVaultPart(vault, async (temporary, header) => {
      const found = await masterOf(header, by);
      if (!found.ok) return found;
      const master = found.value;
      try {
        const records = countRecords(temporary, master, header);
        return records.ok ? await use({ header, records: records.value, temporary, master }) : records;
      } finally {
        crypto.wipe(master);
      }
    });

  /** The same of a whole backup, with what was saved beside the vault. */
  const withOpened = async <T>(
    source: string,
    by: BackupKey,
    use: (opened: OpenedVault, head: BackupHead, profile: Uint8Array) => Promise<Result<T>>,
  ): Promise<Result<T>> => {
    const parts = read(source);
    if (!parts.ok) return parts;
    const { head, vault, profile: box } = parts.value;
    return withOpenedVault(vault, by, async (opened) => {
      const profile = opened.header.vaultId === head.vaultId ? openProfile(opened.master, head, box) : undefined;
      if (profile !== undefined) return use(opened, head, profile);
      return err('damaged', 'The backup was changed: its records are not those that were saved with its vault.', {
        hint: 'Take another copy of it. Nothing was changed.',
        details: { place: 'profile' },
      });
    });
  };

  const countRecords = (temporary: string, master: Uint8Array, header: VaultHeader): Result<number> => {
    const file = openVaultFile(temporary, { readOnly: true });
    if (!file.ok) return file;
    const keys = deriveKeys(master);
    const book = createRecordBook({ file: file.value, keys, vaultId: header.vaultId, crypto, random });
    const whole = headerIsOurs(header, keys)
      ? book.verify()
      : err('damaged', 'The backup was changed: its vault has a header that its owner did not write.');
    const names = whole.ok ? book.list() : whole;
    for (const key of [keys.header, keys.records, keys.index]) crypto.wipe(key);
    file.value.close();
    return names.ok ? ok(names.value.length) : names;
  };

  return {
    create: (passphrase, { path: target, ownPassphrase, logHead, offline, collect }) =>
      consuming(ownPassphrase === undefined ? [passphrase] : [passphrase, ownPassphrase], () =>
        context.serialize(() =>
          context.withMaster(passphrase, async (master, header): Promise<Result<WrittenBackup>> => {
            if (existsSync(target)) return alreadyThere(target);
            const slots = await slotsOfBackup(header, master, ownPassphrase);
            if (!slots.ok) return slots;
            const logged = log('backup-exported', header.vaultId, {
              path: target.slice(0, 1024),
              ownPassphrase: ownPassphrase !== undefined,
            });
            if (!logged.ok) return logged;
            const createdAt = new Date(clock()).toISOString();
            const temporary = `${path}.backup`;
            const part = `${target}.part`;
            try {
              // From here to the two reads nothing waits, so that vault, records and log are of one moment.
              const vault = portableVault(temporary, master, header, slots.value);
              if (!vault.ok) return vault;
              const profile = collect();
              if (!profile.ok) return profile;
              const open: OpenHead = {
                format: 'nacre-backup',
                version: 1,
                vaultId: header.vaultId,
                createdAt,
                log: logHead(),
                offline,
                vault: { bytes: vault.value.length, sha256: sha256Hex(vault.value) },
              };
              const { head, box } = sealProfile(master, open, profile.value);
              const written = guardedFile(`Writing ${target}`, () =>
                writeFileSync(part, encodeBackup(head, vault.value, box), { mode: 0o600, flag: 'wx', flush: true }),
              );
              if (!written.ok) return written;
              const again = read(part);
              if (!again.ok) return again;
              if (openProfile(master, again.value.head, again.value.profile) === undefined) {
                return err('damaged', `${target} reads back differently from what was written.`);
              }
              const placed = guardedFile(`Writing ${target}`, () => renameSync(part, target));
              if (!placed.ok) return placed;
              const { bytes } = again.value;
              return ok({ path: target, at: createdAt, bytes: bytes.length, sha256: sha256Hex(bytes) });
            } finally {
              for (const suffix of besides) rmSync(`${temporary}${suffix}`, { force: true });
              rmSync(part, { force: true });
            }
          }),
        ),
      ),

    look: (source) =>
      context.serialize(async () => {
        const parts = read(source);
        if (!parts.ok) return parts;
        const { head, bytes } = parts.value;
        return withVaultPart(parts.value.vault, async (_, header) =>
          header.vaultId === head.vaultId
            ? ok({ head, header, bytes: bytes.length, sha256: sha256Hex(bytes) })
            : err('damaged', 'The backup was changed: its vault is another one than its head says.'),
        );
      }),

    open: (source, passphrase) =>
      consuming([passphrase], () =>
        context.serialize(() =>
          withOpened(source, { passphrase }, async ({ header, records }, head, profile) =>
            ok({ head, header, profile, records }),
          ),
        ),
      ),

    restore: (source, by, { replace, apply, applyCopy }) =>
      consuming(['shares' in by ? by.next : by.passphrase], () =>
        context.serialize(async () => {
          // Whatever is replaced is kept beside the restored one; a vault that can be read only if that was asked for.
          if (context.header().ok && !replace) {
            return err('already_exists', `There is a vault at ${path} already.`, {
              hint: 'Unlock it, restore on a new profile, or say that it is to be replaced.',
            });
          }
          const next = 'shares' in by ? passphraseBytes(by.next, 'fresh') : undefined;
          if (next?.ok === false) return next;
          const place = async <T>(
            { header, temporary, master }: OpenedVault,
            facts: Readonly<Record<string, string | number>>,
            applied: () => Result<T>,
          ): Promise<Result<T>> => {
            const fresh =
              next === undefined ? undefined : await context.passphraseSlot(header.vaultId, next.value, master);
            const taken = applied();
            if (!taken.ok) return taken;
            const placed = context.replaceFile(() =>
              guardedFile(`Restoring ${path}`, () => {
                for (const suffix of ['.sha256', '-journal']) rmSync(`${path}${suffix}`, { force: true });
                if (existsSync(path)) renameSync(path, `${path}.replaced-${clock()}`);
                renameSync(temporary, path);
              }),
            );
            if (!placed.ok) return placed;
            const logged = log('vault-restored', header.vaultId, facts);
            if (!logged.ok) return logged;
            if (fresh === undefined) return taken;
            const others = header.slots.filter(({ type }) => type !== 'passphrase');
            const changed = context.replaceSlots(master, header, [fresh, ...others], () =>
              log('passphrase-changed', header.vaultId, { by: 'recovery shares' }),
            );
            return changed.ok ? taken : changed;
          };
          try {
            const bytes = readBytes(source);
            if (!bytes.ok) return bytes;
            if (bytes.value.toString('latin1', 0, databaseMark.length) === databaseMark) {
              const madeAt = statSync(source).mtime.toISOString();
              return await withOpenedVault(bytes.value, by, (opened) =>
                place(opened, { copyOf: madeAt }, () => applyCopy(opened.header.vaultId, madeAt)),
              );
            }
            return await withOpened(source, by, (opened, head, profile) =>
              place(opened, { createdAt: head.createdAt, logSize: head.log.size }, () => apply(profile, head)),
            );
          } finally {
            if (next?.ok === true) crypto.wipe(next.value);
          }
        }),
      ),
  };

  async function slotsOfBackup(header: VaultHeader, master: Uint8Array, own: PassphraseInput | undefined) {
    // What a keychain keeps opens nothing elsewhere.
    if (own === undefined) return ok(header.slots.filter(({ type }) => type !== 'keychain'));
    const bytes = passphraseBytes(own, 'fresh');
    if (!bytes.ok) return bytes;
    const slot = await context.passphraseSlot(header.vaultId, bytes.value, master);
    crypto.wipe(bytes.value);
    return ok<VaultSlot[]>([slot, ...header.slots.filter(({ type }) => type === 'recovery')]);
  }
}

function backupKey(master: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', master, new Uint8Array(0), 'nacre/vault/v1/backup', 32));
}

function readBytes(source: string): Result<Buffer> {
  const bytes = guardedFile(`Reading ${source}`, () =>
    statSync(source).size > backupLimit ? undefined : readFileSync(source),
  );
  if (!bytes.ok) return existsSync(source) ? bytes : err('not_found', `There is no file ${source}.`);
  return bytes.value === undefined ? err('invalid_input', `${source} is larger than any backup.`) : ok(bytes.value);
}

function read(source: string) {
  const bytes = readBytes(source);
  if (!bytes.ok) return bytes;
  const parts = decodeBackup(bytes.value);
  return parts.ok ? ok({ ...parts.value, bytes: bytes.value }) : parts;
}
