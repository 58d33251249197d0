import type { HeldShare, ShareSet } from '../../contract/recovery.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { decodeShare } from '../../domain/recovery/share-text.ts';
import { createBackups } from './backup.ts';
import type { VaultHeader } from './header.ts';
import { consuming, passphraseBytes } from './passphrase.ts';
import type { RecoveryContext } from './recovery-context.ts';
import { putRehearsal, putSet, readSet, recoverySlotOf } from './share-sets.ts';
import { joinShares, shareDigest, splitIntoShares } from './shares.ts';
import { makeRecoverySlot, openRecoverySlot } from './slots.ts';
import type { VaultRecovery } from './vault-types.ts';

const most = 16;

/** Backups and k-of-n shares: the ways back when the machine or the passphrase is lost. */
export function createRecovery(context: RecoveryContext): VaultRecovery {
  const { crypto, random, clock, log } = context;

  const currentSet = (): Result<ShareSet | undefined> => {
    const book = context.book();
    if (!book.ok) return book;
    const header = context.header();
    return header.ok ? readSet(book.value, header.value) : header;
  };

  /** The master key that these shares open, for the length of `use`. */
  const withShares = async <T>(
    texts: readonly string[],
    use: (master: Uint8Array, header: VaultHeader, indices: readonly number[]) => Promise<Result<T>> | Result<T>,
  ): Promise<Result<T>> => {
    const header = context.header();
    if (!header.ok) return header;
    const joined = await joinShares(texts, crypto);
    if (!joined.ok) return joined;
    const { recoveryKey, vaultId, setId, indices } = joined.value;
    const slot = recoverySlotOf(header.value);
    const fits = vaultId === header.value.vaultId && slot?.id === setId;
    const master = fits ? openRecoverySlot(slot, vaultId, recoveryKey, crypto) : undefined;
    crypto.wipe(recoveryKey);
    if (master === undefined) {
      const why =
        vaultId !== header.value.vaultId
          ? 'They are of another vault.'
          : slot?.id === setId
            ? 'One of them is forged or of a copy of this vault.'
            : 'They are of an older set; a newer one was made.';
      return err('wrong_passphrase', 'These shares do not open this vault.', { hint: why });
    }
    try {
      return await use(master, header.value, indices);
    } finally {
      crypto.wipe(master);
    }
  };

  return {
    backups: createBackups(context),
    vaultId() {
      const header = context.header();
      return header.ok ? ok(header.value.vaultId) : header;
    },

    makeShares: (passphrase, { threshold, holders }, deliver) =>
      consuming([passphrase], () =>
        context.serialize(async () => {
          const count = holders.length;
          if (!Number.isInteger(threshold) || threshold < 2 || count > most || threshold > count) {
            return err('invalid_input', `Choose 2 to ${most} shares, and how many of them are needed: at least 2.`);
          }
          const book = context.book();
          if (!book.ok) return book;
          return context.withMaster(passphrase, async (master, old): Promise<Result<ShareSet>> => {
            const recoveryKey = random(32);
            const input = { vaultId: old.vaultId, crypto, random, threshold, shares: count };
            const slot = makeRecoverySlot(input, recoveryKey, master);
            const shares = await splitIntoShares(recoveryKey, slot, old.vaultId);
            crypto.wipe(recoveryKey);
            const held: HeldShare[] = shares.map((share, at) => ({
              index: share.index,
              holder: holders[at] ?? '',
              digest: shareDigest(share),
            }));
            const createdAt = new Date(clock()).toISOString();
            const set: ShareSet = { setId: slot.id, vaultId: old.vaultId, threshold, createdAt, shares: held };
            // Before the set counts: shares that nobody got would lock everybody out of recovery.
            const delivered = await deliver(set, shares);
            for (const share of shares) crypto.wipe(share.bytes);
            if (!delivered.ok) return delivered;
            const replaced = recoverySlotOf(old);
            const others = old.slots.filter(({ type }) => type !== 'recovery');
            const stored = context.replaceSlots(master, old, [...others, slot], () => {
              const noted = putSet(book.value, slot.id, createdAt, held);
              if (!noted.ok) return noted;
              return log('shares-made', slot.id, {
                threshold,
                shares: count,
                digests: held.map(({ digest }) => digest),
                ...(replaced === undefined ? {} : { replaces: replaced.id }),
              });
            });
            if (stored.ok) return ok(set);
            await delivered.value.takeBack();
            return stored;
          });
        }),
      ),

    set: currentSet,

    checkShare(text) {
      const share = decodeShare(text);
      if (!share.ok) return share;
      const header = context.header();
      if (!header.ok) return header;
      const set = currentSet();
      if (!set.ok) return set;
      const { bytes, ...facts } = share.value;
      const digest = shareDigest(share.value);
      crypto.wipe(bytes);
      const ours = facts.vaultId === header.value.vaultId;
      const noted = set.value?.shares.find(({ index }) => index === facts.index);
      const state = !ours ? 'foreign' : facts.setId !== set.value?.setId ? 'replaced' : 'current';
      if (state !== 'current') return ok({ ...facts, digest, state });
      return noted?.digest === digest
        ? ok({ ...facts, digest, state, holder: noted.holder })
        : ok({ ...facts, digest, state: 'foreign' });
    },

    rehearse: (texts) =>
      context.serialize(async () => {
        const book = context.book();
        if (!book.ok) return book;
        const tried = await withShares(texts, (_, { vaultId }, indices) => ok({ vaultId, indices }));
        if (!tried.ok) return tried;
        const set = currentSet();
        if (!set.ok) return set;
        if (set.value === undefined) return err('not_found', 'There is no set of shares.');
        const { setId } = set.value;
        const { indices } = tried.value;
        const noted = book.value.transaction(() => {
          const put = putRehearsal(book.value, setId, new Date(clock()).toISOString(), indices);
          return put.ok ? log('shares-rehearsed', setId, { shares: [...indices] }) : put;
        });
        if (!noted.ok) return noted;
        const after = currentSet();
        if (!after.ok) return after;
        return after.value === undefined ? err('not_found', 'There is no set of shares.') : ok(after.value);
      }),

    recover: (texts, next) =>
      consuming([next], () =>
        context.serialize(async () => {
          const bytes = passphraseBytes(next, 'fresh');
          if (!bytes.ok) return bytes;
          const recovered = await withShares(texts, async (master, header) => {
            const fresh = await context.passphraseSlot(header.vaultId, bytes.value, master);
            const others = header.slots.filter(({ type }) => type !== 'passphrase');
            const stored = context.replaceSlots(master, header, [fresh, ...others], () =>
              log('passphrase-changed', header.vaultId, { by: 'recovery shares' }),
            );
            return stored.ok ? ok({ vaultId: header.vaultId }) : stored;
          });
          crypto.wipe(bytes.value);
          return recovered;
        }),
      ),
  };
}
