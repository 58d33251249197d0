import { z } from 'zod';
import { err, ok, type NacreError, type Result } from '../../contract/result.ts';
import type { LockReason } from '../../contract/vault.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { logHeadRecordId, type RecordBook } from './records.ts';

/**
 * What vault and audit log remember of each other, so that neither can be put back alone: the vault keeps the head of
 * the log and a number that grows with every lock; the log's `vault-locked` entry names the number. Both files put back
 * together to one moment are consistent, and only somebody outside (a checkpoint in an auditor pack) can tell.
 */
const headSchema = z.object({
  size: z.coerce.number().int(),
  root: z.string(),
  generation: z.coerce.number().int().min(0).default(0),
});

interface Remembered {
  readonly size: number;
  readonly root: string;
  readonly generation: number;
}

function read(book: RecordBook): Result<Remembered | undefined> {
  const stored = book.get(logHeadRecordId);
  if (!stored.ok) return stored.error.code === 'not_found' ? ok(undefined) : stored;
  const head = headSchema.safeParse(stored.value.facts);
  return head.success ? ok(head.data) : err('damaged', `Damaged in the vault: record "${logHeadRecordId}".`);
}

function write(book: RecordBook, { size, root, generation }: Remembered): Result<void> {
  return book.put(logHeadRecordId, {
    type: 'log-head',
    facts: { size: String(size), root, generation: String(generation) },
    secret: new Uint8Array(0),
  });
}

/**
 * Writes the lock into both. The vault goes first and last: killed in between it is never behind the log, so a crash
 * cannot look like a vault that was put back.
 */
export function rememberLog(book: RecordBook, audit: AuditLog, keyId: string, reason: LockReason): Result<void> {
  const before = read(book);
  if (!before.ok) return before;
  const generation = (before.value?.generation ?? 0) + 1;
  const ahead = write(book, { ...audit.head(), generation });
  if (!ahead.ok) return ahead;
  const logged = audit.append({
    kind: 'vault-locked',
    actor: 'owner',
    subject: keyId,
    details: { reason, generation },
    simulated: false,
  });
  return logged.ok ? write(book, { ...audit.head(), generation }) : logged;
}

/** Errors: `integrity`, when log and vault are not of one moment. */
export function compareWithLog(book: RecordBook, audit: AuditLog): Result<void> {
  const pinned = read(book);
  if (!pinned.ok) return pinned;
  if (pinned.value !== undefined && !audit.hasPrefix(pinned.value)) {
    return err(
      'integrity',
      `The audit log no longer holds the ${pinned.value.size} entries that the vault remembers.`,
      {
        hint: 'Restore nacre.db from a backup, or ask who had access to the profile folder. "nacre audit set-aside" keeps the log and begins a new one.',
      },
    );
  }
  const last = lastGeneration(audit);
  if (!last.ok) return last;
  const own = pinned.value?.generation ?? 0;
  if (last.value !== undefined && pinned.value !== undefined && own < last.value) {
    return err(
      'integrity',
      `The vault is an older copy: it was locked ${own} times, the audit log says ${last.value}.`,
      {
        hint: 'Somebody put an old vault.db back; ways to unlock that were removed may work again. "nacre audit set-aside" accepts it and begins a new log.',
        details: { vault: own, log: last.value },
      },
    );
  }
  return ok(undefined);
}

/** Begins to remember a log that was just started anew. */
export function rememberNewLog(book: RecordBook, audit: AuditLog): Result<void> {
  const before = read(book);
  return before.ok ? write(book, { ...audit.head(), generation: before.value?.generation ?? 0 }) : before;
}

/** How the log ended up, for the first entry of the next one. */
export function damageOf(book: RecordBook, audit: AuditLog): Result<NacreError | undefined> {
  const verified = audit.verify();
  if (!verified.ok) return verified.error.code === 'integrity' ? ok(verified.error) : verified;
  const compared = compareWithLog(book, audit);
  if (!compared.ok) return compared.error.code === 'integrity' ? ok(compared.error) : compared;
  return ok(undefined);
}

/**
 * The number in the newest `vault-locked` entry. A restore that was logged after it begins a new count: the backup is
 * older, and the log says so.
 */
function lastGeneration(audit: AuditLog): Result<number | undefined> {
  for (let limit = 64; ; limit *= 8) {
    const page = audit.newest(limit);
    if (!page.ok) return page;
    for (const { entry } of page.value) {
      if (entry.kind === 'vault-restored' || entry.kind === 'vault-created') return ok(undefined);
      const generation = entry.details['generation'];
      if (entry.kind === 'vault-locked' && typeof generation === 'number') return ok(generation);
    }
    if (page.value.length < limit) return ok(undefined);
  }
}
