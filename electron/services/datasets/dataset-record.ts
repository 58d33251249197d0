import { z } from 'zod';
import { dsseEnvelopeSchema } from '../../contract/dsse.ts';
import type { Result } from '../../contract/result.ts';
import { datasetViewSchema } from '../../contract/views.ts';

/** What a profile remembers of a sealed dataset. */
export const datasetRecordSchema = z.object({
  version: z.literal(1),
  view: datasetViewSchema,
  manifest: dsseEnvelopeSchema,
  /** The file key wrapped for other recipients than those in the file; see rewrap.ts. */
  rewrapped: z
    .object({ header: z.string().max(400_000), recipients: z.array(z.string()).max(64), at: z.string() })
    .optional(),
});
export type DatasetRecord = z.infer<typeof datasetRecordSchema>;

/** Where records are kept. Errors: those of the profile's store. */
export interface DatasetStore {
  get(id: string): Result<DatasetRecord | undefined>;
  insert(id: string, record: DatasetRecord): Result<void>;
  /** Replaces all of them or none. */
  putAll(records: readonly DatasetRecord[]): Result<void>;
  /** Newest first. */
  list(): Result<readonly DatasetRecord[]>;
}
