import type { ApprovalSubject } from '../../contract/approval.ts';
import type { OverrideDocuments } from '../../contract/override.ts';
import type { OverrideNote } from '../../contract/evidence.ts';
import type { Result } from '../../contract/result.ts';

declare const override: unique symbol;

/** Leave to release one key to a node that was not affirmed, which only the approvals service makes. */
export interface OverrideLeave {
  readonly [override]: true;
  readonly subject: ApprovalSubject<'override'>;
  readonly note: OverrideNote;
  /** What an auditor needs to judge it again. */
  readonly documents: OverrideDocuments;
  /** Digest of the rule that it was approved under. */
  readonly ruleSha256: string;
  /**
   * Uses it up for one release of one job and does the act in one transaction: both or neither. Later evidence of the
   * same job is still covered, until the override ends. Errors: `approval_missing`, those of `act` and of the disk.
   */
  use<T>(jobId: string, act: () => Result<T>): Result<T>;
}
