import { createHash } from 'node:crypto';
import { bech32m } from '@scure/base';
import { combine, split } from 'shamir-secret-sharing';
import { err, ok, type Result } from '../../contract/result.ts';
import type { VaultCrypto } from './crypto-types.ts';
import { copySecret } from './secret-bytes.ts';
import { fromHex, toHex, type RecoverySlot } from './slots.ts';

/**
 * Recovery shares: Shamir over GF(256) of a random recovery key. One share as text is bech32m (its checksum finds typing
 * errors), prefix `nacre-share-`, over
 *
 *   version(1) ‖ vault id(16) ‖ recovery slot id(8) ‖ threshold(1) ‖ number of shares(1) ‖ share(33)
 *
 * Fewer than `threshold` shares say nothing about the key.
 */
export interface Share {
  readonly vaultId: string;
  readonly slotId: string;
  readonly threshold: number;
  readonly shares: number;
  readonly bytes: Uint8Array;
}

const prefix = 'nacre-share-';
const version = 1;
const headBytes = 27;
const shareBytes = 33;
const longest = 256;

/** Splits the recovery key of a slot. Each text is a secret: it is shown once and never stored or logged. */
export async function splitIntoShares(recoveryKey: Uint8Array, slot: RecoverySlot, vaultId: string): Promise<string[]> {
  const parts = await split(recoveryKey, slot.shares, slot.threshold);
  const head = [version, ...fromHex(vaultId), ...fromHex(slot.id), slot.threshold, slot.shares];
  return parts.map((part) =>
    bech32m.encode(prefix, bech32m.toWords(Uint8Array.from([...head, ...part])), false).toUpperCase(),
  );
}

/** Errors: `invalid_input`, saying what is wrong with the text. */
export function readShare(text: string): Result<Share> {
  const clean = text.replaceAll(/\s+/g, '').toLowerCase();
  if (clean.length > longest) return err('invalid_input', 'This is too long for a recovery share.');
  if (!clean.startsWith(`${prefix}1`)) {
    return err('invalid_input', 'This is not a recovery share: it should begin with NACRE-SHARE-1.');
  }
  const decoded = bech32m.decodeUnsafe(clean as `${string}1${string}`, false);
  const bytes = decoded === undefined ? undefined : bech32m.fromWordsUnsafe(decoded.words);
  if (bytes === undefined) {
    return err('invalid_input', 'The recovery share has a typing error: its checksum does not fit.', {
      hint: 'Compare it with the printed one, group by group.',
    });
  }
  if (bytes.length !== headBytes + shareBytes || bytes[0] !== version) {
    return err('invalid_input', 'The recovery share is of a kind that this Nacre does not know.');
  }
  return ok({
    vaultId: toHex(bytes.subarray(1, 17)),
    slotId: toHex(bytes.subarray(17, 25)),
    threshold: bytes[25] ?? 0,
    shares: bytes[26] ?? 0,
    bytes: copySecret(bytes.subarray(headBytes)),
  });
}

/** What may be written down to recognise a share later: a digest says nothing about the key. */
export function shareDigest(share: Share): string {
  return createHash('sha256')
    .update(`nacre/share/v1/${share.vaultId}/${share.slotId}/`)
    .update(share.bytes)
    .digest('hex');
}

/**
 * Puts shares together. Whether they give the right key shows when the slot is opened with it.
 * Errors: `invalid_input` naming the share (by its place, from 1) that is unreadable, of another set, or there twice, or
 * how many are missing.
 */
export async function joinShares(
  texts: readonly string[],
  crypto: VaultCrypto,
): Promise<Result<{ recoveryKey: Uint8Array; vaultId: string; slotId: string }>> {
  const shares: Share[] = [];
  for (const [index, text] of texts.entries()) {
    const share = readShare(text);
    if (!share.ok) return err('invalid_input', `Share ${index + 1}: ${share.error.message}`);
    const first = shares[0] ?? share.value;
    if (share.value.vaultId !== first.vaultId) return err('invalid_input', `Share ${index + 1} is of another vault.`);
    if (share.value.slotId !== first.slotId) {
      return err('invalid_input', `Share ${index + 1} is of another set of shares, perhaps an older one.`);
    }
    // The last byte of a share is its place on the curve; two of one place are one share.
    if (shares.some((other) => other.bytes.at(-1) === share.value.bytes.at(-1))) {
      return err('invalid_input', `Share ${index + 1} is there twice.`);
    }
    shares.push(share.value);
  }
  const [first] = shares;
  if (first === undefined || shares.length < first.threshold) {
    const needed = first?.threshold ?? 2;
    return err('invalid_input', `${shares.length} of ${needed} shares are there.`, {
      hint: 'Ask for the missing ones.',
    });
  }
  const recoveryKey = await combine(shares.map((share) => share.bytes));
  for (const share of shares) crypto.wipe(share.bytes);
  return ok({ recoveryKey, vaultId: first.vaultId, slotId: first.slotId });
}
