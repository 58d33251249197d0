import { err, ok, type Result } from '../../contract/result.ts';
import { seededRandom, shuffle } from './random.ts';

export interface Split {
  /** Row numbers, 0 = first data row, ascending. */
  readonly training: readonly number[];
  readonly heldOut: readonly number[];
}

/**
 * Holds out about `share` of every class (stratified), chosen by the seed. A class keeps at least one training row.
 * Errors: `invalid_input` when there are too few rows to hold any out.
 */
export function splitRows(labels: Int32Array, classes: number, share: number, seed: number): Result<Split> {
  const byClass: number[][] = Array.from({ length: classes }, () => []);
  labels.forEach((label, row) => byClass[label]?.push(row));
  const random = seededRandom(seed);
  const training: number[] = [];
  const heldOut: number[] = [];
  for (const rows of byClass) {
    shuffle(rows, random);
    const count = Math.min(Math.round(rows.length * share), rows.length - 1);
    heldOut.push(...rows.slice(0, count));
    training.push(...rows.slice(count));
  }
  if (heldOut.length === 0) {
    return err('invalid_input', `${labels.length} rows are too few to hold out ${share} of each class for validation.`);
  }
  return ok({ training: training.sort(ascending), heldOut: heldOut.sort(ascending) });
}

function ascending(a: number, b: number): number {
  return a - b;
}
