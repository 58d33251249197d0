import { join } from 'node:path';
import { err, ok, type NacreError, type Result } from '../../contract/result.ts';
import { kdfDefault, kdfFloor } from '../../contract/vault.ts';
import type { VaultState } from '../../contract/views.ts';
import type { AuditEvent } from '../audit/audit-log.ts';
import { createAttempts } from './attempts.ts';
import type { VaultHeader } from './header.ts';
import { createIdleLock } from './idle-lock.ts';
import { createKeyUses, keyIdOfEntry, signLogBy, type KeysContext } from './key-use.ts';
import { keepCopy, keptCopies } from './kept-copies.ts';
import { compareWithLog, damageOf, rememberLog, rememberNewLog } from './log-memory.ts';
import { consuming, passphraseBytes, type PassphraseInput } from './passphrase.ts';
import { createMasterAccess, isWeaker } from './master-access.ts';
import { makeVault } from './make-vault.ts';
import { createRecovery } from './recovery.ts';
import { createQueue } from './schedule.ts';
import { createSlotWriter } from './slot-writer.ts';
import { createSecrets } from './secrets.ts';
import { startSession, upgradeHeader, type VaultSession } from './session.ts';
import { makePassphraseSlot, openDeviceSlot, type DeviceSlot, type VaultSlot } from './slots.ts';
import { costOf, createUnlockPaths, keychainSecret, namesOf } from './unlock-paths.ts';
import type { VaultFile } from './vault-file.ts';
import { createVaultKeys } from './vault-keys.ts';
import { createVaultPlace } from './vault-place.ts';
import type { VaultEvent, VaultOptions, VaultService } from './vault-types.ts';

export type * from './vault-types.ts';

/**
 * The vault of one profile. Everything that needs a secret goes through here as a task; no key ever leaves, except the
 * keys that are exported and the dataset identities for the length of `withDatasetIdentity`.
 */
export function createVaultService(options: VaultOptions): VaultService {
  const { store, audit, crypto, clock, random } = options;
  const path = options.path ?? join(store.directory, 'vault.db');
  const cost = options.kdf ?? kdfDefault;
  const floor = options.kdfFloor ?? kdfFloor;
  const attempts = createAttempts(store, path);
  const listeners = new Set<(event: VaultEvent) => void>();

  let session: VaultSession | undefined;
  let lastUnlockMs: number | undefined;
  // Counts locks, so that an unlock that was overtaken by a lock ends locked.
  let locks = 0;
  let closed = false;

  const place = createVaultPlace(path);
  const requireFile = place.file;
  const { header } = place;
  const idle = createIdleLock({
    clock,
    afterMs: options.autoLockMs,
    timer: options.timer,
    onDue() {
      if (session !== undefined && live().ok) idle.arm();
    },
  });

  const emit = (event: VaultEvent) => {
    for (const listener of listeners) listener(event);
  };
  const log = (kind: AuditEvent['kind'], subject: string, details: AuditEvent['details'] = {}): Result<unknown> =>
    audit.append({ kind, actor: 'owner', subject, details, simulated: false });

  /** The session, unless the idle time has run out: a sleeping machine fires its timers late. */
  const live = (): Result<VaultSession> => {
    if (session !== undefined && idle.ranOut()) service.lock('idle');
    return session === undefined ? err('locked', 'The vault is locked.', { hint: 'Unlock it.' }) : ok(session);
  };

  const serialize = createQueue();

  const {
    ready: readyHeader,
    refused,
    withMaster,
  } = createMasterAccess({ attempts, crypto, clock, floor, header, log });

  const passphraseSlot = (vaultId: string, bytes: Uint8Array, master: Uint8Array) =>
    makePassphraseSlot({ vaultId, crypto, random, parameters: cost }, bytes, master);

  const replaceSlots = createSlotWriter({
    path,
    crypto,
    clock,
    file: requireFile,
    atRest: () => session === undefined,
  });

  /** The audit log must be of the same moment as the vault, and be signed by its keys. */
  const checkLog = (next: VaultSession): Result<void> => {
    const compared = compareWithLog(next.book, audit);
    return compared.ok ? attachLogSigner(next) : compared;
  };
  const attachLogSigner = (of: VaultSession) => signLogBy(audit, keysContext, of);

  const begin = (
    next: VaultSession,
    kind: 'vault-created' | 'vault-unlocked',
    vaultId: string,
    by: VaultSlot['type'],
    beforehand: () => Result<unknown> = () => ok(undefined),
  ): Result<VaultState> => {
    idle.touch();
    session = next;
    const stop = <T>(result: T): T => {
      session = undefined;
      audit.attachSigner(undefined);
      next.end();
      return result;
    };
    const prepared = beforehand();
    if (!prepared.ok) return stop(prepared);
    const checked = checkLog(next);
    if (!checked.ok) return stop(checked);
    const key = next.ring.active('signing');
    if (!key.ok) return stop(key);
    const logged = log(kind, vaultId, { keyId: keyIdOfEntry(key.value), by });
    if (!logged.ok) return stop(logged);
    idle.arm();
    emit({ type: kind === 'vault-created' ? 'created' : 'unlocked' });
    return ok(service.state());
  };

  /** With the master key in hand: opens the records, writes an older header as the newest, and begins. */
  const openWith = (
    at: VaultFile,
    master: Uint8Array,
    current: VaultHeader,
    by: VaultSlot['type'],
    beforehand?: (next: VaultSession) => Result<unknown>,
  ): Result<VaultState> => {
    // Unlocked already: the secret was asked for all the same, so that this can never confirm a wrong one.
    if (session !== undefined) return ok(service.state());
    const started = startSession({ file: at, header: current, crypto, random }, master);
    if (!started.ok) return started;
    const begun = begin(
      started.value,
      'vault-unlocked',
      current.vaultId,
      by,
      () => beforehand?.(started.value) ?? ok(undefined),
    );
    if (!begun.ok) return begun;
    const cleared = attempts.succeeded();
    if (!cleared.ok) return cleared;
    const upgraded = upgradeHeader(at, current, started.value.keys);
    return upgraded.ok ? ok(service.state()) : upgraded;
  };

  /** Unlocks with the 32 bytes of a device, which are wiped here. */
  const unlockByDevice = (
    find: (header: VaultHeader) => DeviceSlot | undefined,
    secretOf: (slot: DeviceSlot) => Promise<Result<Uint8Array>>,
  ): Promise<Result<VaultState>> =>
    serialize(async () => {
      const at = requireFile();
      if (!at.ok) return at;
      const locksBefore = locks;
      const current = readyHeader();
      if (!current.ok) return current;
      const slot = find(current.value);
      if (slot === undefined)
        return err('not_found', 'The vault has no such way to unlock.', { hint: 'Use the passphrase.' });
      const began = clock();
      const secret = await secretOf(slot);
      if (!secret.ok) return secret;
      const master = openDeviceSlot(slot, current.value.vaultId, secret.value, crypto);
      crypto.wipe(secret.value);
      if (master === undefined) {
        const wrong = err('wrong_passphrase', `"${slot.label}" does not open this vault.`, {
          hint: 'Use the passphrase.',
        });
        return refused(current.value.vaultId, slot.type, wrong);
      }
      try {
        if (locks !== locksBefore) return err('cancelled', 'The vault was locked meanwhile.');
        lastUnlockMs = clock() - began;
        return openWith(at.value, master, current.value, slot.type);
      } finally {
        crypto.wipe(master);
      }
    });

  const unlockByPassphrase = (
    passphrase: PassphraseInput,
    beforehand?: (next: VaultSession) => Result<unknown>,
  ): Promise<Result<VaultState>> =>
    serialize(async () => {
      const at = requireFile();
      if (!at.ok) return at;
      const locksBefore = locks;
      const began = clock();
      return withMaster(passphrase, (master, current) => {
        if (locks !== locksBefore) return err('cancelled', 'The vault was locked meanwhile.');
        lastUnlockMs = clock() - began;
        return openWith(at.value, master, current, 'passphrase', beforehand);
      });
    });

  const keysContext: KeysContext = {
    crypto,
    random,
    clock,
    live,
    isOpen: (of) => session === of,
    confirm: (passphrase) =>
      consuming([passphrase], () => serialize(() => withMaster(passphrase, () => ok(undefined)))),
    log,
    ...createKeyUses(store, clock),
    signLogAnew: attachLogSigner,
  };

  const service: VaultService = {
    confirm: keysContext.confirm,
    state() {
      const exists = place.occupied();
      const found = exists ? header() : undefined;
      const kdf = found?.ok === true ? costOf(found.value.slots) : undefined;
      const unlocked = live().ok;
      return {
        state: unlocked ? 'unlocked' : exists ? 'locked' : 'absent',
        path,
        ...(unlocked ? { locksAt: new Date(idle.locksAt()).toISOString() } : {}),
        unlockFailures: attempts.failures(),
        ...(kdf === undefined
          ? {}
          : {
              kdf: {
                memoryMib: kdf.memoryKib / 1024,
                passes: kdf.passes,
                ...(lastUnlockMs === undefined ? {} : { lastUnlockMs }),
              },
            }),
      };
    },
    unlocked: () => live().ok,

    create: (passphrase) =>
      consuming([passphrase], () =>
        serialize(async () => {
          const problem = place.problem();
          if (problem !== undefined) return { ok: false, error: problem };
          if (place.occupied())
            return err('already_exists', `There is a vault at ${path} already.`, { hint: 'Unlock it.' });
          if (isWeaker(cost, floor)) return err('invalid_input', 'The cost of key derivation is below the floor.');
          const bytes = passphraseBytes(passphrase, 'fresh');
          if (!bytes.ok) return bytes;
          const began = clock();
          const input = { path, crypto, random, parameters: cost, createdAt: new Date(began).toISOString() };
          const made = await makeVault(input, bytes.value);
          crypto.wipe(bytes.value);
          if (!made.ok) return made;
          lastUnlockMs = clock() - began;
          const { master, header: sealed, file } = made.value;
          place.take(file);
          const started = startSession({ file, header: sealed, crypto, random }, master);
          crypto.wipe(master);
          return started.ok ? begin(started.value, 'vault-created', sealed.vaultId, 'passphrase') : started;
        }),
      ),

    unlock: (passphrase) => consuming([passphrase], () => unlockByPassphrase(passphrase)),
    unlockWithKeychain: () =>
      unlockByDevice(
        ({ slots }) => slots.find((slot) => slot.type === 'keychain'),
        (slot) => keychainSecret(slot, options.keychain),
      ),
    unlockWithSecurityKey: (id, prf) =>
      unlockByDevice(
        ({ slots }) => slots.find((slot) => slot.type === 'security-key' && slot.id === id) as DeviceSlot | undefined,
        async () => ok(prf),
      ),

    setAsideLog: (passphrase) =>
      consuming([passphrase], () =>
        unlockByPassphrase(passphrase, (next) => {
          const damage = damageOf(next.book, audit);
          if (!damage.ok) return damage;
          if (damage.value === undefined)
            return err('wrong_state', 'The audit log is whole; there is nothing to set aside.');
          const begun = audit.setAside(damage.value.message);
          return begun.ok ? rememberNewLog(next.book, audit) : begun;
        }),
      ),

    lock(reason) {
      locks += 1;
      idle.disarm();
      if (session === undefined) return ok(service.state());
      const ending = session;
      const key = ending.ring.active('signing');
      const written = rememberLog(ending.book, audit, key.ok ? keyIdOfEntry(key.value) : 'unknown', reason);
      session = undefined;
      const detached = audit.attachSigner(undefined);
      ending.end();
      const file = requireFile();
      const settled = file.ok ? file.value.settle() : file;
      const kept = ending.book.changes() > 0 && file.ok ? keepCopy(path, clock()) : ok(undefined);
      const problem = firstProblem(written, detached, settled, kept);
      emit({ type: 'locked', reason, ...(problem === undefined ? {} : { problem }) });
      return problem === undefined ? ok(service.state()) : { ok: false, error: problem };
    },

    changePassphrase: (current, next) =>
      consuming([current, next], () =>
        serialize(async () => {
          const bytes = passphraseBytes(next, 'fresh');
          if (!bytes.ok) return bytes;
          const changed = await withMaster(current, async (master, old, slotId) => {
            const previous = old.slots.find(({ id }) => id === slotId);
            const parameters = costOf(previous === undefined ? [] : [previous]) ?? cost;
            const input = { vaultId: old.vaultId, crypto, random, parameters, ...namesOf(previous) };
            const slot = await makePassphraseSlot(input, bytes.value, master);
            const slots = old.slots.map((other) => (other === previous ? slot : other));
            return replaceSlots(master, old, slots, () => log('passphrase-changed', old.vaultId, { ...parameters }));
          });
          crypto.wipe(bytes.value);
          if (!changed.ok) return changed;
          emit({ type: 'passphrase-changed' });
          return ok(service.state());
        }),
      ),

    touch() {
      if (live().ok) idle.touch();
    },
    setAutoLock(ms) {
      idle.setAfter(ms);
      if (live().ok) idle.arm();
    },
    onEvent(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    keys: createVaultKeys(keysContext),
    paths: createUnlockPaths({
      crypto,
      random,
      clock,
      stopwatch: options.stopwatch ?? (() => performance.now()),
      floor,
      keychain: options.keychain,
      serialize,
      header,
      withMaster,
      replaceSlots,
      log,
      state: () => service.state(),
      changed: () => emit({ type: 'unlock-paths-changed' }),
    }),
    copies: () => keptCopies(path),

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
      floor,
      replaceFile(put) {
        service.lock('asked');
        const placed = place.replace(put);
        return placed.ok ? ok(service.state()) : placed;
      },
    }),

    close() {
      if (closed) return;
      closed = true;
      service.lock('closing');
      place.close();
    },
  };
  return service;
}

function firstProblem(...results: Result<unknown>[]): NacreError | undefined {
  for (const result of results) if (!result.ok) return result.error;
  return undefined;
}
