import { z } from 'zod';
import { policySchema } from '../policy.ts';
import { none } from './fields.ts';

export const policiesMethods = {
  'policies.list': {
    input: none,
    output: z.array(z.object({ policy: policySchema, digest: z.string(), builtin: z.boolean() })),
  },
} as const;
