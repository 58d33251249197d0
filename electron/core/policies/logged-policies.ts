import { ok, type Result } from '../../contract/result.ts';
import type { AuditLog, LogHead } from '../../services/audit/audit-log.ts';

/** Digests of the signed versions of each policy, by id and number. */
export type LoggedPolicies = ReadonlyMap<string, ReadonlyMap<number, string>>;

const pageSize = 1000;

/**
 * What the audit log says of policies: the witness that no version in the store was put back, taken away or slipped in.
 * Reads only what was written since the last time. Errors: those of the log.
 */
export function createLoggedPolicies(audit: AuditLog): () => Result<LoggedPolicies> {
  let known = new Map<string, Map<number, string>>();
  let read: LogHead = { size: 0, root: '' };
  return () => {
    const head = audit.head();
    if (head.size === read.size && head.root === read.root) return ok(known);
    // An entry that was undone with its transaction may stand in what was read.
    const goesOn = read.size > 0 && audit.hasPrefix(read);
    const next = new Map(goesOn ? [...known].map(([id, numbers]) => [id, new Map(numbers)] as const) : []);
    for (let after = goesOn ? read.size - 1 : -1; ; after += pageSize) {
      const page = audit.list({ after, limit: pageSize });
      if (!page.ok) return page;
      for (const { entry } of page.value) {
        const { number, document } = entry.details;
        if (entry.kind !== 'policy-changed' || typeof number !== 'number' || typeof document !== 'string') continue;
        const numbers = next.get(entry.subject) ?? new Map<number, string>();
        numbers.set(number, document);
        next.set(entry.subject, numbers);
      }
      if (page.value.length < pageSize) break;
    }
    known = next;
    read = head;
    return ok(known);
  };
}
