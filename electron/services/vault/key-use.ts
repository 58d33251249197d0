import { z } from 'zod';
import type { PassphraseInput } from './passphrase.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import type { SigningPurpose } from '../../contract/vault.ts';
import { decodeBase64 } from '../../domain/encoding/base64.ts';
import { keyIdOf } from '../../domain/dsse/dsse.ts';
import type { AuditEvent, AuditLog } from '../audit/audit-log.ts';
import type { Store } from '../store/store.ts';
import type { VaultCrypto } from './crypto-types.ts';
import type { KeyEntry, KeyUse } from './keys.ts';
import type { VaultSession } from './session.ts';
import type { KeyOccasion, VaultSigner } from './vault-types.ts';

/** What key management needs of the vault it belongs to. */
export interface KeysContext {
  readonly crypto: VaultCrypto;
  readonly random: (bytes: number) => Uint8Array;
  readonly clock: () => number;
  live(): Result<VaultSession>;
  /** Whether this session is still the one that is open. */
  isOpen(session: VaultSession): boolean;
  /** The passphrase once more. Errors: `wrong_passphrase` and those of unlock. */
  confirm(passphrase: PassphraseInput): Promise<Result<void>>;
  log(kind: AuditEvent['kind'], subject: string, details?: AuditEvent['details']): Result<unknown>;
  useOf(id: string): KeyUse;
  countUse(id: string): Result<void>;
  /** The log is signed by the new key from here on. */
  signLogAnew(session: VaultSession): Result<void>;
}

/** Name of an Ed25519 key in envelopes and logs. */
export function keyIdOfEntry(entry: KeyEntry): string {
  return keyIdOf(rawOf(entry));
}

/** The raw Ed25519 public key of an entry. */
export function rawOf(entry: KeyEntry): Uint8Array {
  return decodeBase64(entry.publicKey) ?? new Uint8Array(0);
}

/** A signer that stays with the key it was made for, also when another one becomes active. */
export function signerOf(
  context: KeysContext,
  session: VaultSession,
  entry: KeyEntry,
  purpose: SigningPurpose,
): VaultSigner {
  return {
    keyId: keyIdOfEntry(entry),
    publicKey: rawOf(entry),
    purpose,
    sign(bytes) {
      if (!context.isOpen(session)) return err('locked', 'The vault is locked.');
      const allowed = beforeUse(context, entry, purpose, {});
      if (!allowed.ok) return allowed;
      const secret = session.ring.secret(entry.id);
      if (!secret.ok) return secret;
      const signature = context.crypto.ed25519Sign(secret.value, bytes);
      context.crypto.wipe(secret.value);
      return ok(signature);
    },
  };
}

/**
 * The entry in the log comes before the key is touched: what cannot be logged is not done. Two purposes are not logged
 * here: the log's own signatures, which would log themselves for ever, and attestation results, whose `node-verified` or
 * `node-refused` entry names the evidence and is a condition of their use.
 */
export function beforeUse(
  context: KeysContext,
  entry: KeyEntry,
  purpose: SigningPurpose | 'open',
  occasion: KeyOccasion,
): Result<void> {
  if (purpose === 'audit') return ok(undefined);
  if (purpose !== 'open' && isExpired(entry, context.clock())) {
    return err('wrong_state', `The key "${entry.label}" expired on ${entry.expiresAt ?? ''}.`, {
      hint: 'Rotate it, or change its expiry.',
    });
  }
  if (purpose !== 'attestation-result') {
    const logged = context.log('key-used', occasion.subject ?? entry.id, {
      purpose,
      key: entry.id,
      ...(occasion.jobId === undefined ? {} : { jobId: occasion.jobId }),
      ...(occasion.evidence === undefined ? {} : { evidenceSha256: occasion.evidence }),
    });
    if (!logged.ok) return logged;
  }
  return context.countUse(entry.id);
}

export function isExpired({ expiresAt }: KeyEntry, now: number): boolean {
  return expiresAt !== undefined && Date.parse(expiresAt) <= now;
}

const useSchema = z.strictObject({ uses: z.number().int(), lastUsedAt: z.string().optional() });

/** How often and when each key was used; no secret, so it lies in the store. */
export function createKeyUses(store: Store, clock: () => number): Pick<KeysContext, 'useOf' | 'countUse'> {
  const uses = store.collection('key-usage', useSchema);
  return {
    useOf(id) {
      const found = uses.get(id);
      return (found.ok ? found.value : undefined) ?? { uses: 0 };
    },
    countUse(id) {
      const found = uses.get(id);
      if (!found.ok) return found;
      return uses.put(id, { uses: (found.value?.uses ?? 0) + 1, lastUsedAt: new Date(clock()).toISOString() });
    },
  };
}

/** From now on the active key signs the log; checkpoints of those before it are still its own. */
export function signLogBy(audit: AuditLog, context: KeysContext, session: VaultSession): Result<void> {
  const active = session.ring.active('signing');
  if (!active.ok) return active;
  const earlier = session.ring.all().filter(({ purpose, id }) => purpose === 'signing' && id !== active.value.id);
  return audit.attachSigner({
    ...signerOf(context, session, active.value, 'audit'),
    earlier: earlier.map((entry) => rawOf(entry)),
  });
}
