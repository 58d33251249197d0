import type { NacreError, Result } from '../../contract/result.ts';
import { ok } from '../../contract/result.ts';
import type { AuditLog, LogHead } from '../../services/audit/audit-log.ts';

const pageSize = 1000;

/**
 * Digests of the members' rule by version, as the audit log has them: the witness that the rule in the store was not put
 * back or taken away. Reads only what was written since the last time.
 */
export function createLoggedRules(audit: AuditLog): () => Result<ReadonlyMap<number, string>> {
  let rules = new Map<number, string>();
  let read: LogHead = { size: 0, root: '' };
  return () => {
    const head = audit.head();
    if (head.size === read.size && head.root === read.root) return ok(rules);
    // An entry that was undone with its transaction may stand in what was read.
    if (read.size > 0 && !audit.hasPrefix(read)) {
      rules = new Map();
      read = { size: 0, root: '' };
    }
    const found = new Map(rules);
    for (let after = read.size - 1; ; after += pageSize) {
      const page: Result<{ entry: { kind: string; subject: string; details: Record<string, unknown> } }[]> = audit.list(
        {
          after,
          limit: pageSize,
        },
      );
      if (!page.ok) return page as { ok: false; error: NacreError };
      for (const { entry } of page.value) {
        const version = entry.details['version'];
        if (entry.kind === 'members-changed' && typeof version === 'number') found.set(version, entry.subject);
      }
      if (page.value.length < pageSize) break;
    }
    rules = found;
    read = head;
    return ok(rules);
  };
}
