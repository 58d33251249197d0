import type { AuditEntry, AuditKind } from '../../contract/audit.ts';
import { ok, type Result } from '../../contract/result.ts';
import type { AuditLog, LoggedEntry } from '../../services/audit/audit-log.ts';

export interface AuditFilter {
  readonly kinds?: readonly AuditKind[] | undefined;
  readonly key?: string | undefined;
  readonly job?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

const pageSize = 1000;

type Log = Pick<AuditLog, 'list' | 'head'>;

interface EntryRange {
  readonly after: number;
  readonly limit: number;
  /** Of all that fit the newest, instead of the oldest; still oldest first. */
  readonly newest?: boolean | undefined;
}

/** Entries after an index that fit every given filter, oldest first. Errors: `integrity`, those of the disk. */
export function findEntries(
  audit: Log,
  filter: AuditFilter,
  { after, limit, newest = false }: EntryRange,
): Result<LoggedEntry[]> {
  if (newest) return findNewest(audit, filter, { after, limit });
  const found: LoggedEntry[] = [];
  for (let from = after; ; from += pageSize) {
    const page = audit.list({ after: from, limit: pageSize });
    if (!page.ok) return page;
    for (const logged of page.value) {
      if (fits(logged.entry, filter)) found.push(logged);
      if (found.length === limit) return ok(found);
    }
    if (page.value.length < pageSize) return ok(found);
  }
}

/** Page by page from the end of the log. */
function findNewest(audit: Log, filter: AuditFilter, { after, limit }: EntryRange): Result<LoggedEntry[]> {
  let found: LoggedEntry[] = [];
  let end = audit.head().size;
  while (found.length < limit && end > after + 1) {
    const from = Math.max(after, end - pageSize - 1);
    const page = audit.list({ after: from, limit: end - from - 1 });
    if (!page.ok) return page;
    found = [...page.value.filter(({ entry }) => fits(entry, filter)), ...found];
    end = from + 1;
  }
  return ok(found.slice(-limit));
}

function fits({ at, kind, subject, details }: AuditEntry, { kinds, key, job, since, until }: AuditFilter): boolean {
  if (kinds !== undefined && !kinds.includes(kind)) return false;
  // Both are UTC; one may have no milliseconds, so they are compared as times.
  if (since !== undefined && Date.parse(at) < Date.parse(since)) return false;
  if (until !== undefined && Date.parse(at) >= Date.parse(until)) return false;
  const named = (value: string, ...fields: readonly string[]) =>
    subject === value || fields.some((field) => details[field] === value);
  if (key !== undefined && !named(key, 'key', 'keyId', 'from', 'publicKey', 'recipient')) return false;
  return job === undefined || named(job, 'jobId', 'job', 'runId');
}
