import { z } from 'zod';

/** One kind of files in what is to be sealed: by its first bytes where they tell, else by the end of its name. */
export const fileKindSchema = z.object({
  /** Such as `csv`, `parquet`, `png`; `other` for all that is not counted alone. */
  kind: z.string().max(32),
  files: z.number().int(),
  bytes: z.number(),
});
export type FileKind = z.infer<typeof fileKindSchema>;

/** What a table file says of itself, or what its rows show. */
export const tablePreviewSchema = z.object({
  format: z.enum(['csv', 'parquet', 'jsonl']),
  /** The first 1,000 columns. */
  columns: z.array(z.object({ name: z.string(), type: z.string() })),
  /** All of them. */
  columnCount: z.number().int(),
  rows: z.number(),
});
export type TablePreview = z.infer<typeof tablePreviewSchema>;
