import { totalmem } from 'node:os';
import { err, ok, type Result } from '../../contract/result.ts';
import type { KdfParameters, UnlockPath, UnlockPaths } from '../../contract/vault.ts';
import type { VaultState } from '../../contract/views.ts';
import type { AuditEvent } from '../audit/audit-log.ts';
import { calibrate } from './calibrate.ts';
import type { VaultCrypto } from './crypto-types.ts';
import type { VaultHeader } from './header.ts';
import type { KeychainPort } from './keychain.ts';
import { consuming, passphraseBytes, type PassphraseInput } from './passphrase.ts';
import { makeDeviceSlot, makePassphraseSlot, type DeviceSlot, type VaultSlot } from './slots.ts';
import type { VaultUnlockPaths } from './vault-types.ts';

const maximumSlots = 16;

/** What the ways to unlock need of the vault they open. */
export interface UnlockPathsContext {
  readonly crypto: VaultCrypto;
  readonly random: (bytes: number) => Uint8Array;
  readonly clock: () => number;
  readonly stopwatch: () => number;
  readonly floor: KdfParameters;
  readonly keychain: KeychainPort | undefined;
  serialize<T>(work: () => Promise<T>): Promise<T>;
  header(): Result<VaultHeader>;
  withMaster<T>(
    passphrase: PassphraseInput,
    use: (master: Uint8Array, header: VaultHeader, slotId: string) => Promise<Result<T>> | Result<T>,
  ): Promise<Result<T>>;
  replaceSlots(master: Uint8Array, old: VaultHeader, slots: VaultSlot[], act: () => Result<unknown>): Result<void>;
  log(kind: AuditEvent['kind'], subject: string, details?: AuditEvent['details']): Result<unknown>;
  state(): VaultState;
  changed(): void;
}

export function createUnlockPaths(context: UnlockPathsContext): VaultUnlockPaths {
  const { crypto, random } = context;

  const list = async (): Promise<Result<UnlockPaths>> => {
    const header = context.header();
    if (!header.ok) return header;
    const keychain = (await context.keychain?.status()) ?? {
      available: false,
      backend: 'none',
      reason: 'This host has no keychain.',
    };
    return ok({ paths: header.value.slots.map(pathOf), keychain });
  };

  /** Adds the slot that `make` makes; logged in the transaction of the header. */
  const add = async (
    passphrase: PassphraseInput,
    make: (master: Uint8Array, header: VaultHeader) => Promise<Result<VaultSlot>> | Result<VaultSlot>,
  ): Promise<Result<UnlockPaths>> => {
    const added = await context.serialize(() =>
      context.withMaster(passphrase, async (master, header) => {
        if (header.slots.length >= maximumSlots) {
          return err('wrong_state', `The vault has ${maximumSlots} ways to unlock already.`, {
            hint: 'Remove one first.',
          });
        }
        const slot = await make(master, header);
        if (!slot.ok) return slot;
        return context.replaceSlots(master, header, [...header.slots, slot.value], () =>
          context.log('unlock-path-added', slot.value.id, factsOf(slot.value)),
        );
      }),
    );
    if (!added.ok) return added;
    context.changed();
    return list();
  };

  const stamped = (label: string) => ({ label, createdAt: new Date(context.clock()).toISOString() });

  return {
    list,

    addPassphrase: (passphrase, next, label) =>
      consuming([passphrase, next], async () => {
        const bytes = passphraseBytes(next, 'fresh');
        if (!bytes.ok) return bytes;
        const added = await add(passphrase, async (master, { vaultId, slots }) => {
          const parameters = costOf(slots) ?? context.floor;
          return ok(
            await makePassphraseSlot({ vaultId, crypto, random, parameters, ...stamped(label) }, bytes.value, master),
          );
        });
        crypto.wipe(bytes.value);
        return added;
      }),

    addKeychain: (passphrase, label) =>
      consuming([passphrase], async () => {
        const { keychain } = context;
        const status = await keychain?.status();
        if (keychain === undefined || status?.available !== true) {
          const extra = status === undefined ? {} : { details: { backend: status.backend } };
          return err('unavailable', status?.reason ?? 'This host has no keychain.', extra);
        }
        return add(passphrase, async (master, { vaultId, slots }) => {
          if (slots.some(({ type }) => type === 'keychain')) {
            return err('already_exists', 'The keychain opens this vault already.', { hint: 'Remove that way first.' });
          }
          const secret = random(32);
          const box = await keychain.seal(secret);
          const facts = { type: 'keychain', backend: status.backend, ...stamped(label) } as const;
          const slot = box.ok
            ? ok(
                makeDeviceSlot(
                  { vaultId, crypto, random },
                  { ...facts, box: Buffer.from(box.value).toString('base64url') },
                  secret,
                  master,
                ),
              )
            : box;
          crypto.wipe(secret);
          return slot;
        });
      }),

    addSecurityKey: (passphrase, { label, credentialId, rpId, salt, prf }) =>
      consuming([passphrase, prf], async () => {
        if (prf.length !== 32) return err('invalid_input', 'A security key computes 32 bytes.');
        return add(passphrase, (master, { vaultId, slots }) => {
          if (slots.some((slot) => slot.type === 'security-key' && slot.credentialId === credentialId)) {
            return err('already_exists', 'This security key opens the vault already.');
          }
          const facts = { type: 'security-key', credentialId, rpId, salt, ...stamped(label) } as const;
          return ok(makeDeviceSlot({ vaultId, crypto, random }, facts, prf, master));
        });
      }),

    remove: (passphrase, id) =>
      consuming([passphrase], async () => {
        const removed = await context.serialize(() =>
          context.withMaster(passphrase, (master, header) => {
            const slot = header.slots.find((other) => other.id === id);
            if (slot === undefined) return err('not_found', `The vault has no way to unlock ${JSON.stringify(id)}.`);
            const rest = header.slots.filter((other) => other !== slot);
            if (!rest.some(({ type }) => type === 'passphrase')) {
              return err('wrong_state', 'The last passphrase cannot be removed.', { hint: 'Add another one first.' });
            }
            return context.replaceSlots(master, header, rest, () =>
              context.log('unlock-path-removed', id, factsOf(slot)),
            );
          }),
        );
        if (!removed.ok) return removed;
        context.changed();
        return list();
      }),

    calibrate: (targetMs) =>
      context.serialize(async () => {
        const header = context.header();
        const current = header.ok ? costOf(header.value.slots) : undefined;
        const found = await calibrate({
          crypto,
          random,
          floor: context.floor,
          stopwatch: context.stopwatch,
          memoryBytes: totalmem(),
          targetMs,
        });
        return ok({
          ...found,
          ...(current === undefined
            ? {}
            : { current: { memoryMib: current.memoryKib / 1024, passes: current.passes } }),
        });
      }),

    retune: (passphrase, parameters) =>
      consuming([passphrase], async () => {
        if (parameters.memoryKib < context.floor.memoryKib || parameters.passes < context.floor.passes) {
          const { memoryKib, passes } = context.floor;
          return err('invalid_input', `The cost is below the floor of ${memoryKib / 1024} MiB and ${passes} passes.`);
        }
        const bytes = passphraseBytes(passphrase, 'existing');
        if (!bytes.ok) return bytes;
        const done = await context.serialize(() =>
          context.withMaster(passphrase, async (master, header, slotId) => {
            const old = header.slots.find(({ id }) => id === slotId);
            const input = { vaultId: header.vaultId, crypto, random, parameters, ...namesOf(old) };
            const slot = await makePassphraseSlot(input, bytes.value, master);
            const slots = header.slots.map((other) => (other === old ? slot : other));
            return context.replaceSlots(master, header, slots, () =>
              context.log('derivation-changed', slot.id, { ...parameters, replaced: slotId }),
            );
          }),
        );
        crypto.wipe(bytes.value);
        if (!done.ok) return done;
        context.changed();
        return ok(context.state());
      }),
  };
}

/** The cost of the first passphrase: what a further one is made with. */
export function costOf(slots: readonly VaultSlot[]): KdfParameters | undefined {
  const slot = slots.find(({ type }) => type === 'passphrase');
  return slot?.type === 'passphrase' ? { memoryKib: slot.kdf.memoryKib, passes: slot.kdf.passes } : undefined;
}

/** Label and date of a passphrase that is wrapped anew. */
export function namesOf(slot: VaultSlot | undefined): { label?: string; createdAt?: string } {
  if (slot?.type !== 'passphrase') return {};
  return {
    ...(slot.label === undefined ? {} : { label: slot.label }),
    ...(slot.createdAt === undefined ? {} : { createdAt: slot.createdAt }),
  };
}

function factsOf(slot: VaultSlot): Record<string, string> {
  return {
    type: slot.type,
    ...('label' in slot && slot.label !== undefined ? { label: slot.label } : {}),
    ...(slot.type === 'keychain' ? { backend: slot.backend } : {}),
  };
}

const defaultLabels: Readonly<Record<VaultSlot['type'], string>> = {
  passphrase: 'Passphrase',
  recovery: 'Recovery shares',
  keychain: 'Keychain',
  'security-key': 'Security key',
};

function pathOf(slot: VaultSlot): UnlockPath {
  const { id, type } = slot;
  const label = ('label' in slot ? slot.label : undefined) ?? defaultLabels[type];
  const createdAt = 'createdAt' in slot ? slot.createdAt : undefined;
  const base = { id, type, label, ...(createdAt === undefined ? {} : { createdAt }) };
  if (slot.type === 'passphrase') return { ...base, kdf: { memoryKib: slot.kdf.memoryKib, passes: slot.kdf.passes } };
  if (slot.type === 'recovery') return { ...base, threshold: slot.threshold, shares: slot.shares };
  if (slot.type === 'keychain') return { ...base, backend: slot.backend };
  return { ...base, credentialId: slot.credentialId, rpId: slot.rpId, salt: slot.salt };
}

/** The secret of a keychain slot, from the keychain; the caller wipes it. Errors: `unavailable` and those of the keychain. */
export async function keychainSecret(
  slot: DeviceSlot,
  keychain: KeychainPort | undefined,
): Promise<Result<Uint8Array>> {
  if (slot.type !== 'keychain') return err('not_found', 'The keychain does not open this vault.');
  if (keychain === undefined)
    return err('unavailable', 'This host has no keychain.', { hint: 'Unlock with the passphrase.' });
  const status = await keychain.status();
  if (!status.available) return err('unavailable', status.reason ?? `The keychain ${status.backend} is not available.`);
  return keychain.open(new Uint8Array(Buffer.from(slot.box, 'base64url')));
}
