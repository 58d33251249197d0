import { z } from 'zod';

/** How a reason of ours stands to the one that a vector names. */
export const reasonAgreements = ['exact', 'finer', 'other', 'none'] as const;

export const conformanceRowSchema = z.object({
  /** Folder of the vector below the tested one. */
  name: z.string(),
  family: z.string(),
  /** `valid` or `invalid:REASON`, as the vector says. */
  expected: z.string(),
  /** `valid` or `invalid:REASON`, as we say; `unreadable` when the vector could not be read. */
  verdict: z.string(),
  detail: z.string().optional(),
  /** `none` where no reason is expected, or none was given. */
  agreement: z.enum(reasonAgreements),
  passed: z.boolean(),
  milliseconds: z.number(),
});
export type ConformanceRow = z.infer<typeof conformanceRowSchema>;

export const conformanceReportSchema = z.object({
  rows: z.array(conformanceRowSchema),
  passed: z.number().int(),
  failed: z.number().int(),
});
export type ConformanceReport = z.infer<typeof conformanceReportSchema>;
