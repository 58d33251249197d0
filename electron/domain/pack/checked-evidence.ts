import type { PackEvidence } from '../../contract/pack.ts';
import type { Reappraisal } from './appraiser.ts';

/** One record of evidence with what verifying it again gave. */
export interface CheckedEvidence {
  readonly path: string;
  readonly record: PackEvidence;
  /** Hex SHA-256 of the JCS of the answer. */
  readonly sha256: string;
  readonly simulated: boolean;
  /** Absent when the answer could not be read again. */
  readonly again?: Reappraisal;
}
