import { z } from 'zod';
import type { CollateralFacts } from './facts.ts';

/** The newest of a series that this desk has ever seen: what goes back behind it is a rollback. */
export const collateralMarkSchema = z.strictObject({
  /** Decimal; absent where the vendor counts nothing. */
  number: z
    .string()
    .regex(/^\d{1,80}$/)
    .optional(),
  /** UTC RFC 3339: issue date, or thisUpdate. */
  at: z.iso.datetime(),
});
export type CollateralMark = z.infer<typeof collateralMarkSchema>;

/** The series of an item; undefined where versions stand side by side (manifests), so that nothing goes back. */
export function seriesOf({ kind, id }: Pick<CollateralFacts, 'kind' | 'id'>): string | undefined {
  return kind === 'nvidia-rim' ? undefined : `${kind}/${id}`;
}

export function markOf({ number, validFrom }: CollateralFacts): CollateralMark {
  return { ...(number === undefined ? {} : { number: number.toString() }), at: new Date(validFrom).toISOString() };
}

/** Newer when the number or the date goes up and neither goes down. An item that lost its number is older. */
export function compareWithMark(facts: CollateralFacts, mark: CollateralMark | undefined): 'newer' | 'same' | 'older' {
  if (mark === undefined) return 'newer';
  const seen = mark.number === undefined ? undefined : BigInt(mark.number);
  const number = facts.number ?? (seen === undefined ? undefined : -1n);
  const date = facts.validFrom - Date.parse(mark.at);
  if ((seen !== undefined && number !== undefined && number < seen) || date < 0) return 'older';
  return date > 0 || (number !== undefined && (seen === undefined || number > seen)) ? 'newer' : 'same';
}
