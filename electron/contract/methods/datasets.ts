import { z } from 'zod';
import { dataPreviewSchema, datasetViewSchema, taskViewSchema } from '../views.ts';
import { manifestSchema } from '../sealed.ts';
import { none, path, id } from './fields.ts';

export const datasetsMethods = {
  'datasets.preview': {
    input: z.strictObject({ path, target: z.string().max(256).optional() }),
    output: dataPreviewSchema,
  },
  'datasets.seal': {
    input: z.strictObject({ path, name: z.string().min(1).max(120), target: z.string().max(256).optional() }),
    output: taskViewSchema,
  },
  'datasets.list': { input: none, output: z.array(datasetViewSchema) },
  /** What the sealed file and its signed manifest say; opens nothing. */
  'datasets.inspect': {
    input: z.strictObject({ id }),
    output: z.object({
      sealedBytes: z.number().int(),
      plainBytes: z.number().int(),
      /** As the age header names them: `X25519`, `mlkem768x25519`, … */
      recipientKinds: z.array(z.string()),
      manifest: manifestSchema,
    }),
  },
  'datasets.verify': {
    input: z.strictObject({ id }),
    output: z.object({ whole: z.boolean(), parts: z.number().int(), badParts: z.array(z.number().int()) }),
  },
} as const;
