import { z } from 'zod';
import { evidenceViewSchema } from '../views.ts';
import { id } from './fields.ts';

export const evidenceMethods = {
  'evidence.list': {
    input: z.strictObject({ limit: z.number().int().min(1).max(1000) }),
    output: z.array(evidenceViewSchema),
  },
  'evidence.get': { input: z.strictObject({ id }), output: evidenceViewSchema },
} as const;
