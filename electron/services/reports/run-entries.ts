import type { AuditBundle } from '../../contract/audit.ts';
import type { Result } from '../../contract/result.ts';
import type { AuditLog } from '../audit/audit-log.ts';

const pageSize = 1000;

/**
 * The log entries of one run with their proofs: those about the run itself and those that name a job of it.
 * Errors: those of the log.
 */
export function proveRun(
  log: Pick<AuditLog, 'list' | 'prove'>,
  run: { readonly runId: string; readonly jobIds: readonly string[] },
): Result<AuditBundle> {
  const indices: number[] = [];
  for (let after = -1; ;) {
    const page = log.list({ after, limit: pageSize });
    if (!page.ok) return page;
    for (const { entry } of page.value) {
      if (entry.subject === run.runId || run.jobIds.some((jobId) => entry.details['jobId'] === jobId))
        indices.push(entry.index);
      after = entry.index;
    }
    if (page.value.length < pageSize) return log.prove(indices);
  }
}
