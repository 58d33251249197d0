import { z } from 'zod';
import { auditViewSchema } from '../views.ts';
import { none } from './fields.ts';

export const auditMethods = {
  'audit.list': {
    input: z.strictObject({ after: z.number().int().min(-1), limit: z.number().int().min(1).max(1000) }),
    output: z.object({ size: z.number().int(), root: z.string(), entries: z.array(auditViewSchema) }),
  },
  'audit.verify': {
    input: none,
    output: z.object({ whole: z.boolean(), size: z.number().int(), root: z.string(), problem: z.string().optional() }),
  },
} as const;
