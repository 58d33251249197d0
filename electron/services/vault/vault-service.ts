import { join } from 'node:path';
import { z } from 'zod';
import { err, ok, type NacreError, type Result } from '../../contract/result.ts';
import { kdfDefault, kdfFloor, type KdfParameters, type LockReason } from '../../contract/vault.ts';
import type { VaultState } from '../../contract/views.ts';
import type { AuditEvent } from '../audit/audit-log.ts';
import { writeFresh } from './fresh-file.ts';
import { createAttempts } from './attempts.ts';
import { deriveKeys, readHeader, sealHeader, type VaultHeader } from './header.ts';
import { createKeys, datasetKeyId, identityOf, keyViews, organisationKeyId } from './keys.ts';
import { passphraseBytes } from './passphrase.ts';
import { createRecordBook } from './records.ts';
import { createRecovery } from './recovery.ts';
import { createQueue, startSystemTimer } from './schedule.ts';
import { createSecrets } from './secrets.ts';
import { openMaster, startSession, storeHeader, type VaultSession } from './session.ts';
import { makePassphraseSlot, toHex, type VaultSlot } from './slots.ts';
import { createVaultFile, openVaultFile, type VaultFile } from './vault-file.ts';
import type { VaultEvent, VaultOptions, VaultService, VaultSigner } from './vault-types.ts';

export type * from './vault-types.ts';

const useSchema = z.strictObject({ uses: z.number().int(), lastUsedAt: z.string().optional() });
const headSchema = z.object({ size: z.coerce.number().int(), root: z.string() });
const headRecordId = 'log/head';

/**
 * The vault of one profile. Everything that needs a secret goes through here as a task; no key ever leaves, except the
 * dataset identity by `exportIdentity` and for the length of `withDatasetIdentity`.
 */
export function createVaultService(options: VaultOptions): VaultService {
  const { store, audit, crypto, clock, random } = options;
  const path = options.path ?? join(store.directory, 'vault.db');
  const cost = options.kdf ?? kdfDefault;
  const floor = options.kdfFloor ?? kdfFloor;
  const startTimer = options.timer ?? startSystemTimer;
  const attempts = createAttempts(store, path);
  const uses = store.collection('key-usage', useSchema);
  const listeners = new Set<(event: VaultEvent) => void>();

  let autoLockMs = options.autoLockMs;
  let session: VaultSession | undefined;
  let lastTouch = 0;
  let stopTimer: (() => void) | undefined;
  let lastUnlockMs: number | undefined;
  // Counts locks, so that an unlock that was overtaken by a lock ends locked.
  let locks = 0;
  let closed = false;

  const opened = openVaultFile(path);
  let file: VaultFile | undefined = opened.ok ? opened.value : undefined;
  let fileProblem = opened.ok || opened.error.code === 'not_found' ? undefined : opened.error;

  const emit = (event: VaultEvent) => {
    for (const listener of listeners) listener(event);
  };
  const log = (kind: AuditEvent['kind'], subject: string, details: AuditEvent['details'] = {}): Result<unknown> =>
    audit.append({ kind, actor: 'owner', subject, details, simulated: false });

  const requireFile = (): Result<VaultFile> => {
    if (fileProblem !== undefined) return { ok: false, error: fileProblem };
    return file === undefined ? err('not_found', `There is no vault at ${path}.`, { hint: 'Create one.' }) : ok(file);
  };
  const header = (): Result<VaultHeader> => {
    const at = requireFile();
    if (!at.ok) return at;
    const text = at.value.readHeader();
    return text.ok ? readHeader(text.value) : text;
  };

  /** The session, unless the idle time has run out: a sleeping machine fires its timers late. */
  const live = (): Result<VaultSession> => {
    if (session !== undefined && clock() - lastTouch >= autoLockMs) service.lock('idle');
    return session === undefined ? err('locked', 'The vault is locked.', { hint: 'Unlock it.' }) : ok(session);
  };
  const arm = () => {
    stopTimer?.();
    stopTimer = startTimer(Math.max(0, lastTouch + autoLockMs - clock()), () => {
      if (session === undefined) return;
      if (live().ok) arm();
    });
  };

  const serialize = createQueue();

  /** Finds the master key and lends it to `use`; counts and logs a wrong passphrase. */
  const withMaster = async <T>(
    passphrase: string,
    use: (master: Uint8Array, header: VaultHeader) => Promise<Result<T>> | Result<T>,
  ): Promise<Result<T>> => {
    const found = header();
    if (!found.ok) return found;
    const weak = found.value.slots.some((slot) => slot.type === 'passphrase' && isWeaker(slot.kdf, floor));
    if (weak) return err('damaged', 'The vault asks for a weaker key derivation than Nacre ever makes.');
    const allowed = attempts.allowed(clock());
    if (!allowed.ok) return allowed;
    const bytes = passphraseBytes(passphrase, 'existing');
    if (!bytes.ok) return bytes;
    const master = await openMaster(found.value, bytes.value, crypto);
    crypto.wipe(bytes.value);
    if (!master.ok) {
      const counted = attempts.failed(clock());
      const logged = log('unlock-failed', found.value.vaultId, { failures: attempts.failures() });
      if (!counted.ok) return counted;
      return logged.ok ? master : logged;
    }
    try {
      return await use(master.value, found.value);
    } finally {
      crypto.wipe(master.value);
    }
  };

  const passphraseSlot = (vaultId: string, bytes: Uint8Array, master: Uint8Array) =>
    makePassphraseSlot({ vaultId, crypto, random, parameters: cost }, bytes, master);

  /** Other ways to the same master key. `act` logs inside the transaction: without its entry nothing changes. */
  const replaceSlots = (
    master: Uint8Array,
    old: VaultHeader,
    slots: VaultSlot[],
    act: () => Result<unknown>,
  ): Result<void> => {
    const at = requireFile();
    if (!at.ok) return at;
    const keys = deriveKeys(master);
    const { format, version, vaultId, createdAt } = old;
    const sealed = sealHeader({ format, version, vaultId, createdAt, slots }, keys);
    for (const key of [keys.header, keys.records, keys.index]) crypto.wipe(key);
    const written = at.value.transaction(() => {
      const stored = storeHeader(at.value, sealed);
      return stored.ok ? act() : stored;
    });
    if (!written.ok) return written;
    return session === undefined ? at.value.settle() : ok(undefined);
  };

  /** The audit log must still begin with what the vault saw last, and be signed by its key. */
  const checkLog = (next: VaultSession): Result<void> => {
    const pinned = next.book.get(headRecordId);
    if (!pinned.ok && pinned.error.code !== 'not_found') return pinned;
    const head = pinned.ok ? headSchema.safeParse(pinned.value.facts) : undefined;
    if (head?.success === true && !audit.hasPrefix(head.data)) {
      return err('integrity', `The audit log no longer holds the ${head.data.size} entries that the vault remembers.`, {
        hint: 'Restore nacre.db from a backup, or ask who had access to the profile folder.',
      });
    }
    return audit.attachSigner(signerOf(next, 'audit'));
  };

  const begin = (next: VaultSession, kind: 'vault-created' | 'vault-unlocked', vaultId: string): Result<VaultState> => {
    lastTouch = clock();
    session = next;
    const stop = <T>(result: T): T => {
      session = undefined;
      audit.attachSigner(undefined);
      next.end();
      return result;
    };
    const checked = checkLog(next);
    if (!checked.ok) return stop(checked);
    const logged = log(kind, vaultId, { keyId: next.publicKeys.organisation.keyId });
    if (!logged.ok) return stop(logged);
    arm();
    emit({ type: kind === 'vault-created' ? 'created' : 'unlocked' });
    return ok(service.state());
  };

  const countUse = (id: string): Result<void> => {
    const found = uses.get(id);
    if (!found.ok) return found;
    return uses.put(id, { uses: (found.value?.uses ?? 0) + 1, lastUsedAt: new Date(clock()).toISOString() });
  };

  const signOnce = (of: VaultSession, purpose: VaultSigner['purpose'], bytes: Uint8Array): Result<Uint8Array> => {
    const key = of.book.get(organisationKeyId);
    if (!key.ok) return key;
    const signature = crypto.ed25519Sign(key.value.secret, bytes);
    crypto.wipe(key.value.secret);
    // The log signs itself after every entry; counting that would only count entries.
    const counted = purpose === 'audit' ? ok(undefined) : countUse(organisationKeyId);
    return counted.ok ? ok(signature) : counted;
  };

  const signerOf = (of: VaultSession, purpose: VaultSigner['purpose']): VaultSigner => ({
    keyId: of.publicKeys.organisation.keyId,
    publicKey: of.publicKeys.organisation.publicKey,
    purpose,
    sign: (bytes) => (session === of ? signOnce(of, purpose, bytes) : err('locked', 'The vault is locked.')),
  });

  /** Writes what the next unlock compares, while the key is still there. */
  const rememberLog = (of: VaultSession, reason: LockReason): Result<void> => {
    const logged = log('vault-locked', of.publicKeys.organisation.keyId, { reason });
    if (!logged.ok) return logged;
    const { size, root } = audit.head();
    return of.book.put(headRecordId, {
      type: 'log-head',
      facts: { size: String(size), root },
      secret: new Uint8Array(0),
    });
  };

  const service: VaultService = {
    state() {
      const exists = file !== undefined || fileProblem !== undefined;
      const kdf = exists ? costOf(header()) : undefined;
      const unlocked = live().ok;
      return {
        state: unlocked ? 'unlocked' : exists ? 'locked' : 'absent',
        path,
        ...(unlocked ? { locksAt: new Date(lastTouch + autoLockMs).toISOString() } : {}),
        unlockFailures: attempts.failures(),
        ...(kdf === undefined ? {} : { kdf: { ...kdf, ...(lastUnlockMs === undefined ? {} : { lastUnlockMs }) } }),
      };
    },
    unlocked: () => live().ok,

    create: (passphrase) =>
      serialize(async () => {
        if (fileProblem !== undefined) return { ok: false, error: fileProblem };
        if (file !== undefined)
          return err('already_exists', `There is a vault at ${path} already.`, { hint: 'Unlock it.' });
        if (isWeaker(cost, floor)) return err('invalid_input', 'The cost of key derivation is below the floor.');
        const bytes = passphraseBytes(passphrase, 'fresh');
        if (!bytes.ok) return bytes;
        const began = clock();
        const createdAt = new Date(began).toISOString();
        const vaultId = toHex(random(16));
        const master = random(32);
        const slot = await passphraseSlot(vaultId, bytes.value, master);
        crypto.wipe(bytes.value);
        lastUnlockMs = clock() - began;
        const keys = deriveKeys(master);
        const sealed = sealHeader({ format: 'nacre-vault', version: 1, vaultId, createdAt, slots: [slot] }, keys);
        const created = createVaultFile(path, (fresh) => {
          const written = storeHeader(fresh, sealed);
          if (!written.ok) return written;
          return createKeys(
            createRecordBook({ file: fresh, keys, vaultId, crypto, random }),
            crypto,
            random,
            createdAt,
          );
        });
        for (const key of [keys.header, keys.records, keys.index]) crypto.wipe(key);
        const started = created.ok
          ? startSession({ file: created.value, header: sealed, crypto, random }, master)
          : created;
        crypto.wipe(master);
        if (created.ok) file = created.value;
        return started.ok ? begin(started.value, 'vault-created', vaultId) : started;
      }),

    unlock: (passphrase) =>
      serialize(async () => {
        const at = requireFile();
        if (!at.ok) return at;
        const locksBefore = locks;
        const began = clock();
        return withMaster(passphrase, (master, current) => {
          // Unlocked already: the passphrase was asked for all the same, so that this can never confirm a wrong one.
          if (session !== undefined) return ok(service.state());
          if (locks !== locksBefore) return err('cancelled', 'The vault was locked meanwhile.');
          lastUnlockMs = clock() - began;
          const started = startSession({ file: at.value, header: current, crypto, random }, master);
          if (!started.ok) return started;
          const begun = begin(started.value, 'vault-unlocked', current.vaultId);
          if (!begun.ok) return begun;
          const cleared = attempts.succeeded();
          return cleared.ok ? ok(service.state()) : cleared;
        });
      }),

    lock(reason) {
      locks += 1;
      stopTimer?.();
      stopTimer = undefined;
      if (session === undefined) return ok(service.state());
      const ending = session;
      const written = rememberLog(ending, reason);
      session = undefined;
      const detached = audit.attachSigner(undefined);
      ending.end();
      const settled = file?.settle() ?? ok(undefined);
      const problem = firstProblem(written, detached, settled);
      emit({ type: 'locked', reason, ...(problem === undefined ? {} : { problem }) });
      return problem === undefined ? ok(service.state()) : { ok: false, error: problem };
    },

    changePassphrase: (current, next) =>
      serialize(async () => {
        const bytes = passphraseBytes(next, 'fresh');
        if (!bytes.ok) return bytes;
        const changed = await withMaster(current, async (master, old) => {
          const slot = await passphraseSlot(old.vaultId, bytes.value, master);
          const others = old.slots.filter(({ type }) => type !== 'passphrase');
          return replaceSlots(master, old, [slot, ...others], () =>
            log('passphrase-changed', old.vaultId, { memoryKib: cost.memoryKib, passes: cost.passes }),
          );
        });
        crypto.wipe(bytes.value);
        if (!changed.ok) return changed;
        emit({ type: 'passphrase-changed' });
        return ok(service.state());
      }),

    touch() {
      if (live().ok) lastTouch = clock();
    },
    setAutoLock(ms) {
      autoLockMs = ms;
      if (live().ok) arm();
    },
    onEvent(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    keys() {
      const open = live();
      if (!open.ok) return open;
      return ok(
        keyViews(open.value.publicKeys, (id) => {
          const found = uses.get(id);
          return (found.ok ? found.value : undefined) ?? { uses: 0 };
        }),
      );
    },
    recipients() {
      const open = live();
      return open.ok ? ok([open.value.publicKeys.dataset.recipient]) : open;
    },
    signer(purpose) {
      const open = live();
      return open.ok ? ok(signerOf(open.value, purpose)) : open;
    },
    signWith(purpose, use) {
      const open = live();
      if (!open.ok) return open;
      const key = open.value.book.get(organisationKeyId);
      if (!key.ok) return key;
      const { keyId } = open.value.publicKeys.organisation;
      const result = use({ keyId, sign: (bytes) => crypto.ed25519Sign(key.value.secret, bytes) });
      crypto.wipe(key.value.secret);
      const counted = purpose === 'audit' ? ok(undefined) : countUse(organisationKeyId);
      return counted.ok ? ok(result) : counted;
    },
    async withDatasetIdentity(use) {
      const open = live();
      if (!open.ok) return open;
      const key = open.value.book.get(datasetKeyId);
      if (!key.ok) return key;
      const counted = countUse(datasetKeyId);
      if (!counted.ok) return counted;
      const { secret } = key.value;
      try {
        return await use({
          secret,
          recipient: open.value.publicKeys.dataset.recipient,
          encode: () => identityOf(secret),
        });
      } finally {
        crypto.wipe(secret);
      }
    },

    async exportIdentity(passphrase, target) {
      const open = live();
      if (!open.ok) return open;
      const confirmed = await serialize(() => withMaster(passphrase, () => ok(undefined)));
      if (!confirmed.ok) return confirmed;
      const { recipient, createdAt } = open.value.publicKeys.dataset;
      const logged = log('identity-exported', recipient, { path: target });
      if (!logged.ok) return logged;
      return service.withDatasetIdentity((identity) => {
        const text = `# created: ${createdAt}\n# public key: ${recipient}\n${identity.encode()}\n`;
        return writeFresh(target, text);
      });
    },

    secrets: createSecrets(() => {
      const open = live();
      return open.ok ? ok(open.value.book) : open;
    }),
    recovery: createRecovery({
      path,
      crypto,
      random,
      clock,
      serialize,
      header,
      withMaster,
      replaceSlots,
      passphraseSlot,
      log,
      book() {
        const open = live();
        return open.ok ? ok(open.value.book) : open;
      },
      file: requireFile,
      replaceFile(place) {
        service.lock('asked');
        file?.close();
        file = undefined;
        const placed = place();
        const opened = placed.ok ? openVaultFile(path) : placed;
        file = opened.ok ? opened.value : undefined;
        fileProblem = opened.ok || opened.error.code === 'not_found' ? undefined : opened.error;
        return opened.ok ? ok(service.state()) : opened;
      },
    }),

    close() {
      if (closed) return;
      closed = true;
      service.lock('closing');
      file?.close();
      file = undefined;
    },
  };
  return service;
}

function isWeaker(cost: KdfParameters, floor: KdfParameters): boolean {
  return cost.memoryKib < floor.memoryKib || cost.passes < floor.passes;
}

function costOf(header: Result<VaultHeader>): { memoryMib: number; passes: number } | undefined {
  const slot = header.ok ? header.value.slots.find(({ type }) => type === 'passphrase') : undefined;
  if (slot?.type !== 'passphrase') return undefined;
  return { memoryMib: slot.kdf.memoryKib / 1024, passes: slot.kdf.passes };
}

function firstProblem(...results: Result<unknown>[]): NacreError | undefined {
  for (const result of results) if (!result.ok) return result.error;
  return undefined;
}
