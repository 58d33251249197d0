import { z } from 'zod';
import { dataPreviewSchema, datasetViewSchema, taskViewSchema } from '../views.ts';
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
  'datasets.verify': {
    input: z.strictObject({ id }),
    output: z.object({ whole: z.boolean(), parts: z.number().int(), badParts: z.array(z.number().int()) }),
  },
} as const;
