import type { ApprovalKind } from '../../contract/approval.ts';
import type { Result } from '../../contract/result.ts';

declare const approved: unique symbol;

/**
 * Leave to act, that only the approvals service makes: a quorum stands behind it, or no rule asks for one. Both are
 * judged again, and a quorum is used up, in `use`.
 */
export interface Approved<K extends ApprovalKind> {
  readonly [approved]: K;
  /** Absent where no rule asks for approval. */
  readonly requestId?: string;
  /**
   * Uses the approval up and does the act in one transaction of the store: both or neither. `act` is synchronous; it is
   * where the act is logged, before anything leaves.
   * Errors: `approval_missing` (used, expired, refused, or for something else), those of `act` and of the disk.
   */
  use<T>(fingerprint: string, act: () => Result<T>): Result<T>;
}
