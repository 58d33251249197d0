import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import canonicalize from 'canonicalize';
import { z } from 'zod';
import { err, ok, type Result } from '../../contract/result.ts';
import { vaultSlotSchema } from './slots.ts';

/**
 * Header of a vault, formats 1 and 2. Every slot wraps the same random master key, so a passphrase changes without touching a
 * record, and further ways to unlock are further slots.
 *
 *   wrappedKey = the master key under the key of the slot, see slots.ts
 *   mac        = HMAC-SHA-256(HKDF(master key, "nacre/vault/v1/header"), JCS(header without mac and checksum))
 *   checksum   = SHA-256(JCS(header without checksum))
 *
 * The checksum needs no secret: it tells damage from a wrong passphrase. The mac needs the master key: it tells a header
 * that somebody edited, with a fresh checksum, from ours.
 *
 * Format 1 knows passphrase and recovery slots without a label; format 2 adds keychain and security-key slots. A vault
 * of format 1 opens as it is and is written as format 2 at its first unlock; no wrap and no record changes by that.
 */
const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`));

export const newestHeader = 2;

const headerSchema = z.strictObject({
  format: z.literal('nacre-vault'),
  version: z.union([z.literal(1), z.literal(newestHeader)]),
  vaultId: hex(16),
  createdAt: z.string().max(32),
  slots: z.array(vaultSlotSchema).min(1).max(16),
  mac: hex(32),
  checksum: hex(32),
});
export type VaultHeader = z.infer<typeof headerSchema>;

const headerLimit = 65_536;

/** Keys that one unlocked session works with; the master key itself is gone as soon as they are made. */
export interface VaultKeys {
  readonly header: Uint8Array;
  readonly records: Uint8Array;
  readonly index: Uint8Array;
}

export function deriveKeys(master: Uint8Array): VaultKeys {
  const derive = (label: string) =>
    new Uint8Array(hkdfSync('sha256', master, new Uint8Array(0), `nacre/vault/v1/${label}`, 32));
  return { header: derive('header'), records: derive('records'), index: derive('index') };
}

function damaged(what: string) {
  return err('damaged', `The header of the vault is damaged: ${what}.`, {
    hint: 'Restore the vault from a backup. Nothing in it was changed.',
    details: { place: 'header' },
  });
}

/** Errors: `damaged`, saying what is wrong, `wrong_state` for a newer format; nothing was decided about the passphrase yet. */
export function readHeader(text: string): Result<VaultHeader> {
  if (text.length > headerLimit) return damaged('it is too large');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return damaged('it is not JSON');
  }
  const newer = z.object({ format: z.literal('nacre-vault'), version: z.int().min(newestHeader + 1) }).safeParse(value);
  if (newer.success) {
    return err('wrong_state', `The vault was written by a newer Nacre (header format ${newer.data.version}).`, {
      hint: 'Install the newer version again; nothing was changed.',
      details: { place: 'header', version: newer.data.version },
    });
  }
  const parsed = headerSchema.safeParse(value);
  if (!parsed.success) return damaged(parsed.error.issues[0]?.path.join('.') || 'its shape');
  const header = parsed.data;
  if (canonical(header) !== text || !sameHex(checksumOf(header), header.checksum))
    return damaged('its checksum does not fit');
  return ok(header);
}

export function headerText(header: VaultHeader): string {
  return canonical(header);
}

/** Puts mac and checksum on a header that was made or changed. */
export function sealHeader(header: Omit<VaultHeader, 'mac' | 'checksum'>, keys: VaultKeys): VaultHeader {
  const authenticated = { ...header, mac: macOf(header, keys) };
  return { ...authenticated, checksum: checksumOf(authenticated) };
}

/** Whether the header is the one that the owner of the master key wrote. */
export function headerIsOurs(header: VaultHeader, keys: VaultKeys): boolean {
  return sameHex(macOf(header, keys), header.mac);
}

/** Both are 32 bytes in hex: computed here, or held to it by the schema. */
function sameHex(computed: string, written: string): boolean {
  return timingSafeEqual(Buffer.from(computed, 'hex'), Buffer.from(written, 'hex'));
}

function macOf(header: Omit<VaultHeader, 'mac' | 'checksum'>, keys: VaultKeys): string {
  const { format, version, vaultId, createdAt, slots } = header;
  return createHmac('sha256', keys.header)
    .update(canonical({ format, version, vaultId, createdAt, slots }))
    .digest('hex');
}

function checksumOf(header: Omit<VaultHeader, 'checksum'>): string {
  const { format, version, vaultId, createdAt, slots, mac } = header;
  return createHash('sha256').update(canonical({ format, version, vaultId, createdAt, slots, mac })).digest('hex');
}

function canonical(value: unknown): string {
  return canonicalize(value) ?? '';
}
