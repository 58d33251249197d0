import { createHash, timingSafeEqual } from 'node:crypto';
import canonicalize from 'canonicalize';
import { z } from 'zod';
import { err, ok, type Result } from '../../contract/result.ts';

/**
 * The file of a backup, format 1:
 *
 *   "nacre-backup v1\n" ‖ length of head (u32, big endian) ‖ head (JCS) ‖ SHA-256 of all before ‖ vault ‖ profile
 *
 * `vault` is a whole vault file (README.md), encrypted by itself. `profile` is XChaCha20-Poly1305(HKDF(master key,
 * "nacre/vault/v1/backup"), head.profile.nonce, what the caller gave; AAD = JCS of the head without `profile`), so that
 * whatever opens the vault in it opens all of it, and parts of two backups cannot be mixed.
 */
const mark = 'nacre-backup v1\n';
const markBytes = mark.length;
const digestBytes = 32;
const headLimit = 65_536;
/** A vault of 100,000 keys and a log of a million entries stay far below. */
export const backupLimit = 1_073_741_824;

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`));
const count = z.number().int().min(0).max(backupLimit);
const headSchema = z.strictObject({
  format: z.literal('nacre-backup'),
  version: z.literal(1),
  vaultId: hex(16),
  createdAt: z.string().max(32),
  /** Head of the audit log at that moment. */
  log: z.strictObject({ size: count, root: hex(32) }),
  /** Whether the profile was an offline custodian's. */
  offline: z.boolean(),
  vault: z.strictObject({ bytes: count, sha256: hex(32) }),
  profile: z.strictObject({ bytes: count, sha256: hex(32), nonce: hex(24) }),
});
export type BackupHead = z.infer<typeof headSchema>;
export type OpenHead = Omit<BackupHead, 'profile'>;

export const sha256Hex = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** `digest` is 32 bytes in hex: the schema of the head says so. */
const hasDigest = (bytes: Uint8Array, digest: string): boolean =>
  timingSafeEqual(createHash('sha256').update(bytes).digest(), Buffer.from(digest, 'hex'));

/** What the profile part is bound to. */
export function contextOfProfile({ format, version, vaultId, createdAt, log, offline, vault }: OpenHead): Uint8Array {
  return Buffer.from(canonicalize({ format, version, vaultId, createdAt, log, offline, vault }) ?? '');
}

export function encodeBackup(head: BackupHead, vault: Uint8Array, profile: Uint8Array): Uint8Array {
  const text = Buffer.from(canonicalize(head) ?? '');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  const before = Buffer.concat([Buffer.from(mark, 'latin1'), length, text]);
  return Buffer.concat([before, createHash('sha256').update(before).digest(), vault, profile]);
}

function damaged(place: string, what: string) {
  return err('damaged', `The backup is damaged: ${what}.`, {
    hint: 'Take another copy of it. Nothing was changed.',
    details: { place },
  });
}

/**
 * Takes a backup apart and compares every byte with its digest; needs no secret.
 * Errors: `damaged` naming the place (mark, head, length, vault or profile), `wrong_state` for a newer format.
 */
export function decodeBackup(bytes: Uint8Array): Result<{ head: BackupHead; vault: Uint8Array; profile: Uint8Array }> {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length < markBytes + 4) return damaged('mark', 'it is too short');
  const version = /^nacre-backup v(\d)\n$/.exec(view.toString('latin1', 0, markBytes))?.[1];
  const headEnd = markBytes + 4 + view.readUInt32BE(markBytes);
  const headFits =
    headEnd - markBytes - 4 <= headLimit &&
    headEnd + digestBytes <= view.length &&
    timingSafeEqual(
      createHash('sha256').update(view.subarray(0, headEnd)).digest(),
      view.subarray(headEnd, headEnd + digestBytes),
    );
  if (version !== undefined && version !== '1' && headFits) {
    return err('wrong_state', `This backup was written by a newer Nacre (format ${version}).`, {
      hint: 'Install the newer version; nothing was changed.',
    });
  }
  if (version !== '1') return damaged('mark', 'its first bytes are not those of a Nacre backup');
  if (!headFits) return damaged('head', 'its head does not fit its digest');
  let value: unknown;
  try {
    value = JSON.parse(view.toString('utf8', markBytes + 4, headEnd));
  } catch {
    return damaged('head', 'its head is not JSON');
  }
  const parsed = headSchema.safeParse(value);
  if (!parsed.success) return damaged('head', `its head: ${parsed.error.issues[0]?.path.join('.') || 'its shape'}`);
  const head = parsed.data;
  const start = headEnd + digestBytes;
  const expected = start + head.vault.bytes + head.profile.bytes;
  if (view.length !== expected) return damaged('length', `it has ${view.length} bytes and should have ${expected}`);
  const vault = view.subarray(start, start + head.vault.bytes);
  const profile = view.subarray(start + head.vault.bytes);
  if (!hasDigest(vault, head.vault.sha256)) return damaged('vault', 'its vault does not fit its digest');
  if (!hasDigest(profile, head.profile.sha256)) return damaged('profile', 'its records do not fit their digest');
  return ok({ head, vault, profile });
}
