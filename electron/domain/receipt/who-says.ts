import type { FailureStatement } from '../../contract/failure-receipt.ts';

/**
 * Who says what in a failure receipt, in words that follow from its figures alone.
 * @param lastSigned time of the node's last signed frame, by its own clock; undefined when none came
 */
export function whoSays(
  lastSigned: string | undefined,
  from: string,
  observedAt: string,
): FailureStatement['predicate']['says'] {
  return {
    node:
      lastSigned === undefined
        ? 'nothing: no signed frame came'
        : `signed by the node until ${lastSigned}, by its own clock`,
    desk: `observed by the desk since ${lastSigned ?? from}, found at ${observedAt}`,
  };
}
