import { chmodSync, copyFileSync, existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { err, ok, type Result } from '../../contract/result.ts';
import type { VaultState } from '../../contract/views.ts';
import type { AuditEvent } from '../audit/audit-log.ts';
import { guardedFile } from '../store/sqlite.ts';
import type { VaultCrypto } from './crypto-types.ts';
import { alreadyThere } from './fresh-file.ts';
import { deriveKeys, readHeader, type VaultHeader } from './header.ts';
import { passphraseBytes } from './passphrase.ts';
import { createRecordBook, logHeadRecordId, type RecordBook } from './records.ts';
import { joinShares, readShare, shareDigest, splitIntoShares } from './shares.ts';
import { makeRecoverySlot, openRecoverySlot, type PassphraseSlot, type VaultSlot } from './slots.ts';
import { openVaultFile, type VaultFile } from './vault-file.ts';
import type { VaultRecovery } from './vault-types.ts';

/** What recovery needs of the vault it belongs to. */
export interface RecoveryContext {
  readonly path: string;
  readonly crypto: VaultCrypto;
  readonly random: (bytes: number) => Uint8Array;
  readonly clock: () => number;
  serialize<T>(work: () => Promise<T>): Promise<T>;
  header(): Result<VaultHeader>;
  file(): Result<VaultFile>;
  /** Locks, closes the file, lets `place` put another one there, and opens that. */
  replaceFile(place: () => Result<void>): Result<VaultState>;
  withMaster<T>(
    passphrase: string,
    use: (master: Uint8Array, header: VaultHeader) => Promise<Result<T>> | Result<T>,
  ): Promise<Result<T>>;
  replaceSlots(master: Uint8Array, old: VaultHeader, slots: VaultSlot[], act: () => Result<unknown>): Result<void>;
  passphraseSlot(vaultId: string, passphrase: Uint8Array, master: Uint8Array): Promise<PassphraseSlot>;
  log(kind: AuditEvent['kind'], subject: string, details?: AuditEvent['details']): Result<unknown>;
  book(): Result<RecordBook>;
}

const digestsId = (slotId: string) => `recovery/${slotId}`;

/** Backups and k-of-n shares: the ways back when the machine or the passphrase is lost. */
export function createRecovery(context: RecoveryContext): VaultRecovery {
  const { path, crypto, random, clock, log } = context;

  return {
    makeShares: (passphrase, { threshold, shares }) =>
      context.serialize(async () => {
        if (
          !Number.isInteger(threshold) ||
          !Number.isInteger(shares) ||
          threshold < 2 ||
          shares > 16 ||
          threshold > shares
        ) {
          return err('invalid_input', 'Choose 2 to 16 shares, and how many of them are needed: at least 2.');
        }
        const book = context.book();
        if (!book.ok) return book;
        return context.withMaster(passphrase, async (master, old) => {
          const recoveryKey = random(32);
          const input = { vaultId: old.vaultId, crypto, random, threshold, shares };
          const slot = makeRecoverySlot(input, recoveryKey, master);
          const texts = await splitIntoShares(recoveryKey, slot, old.vaultId);
          crypto.wipe(recoveryKey);
          const digests: string[] = [];
          for (const text of texts) {
            const share = readShare(text);
            if (share.ok) digests.push(shareDigest(share.value));
          }
          // One set at a time: making new shares is how the old ones are revoked.
          const others = old.slots.filter(({ type }) => type !== 'recovery');
          const stored = context.replaceSlots(master, old, [...others, slot], () => {
            const noted = book.value.put(digestsId(slot.id), {
              type: 'share-digests',
              facts: { digests: digests.join(' '), createdAt: new Date(clock()).toISOString() },
              secret: new Uint8Array(0),
            });
            return noted.ok ? log('shares-made', slot.id, { threshold, shares, digests }) : noted;
          });
          return stored.ok ? ok(texts) : stored;
        });
      }),

    checkShare(text) {
      const share = readShare(text);
      if (!share.ok) return share;
      const header = context.header();
      if (!header.ok) return header;
      const { threshold, shares } = share.value;
      const answer = (state: 'current' | 'replaced' | 'foreign') => ok({ state, threshold, shares });
      if (share.value.vaultId !== header.value.vaultId) return answer('foreign');
      if (!header.value.slots.some(({ id }) => id === share.value.slotId)) return answer('replaced');
      const book = context.book();
      if (!book.ok) return book;
      const noted = book.value.get(digestsId(share.value.slotId));
      if (!noted.ok) return noted;
      return answer(
        noted.value.facts['digests']?.split(' ').includes(shareDigest(share.value)) === true ? 'current' : 'foreign',
      );
    },

    recover: (texts, next) =>
      context.serialize(async () => {
        const header = context.header();
        if (!header.ok) return header;
        const bytes = passphraseBytes(next, 'fresh');
        if (!bytes.ok) return bytes;
        const joined = await joinShares(texts, crypto);
        if (!joined.ok) return joined;
        const { recoveryKey, vaultId, slotId } = joined.value;
        const slot = header.value.slots.find(({ id }) => id === slotId);
        const master =
          vaultId === header.value.vaultId && slot?.type === 'recovery'
            ? openRecoverySlot(slot, vaultId, recoveryKey, crypto)
            : undefined;
        crypto.wipe(recoveryKey);
        if (master === undefined) {
          crypto.wipe(bytes.value);
          return err('wrong_passphrase', 'These shares do not open this vault.', {
            hint: 'They are of another vault or of an older set.',
          });
        }
        const fresh = await context.passphraseSlot(vaultId, bytes.value, master);
        crypto.wipe(bytes.value);
        const others = header.value.slots.filter(({ type }) => type !== 'passphrase');
        const stored = context.replaceSlots(master, header.value, [fresh, ...others], () =>
          log('passphrase-changed', vaultId, { by: 'recovery shares', slotId }),
        );
        crypto.wipe(master);
        return stored;
      }),

    exportBackup: (passphrase, target) =>
      context.serialize(() =>
        context.withMaster(passphrase, (master, header) => {
          const file = context.file();
          if (!file.ok) return file;
          if (existsSync(target)) return alreadyThere(target);
          const logged = log('backup-exported', header.vaultId, { path: target });
          if (!logged.ok) return logged;
          const temporary = `${target}.new`;
          const copied = guardedFile(`Writing ${target}`, () => {
            copyFileSync(path, temporary);
            chmodSync(temporary, 0o600);
          });
          const written = copied.ok ? finishBackup(temporary, master, header) : copied;
          const placed = written.ok
            ? guardedFile(`Writing ${target}`, () => {
                renameSync(temporary, target);
                const bytes = readFileSync(target);
                return { path: target, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
              })
            : written;
          for (const suffix of ['', '-journal', '.sha256']) rmSync(`${temporary}${suffix}`, { force: true });
          return placed;
        }),
      ),

    restoreBackup: (source, options = {}) =>
      context.serialize(async () => {
        // Whatever is replaced is kept beside the restored one; a vault that can be read only if that was asked for.
        if (context.header().ok && options.replace !== true)
          return err('already_exists', `There is a vault at ${path} already.`, { hint: 'Unlock it.' });
        const readable = readBackup(source);
        if (!readable.ok) return readable;
        const restored = context.replaceFile(() =>
          guardedFile(`Restoring ${path}`, () => {
            const fresh = `${path}.new`;
            copyFileSync(source, fresh);
            chmodSync(fresh, 0o600);
            for (const suffix of ['.sha256', '-journal']) rmSync(`${path}${suffix}`, { force: true });
            if (existsSync(path)) renameSync(path, `${path}.replaced-${clock()}`);
            renameSync(fresh, path);
          }),
        );
        if (!restored.ok) return restored;
        const logged = log('vault-restored', readable.value.vaultId, { createdAt: readable.value.createdAt });
        return logged.ok ? restored : logged;
      }),
  };

  /** A backup starts a log of its own on the machine it is restored on, so it does not remember ours. */
  function finishBackup(temporary: string, master: Uint8Array, header: VaultHeader): Result<void> {
    const copy = openVaultFile(temporary);
    if (!copy.ok) return copy;
    const keys = deriveKeys(master);
    const book = createRecordBook({ file: copy.value, keys, vaultId: header.vaultId, crypto, random });
    const removed = book.delete(logHeadRecordId);
    const whole = removed.ok ? book.verify() : removed;
    for (const key of [keys.header, keys.records, keys.index]) crypto.wipe(key);
    copy.value.close();
    return whole;
  }
}

/** Errors: `not_found`, `damaged`: what is wrong with the backup, before anything is replaced. */
function readBackup(source: string): Result<VaultHeader> {
  const copy = openVaultFile(source, { readOnly: true });
  if (!copy.ok) return copy;
  const text = copy.value.readHeader();
  const whole = text.ok ? copy.value.check() : text;
  copy.value.close();
  if (!whole.ok) return whole;
  return text.ok ? readHeader(text.value) : text;
}
