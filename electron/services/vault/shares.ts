import { createHash } from 'node:crypto';
import { combine, split } from 'shamir-secret-sharing';
import { err, ok, type Result } from '../../contract/result.ts';
import { decodeShare, type ShareFields } from '../../domain/recovery/share-text.ts';
import type { VaultCrypto } from './crypto-types.ts';
import type { RecoverySlot } from './slots.ts';

/**
 * Recovery shares: Shamir over GF(256) of a random recovery key, which wraps the master key (never of the passphrase).
 * Fewer than `threshold` shares say nothing about the key. Their text is domain/recovery/share-text.ts.
 */
export async function splitIntoShares(
  recoveryKey: Uint8Array,
  slot: RecoverySlot,
  vaultId: string,
): Promise<ShareFields[]> {
  const parts = await split(recoveryKey, slot.shares, slot.threshold);
  const { id: setId, threshold, shares } = slot;
  return parts.map((bytes, at) => ({ vaultId, setId, index: at + 1, threshold, shares, bytes }));
}

/** What may be written down to recognise a share later, hex: it says nothing about the key. */
export function shareDigest(share: ShareFields): string {
  return createHash('sha256')
    .update(`nacre/share/v2/${share.vaultId}/${share.setId}/${share.index}/`)
    .update(share.bytes)
    .digest('hex');
}

export interface JoinedShares {
  /** The caller wipes it. Whether it is the right one shows when the slot is opened with it. */
  readonly recoveryKey: Uint8Array;
  readonly vaultId: string;
  readonly setId: string;
  /** Places of the shares that were given, in their order. */
  readonly indices: readonly number[];
}

/**
 * Puts shares together. Errors: `invalid_input` naming the share (by its place, from 1) that is unreadable, of another
 * set, or there twice, or how many are missing.
 */
export async function joinShares(texts: readonly string[], crypto: VaultCrypto): Promise<Result<JoinedShares>> {
  const shares: ShareFields[] = [];
  const wipe = () => {
    for (const share of shares) crypto.wipe(share.bytes);
  };
  const refuse = (message: string, hint?: string): Result<never> => {
    wipe();
    return err('invalid_input', message, hint === undefined ? {} : { hint });
  };
  for (const [at, text] of texts.entries()) {
    const share = decodeShare(text);
    if (!share.ok) return refuse(`Share ${at + 1}: ${share.error.message}`, share.error.hint);
    shares.push(share.value);
    const first = shares[0] ?? share.value;
    if (share.value.vaultId !== first.vaultId) return refuse(`Share ${at + 1} is of another vault.`);
    if (share.value.setId !== first.setId) {
      return refuse(`Share ${at + 1} is of another set of shares, perhaps an older one.`);
    }
    const { bytes, index } = share.value;
    // The last byte of a share is its place on the curve; two of one place are one share.
    const twice = shares.slice(0, -1).some((other) => other.index === index || other.bytes.at(-1) === bytes.at(-1));
    if (twice) return refuse(`Share ${at + 1} is there twice.`);
  }
  const [first] = shares;
  if (first === undefined || shares.length < first.threshold) {
    return refuse(`${shares.length} of ${first?.threshold ?? 2} shares are there.`, 'Ask for the missing ones.');
  }
  const recoveryKey = await combine(shares.map((share) => share.bytes));
  wipe();
  const { vaultId, setId } = first;
  return ok({ recoveryKey, vaultId, setId, indices: shares.map(({ index }) => index) });
}
