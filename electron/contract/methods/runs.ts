import { z } from 'zod';
import { attemptsLimit, jobDraftSchema } from '../job.ts';
import { estimateSchema, exportedFileSchema, runEventSchema, runViewSchema, seriesSchema } from '../views.ts';
import { none, path, id } from './fields.ts';

export const runsMethods = {
  'jobs.estimate': { input: z.strictObject({ draft: jobDraftSchema }), output: estimateSchema },
  'jobs.launch': {
    input: z.strictObject({ draft: jobDraftSchema }),
    output: z.object({ runId: z.string(), jobId: z.string() }),
  },
  /** The sample job of the first run: seals the bundled table, verifies, trains; one call. */
  'jobs.launchSample': { input: none, output: z.object({ runId: z.string(), jobId: z.string() }) },
  'runs.list': { input: none, output: z.array(runViewSchema) },
  'runs.get': { input: z.strictObject({ id }), output: runViewSchema },
  'runs.events': { input: z.strictObject({ id }), output: z.array(runEventSchema) },
  'runs.series': {
    input: z.strictObject({
      id,
      names: z.array(z.string().max(128)).min(1).max(32),
      node: id.optional(),
      maximumPoints: z.number().int().min(10).max(2000),
    }),
    output: z.array(seriesSchema),
  },
  /** Takes up a run that waited for approval when Nacre was closed. */
  'runs.resume': { input: z.strictObject({ id }), output: runViewSchema },
  /** Writes the signed failure receipt of an attempt to a file: a DSSE envelope of an in-toto statement, JSON. */
  'runs.failureReceipt': {
    input: z.strictObject({ id, attempt: z.number().int().min(1).max(attemptsLimit), path: path.optional() }),
    output: exportedFileSchema,
  },
  'runs.stop': { input: z.strictObject({ id }), output: runViewSchema },
  /** Opens the sealed model on this desk into a new folder and says where. */
  'runs.exportModel': {
    input: z.strictObject({ id, directory: path.optional() }),
    output: z.object({ directory: z.string(), files: z.array(exportedFileSchema) }),
  },
} as const;
