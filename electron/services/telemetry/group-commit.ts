import type { Result } from '../../contract/result.ts';
import { ok } from '../../contract/result.ts';

interface Waiting {
  readonly work: () => void;
  readonly done: (committed: Result<void>) => void;
}

/** Works that come in one turn of the event loop share one transaction, and with it one wait for the disk. */
export interface GroupCommit {
  /** Resolves with what the transaction came to, after the work was done in it; on an error the store has nothing of it. */
  add(work: () => void): Promise<Result<void>>;
}

/** `onUndone` is called when the store has nothing of what the works did, before any of them is told. */
export function createGroupCommit(
  transaction: (work: () => Result<void>) => Result<void>,
  onUndone: () => void,
): GroupCommit {
  let waiting: Waiting[] = [];

  const flush = () => {
    const together = waiting;
    waiting = [];
    const committed = transaction(() => {
      for (const { work } of together) work();
      return ok(undefined);
    });
    if (!committed.ok) onUndone();
    for (const { done } of together) done(committed);
  };

  return {
    add: (work) =>
      new Promise((done) => {
        if (waiting.length === 0) setImmediate(flush);
        waiting.push({ work, done });
      }),
  };
}
