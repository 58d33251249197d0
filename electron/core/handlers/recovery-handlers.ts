import { existsSync, statSync } from 'node:fs';
import { dirname, isAbsolute } from 'node:path';
import { z } from 'zod';
import type { Behind, LastBackup, ShareSet, WrittenShares } from '../../contract/recovery.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { writeKit } from '../../services/recovery/kit-files.ts';
import { approvedExport } from '../actions/approved-export.ts';
import { actsAfter, applyProfile, collectProfile, countDatasets } from '../actions/profile-snapshot.ts';
import { readShares } from '../actions/read-shares.ts';
import type { Handlers } from '../router.ts';
import type { Services } from '../services.ts';

type Names =
  | 'recovery.status'
  | 'backup.create'
  | 'backup.check'
  | 'backup.restore'
  | 'shares.make'
  | 'shares.refresh'
  | 'shares.check'
  | 'shares.rehearse'
  | 'shares.recover';

const lastSchema = z.object({
  path: z.string(),
  at: z.string(),
  bytes: z.number().int(),
  sha256: z.string(),
  logSize: z.number().int(),
  ownPassphrase: z.boolean(),
});
const lastId = 'last-backup';

export function recoveryHandlers(services: Services): Pick<Handlers, Names> {
  const { vault, store, audit, custody, fonts } = services;
  const { recovery } = vault;
  const last = store.collection('recovery', lastSchema);

  const lastBackup = (): Result<LastBackup | undefined> => {
    const found = last.get(lastId);
    if (!found.ok) return found;
    if (found.value === undefined) return ok(undefined);
    const { logSize, ...facts } = found.value;
    const behind = actsAfter(audit, logSize);
    if (!behind.ok) return behind;
    const present = existsSync(facts.path);
    const sameDisk = present && statSync(facts.path).dev === statSync(vault.state().path).dev;
    return ok({ ...facts, present, sameDisk, behind: behind.value });
  };

  const make = (
    passphrase: Uint8Array,
    { threshold, holders }: { readonly threshold: number; readonly holders: readonly string[] },
    { folder, textFiles }: { readonly folder: string; readonly textFiles: boolean },
  ): Promise<Result<WrittenShares>> =>
    approvedExport(
      services,
      { what: 'recovery-shares', item: `${threshold} of ${holders.length}`, destination: folder },
      passphrase,
      async () => {
        let files: WrittenShares['files'] = [];
        const made = await recovery.makeShares(passphrase, { threshold, holders }, async (set, shares) => {
          const written = await writeKit({ folder, set, shares, textFiles, fontDirectory: fonts });
          if (!written.ok) return written;
          files = written.value.files;
          return ok({ takeBack: written.value.takeBack });
        });
        return made.ok ? ok({ set: made.value, files }) : made;
      },
    );

  return {
    'recovery.status': async () => {
      const set = recovery.set();
      if (!set.ok) return set;
      const backup = lastBackup();
      if (!backup.ok) return backup;
      const vaultId = recovery.vaultId();
      if (!vaultId.ok) return vaultId;
      return ok({
        vaultId: vaultId.value,
        ...(backup.value === undefined ? {} : { backup: backup.value }),
        ...(set.value === undefined ? {} : { set: set.value }),
      });
    },
    'backup.create': async ({ passphrase, path, ownPassphrase }) => {
      const whole = wholePath(path);
      if (!whole.ok) return whole;
      let logSize = 0;
      const opensWith = ownPassphrase === undefined ? "the vault's passphrase" : 'a passphrase of its own';
      const written = await approvedExport(
        services,
        { what: 'backup', item: `with ${opensWith}, or recovery shares`, destination: path },
        passphrase,
        () =>
          recovery.backups.create(passphrase, {
            path,
            ownPassphrase,
            offline: custody.offline,
            logHead: () => {
              const head = audit.head();
              logSize = head.size;
              return head;
            },
            collect: () => collectProfile(store),
          }),
      );
      if (!written.ok) return written;
      const noted = last.put(lastId, { ...written.value, logSize, ownPassphrase: ownPassphrase !== undefined });
      return noted.ok ? written : noted;
    },
    'backup.check': async ({ path, passphrase }) => {
      const looked = await recovery.backups.look(path);
      if (!looked.ok) return looked;
      const { head, header, bytes, sha256 } = looked.value;
      const facts = {
        path,
        bytes,
        sha256,
        vaultId: head.vaultId,
        createdAt: head.createdAt,
        logSize: head.log.size,
        opensWith: header.slots.map((slot) =>
          slot.type === 'recovery' ? `recovery shares, ${slot.threshold} of ${slot.shares}` : slot.type,
        ),
        ...(audit.hasPrefix(head.log) && audit.head().size > 0 ? behindOf(actsAfter(audit, head.log.size)) : {}),
      };
      if (passphrase === undefined) return ok({ ...facts, opened: false });
      const opened = await recovery.backups.open(path, passphrase);
      if (!opened.ok) return opened;
      const datasets = countDatasets(opened.value.profile);
      return datasets.ok
        ? ok({ ...facts, opened: true, records: opened.value.records, datasets: datasets.value })
        : datasets;
    },
    'backup.restore': async ({ path, with: by, replace }) => {
      const key = 'shares' in by ? await withTexts(by.shares, (shares) => ({ shares, next: by.next })) : ok(by);
      if (!key.ok) return key;
      return recovery.backups.restore(path, key.value, {
        replace: replace === true,
        apply(profile, head) {
          const applied = applyProfile({ store, audit }, profile, head);
          return applied.ok ? ok({ vaultId: head.vaultId, createdAt: head.createdAt, ...applied.value }) : applied;
        },
        // A copy of the vault alone knows nothing of records: those of this profile stay.
        applyCopy: (vaultId, createdAt) =>
          ok({ vaultId, createdAt, took: 'vault-only' as const, datasets: 0, behind: { entries: 0, acts: [] } }),
      });
    },
    'shares.make': async ({ passphrase, folder, textFiles, ...rule }) => {
      const whole = wholePath(folder);
      return whole.ok ? make(passphrase, rule, { folder, textFiles: textFiles === true }) : whole;
    },
    'shares.refresh': async ({ passphrase, folder, textFiles }) => {
      const whole = wholePath(folder);
      if (!whole.ok) return whole;
      const set = recovery.set();
      if (!set.ok) return set;
      if (set.value === undefined) {
        return err('not_found', 'There are no recovery shares to refresh.', { hint: 'Make the first set.' });
      }
      return make(passphrase, ruleOf(set.value), { folder, textFiles: textFiles === true });
    },
    'shares.check': async ({ share }) => {
      const texts = await readShares([share]);
      return texts.ok ? recovery.checkShare(texts.value[0] ?? '') : texts;
    },
    'shares.rehearse': async ({ shares }) => {
      const texts = await readShares(shares);
      return texts.ok ? recovery.rehearse(texts.value) : texts;
    },
    'shares.recover': async ({ shares, next }) => {
      const texts = await readShares(shares);
      return texts.ok ? recovery.recover(texts.value, next) : texts;
    },
  };
}

async function withTexts<T>(
  given: Parameters<typeof readShares>[0],
  use: (texts: readonly string[]) => T,
): Promise<Result<T>> {
  const texts = await readShares(given);
  return texts.ok ? ok(use(texts.value)) : texts;
}

function ruleOf({ threshold, shares }: ShareSet) {
  return { threshold, holders: shares.map(({ holder }) => holder) };
}

function behindOf(behind: Result<Behind>): { behind?: Behind } {
  return behind.ok ? { behind: behind.value } : {};
}

/** A relative path would be relative to wherever the core was started. */
function wholePath(path: string): Result<null> {
  if (!isAbsolute(path)) return err('invalid_input', 'Give the whole path, from the root of the disk.');
  return existsSync(dirname(path)) ? ok(null) : err('not_found', `There is no folder ${dirname(path)}.`);
}
