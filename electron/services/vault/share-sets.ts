import { z } from 'zod';
import { heldShareSchema, type HeldShare, type ShareSet } from '../../contract/recovery.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import type { VaultHeader } from './header.ts';
import type { RecordBook } from './records.ts';
import type { RecoverySlot } from './slots.ts';

/** What the vault remembers of a set: who holds which share, and digests that recognise them. Never a share. */
const idOf = (setId: string) => `recovery/${setId}`;
const factsSchema = z.object({
  createdAt: z.string(),
  shares: z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text) as unknown;
      } catch {
        context.addIssue('not JSON');
        return z.NEVER;
      }
    })
    .pipe(z.array(heldShareSchema).max(16)),
  rehearsedAt: z.string().optional(),
  rehearsedWith: z.string().optional(),
});

export function recoverySlotOf(header: VaultHeader): RecoverySlot | undefined {
  return header.slots.find((slot) => slot.type === 'recovery');
}

/** Notes a new set and forgets the others: one set at a time, making new shares is how the old ones are revoked. */
export function putSet(
  book: RecordBook,
  setId: string,
  createdAt: string,
  shares: readonly HeldShare[],
): Result<unknown> {
  const others = book.known('recovery/');
  if (!others.ok) return others;
  for (const { id } of others.value) {
    const removed = book.delete(id);
    if (!removed.ok) return removed;
  }
  const facts = { createdAt, shares: JSON.stringify(shares) };
  return book.put(idOf(setId), { type: 'share-set', facts, secret: new Uint8Array(0) });
}

/** The set that works now; undefined without one. Errors: `damaged`. */
export function readSet(book: RecordBook, header: VaultHeader): Result<ShareSet | undefined> {
  const slot = recoverySlotOf(header);
  if (slot === undefined) return ok(undefined);
  const stored = book.get(idOf(slot.id));
  if (!stored.ok) return stored;
  const facts = factsSchema.safeParse(stored.value.facts);
  if (!facts.success) return err('damaged', `Damaged in the vault: record "${idOf(slot.id)}".`);
  const { rehearsedAt, rehearsedWith, ...rest } = facts.data;
  return ok({
    setId: slot.id,
    vaultId: header.vaultId,
    threshold: slot.threshold,
    ...rest,
    ...(rehearsedAt === undefined ? {} : { rehearsedAt }),
    ...(rehearsedWith === undefined ? {} : { rehearsedWith: rehearsedWith.split(' ').map(Number) }),
  });
}

/** Notes that this set was rehearsed. */
export function putRehearsal(book: RecordBook, setId: string, at: string, indices: readonly number[]): Result<void> {
  const stored = book.get(idOf(setId));
  if (!stored.ok) return stored;
  const facts = { ...stored.value.facts, rehearsedAt: at, rehearsedWith: indices.join(' ') };
  return book.put(idOf(setId), { ...stored.value, facts });
}
